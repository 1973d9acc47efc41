"""Short ways to the shapes of what operators give: the same as torch's own."""

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch

from mien.profile.calls import SAME, shortcut, signature

ATEN = torch.ops.aten
PLAIN = torch.empty(2, 6, 5, 4, device="meta")
INPUTS = {
    "contiguous": PLAIN,
    "channels last": PLAIN.to(memory_format=torch.channels_last),
    "permuted": PLAIN.permute(3, 1, 0, 2),
    "half": PLAIN.half(),
}


def alike(found, expected) -> bool:  # type: ignore[no-untyped-def]
    return (found.shape, found.stride(), found.dtype) == (expected.shape, expected.stride(), expected.dtype)


@pytest.mark.parametrize("x", INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize("name", sorted(SAME))
def test_what_has_the_shape_of_its_input(name: str, x) -> None:  # type: ignore[no-untyped-def]
    func = getattr(ATEN, name).default
    assert alike(shortcut(func, (x,), {}), func(x))


@pytest.mark.parametrize("x", INPUTS.values(), ids=INPUTS)
def test_a_normalisation_with_stored_statistics(x) -> None:  # type: ignore[no-untyped-def]
    weight = torch.empty(x.shape[1], device="meta")
    func, args = ATEN.native_batch_norm.default, (x, weight, weight, weight, weight, False, 0.1, 1e-5)
    assert all(alike(found, expected) for found, expected in zip(shortcut(func, args, {}), func(*args), strict=True))


def test_what_writes_gives_what_it_wrote_to() -> None:
    assert shortcut(ATEN.relu_.default, (PLAIN,), {}) is PLAIN


def test_arguments_get_their_names() -> None:
    found = signature(ATEN.add.Tensor).bound((1, 2), {"alpha": 3})
    assert found == {"self": 1, "other": 2, "alpha": 3}
    assert signature(ATEN.add.Tensor).bound((1, 2), {})["alpha"] == 1
