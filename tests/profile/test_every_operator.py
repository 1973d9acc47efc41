"""No operator of the dispatcher sees more than its rule says: fields of single calls against what changes."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch
from tests.profile.every_operator import PADDINGS, SHAPE, calls, dependence, first_tensor
from tests.profile.random_networks import Call

from mien.errors import InputError
from mien.profile import profile
from mien.profile.operators import is_entrywise


def missed(call, x: torch.Tensor) -> bool | None:  # type: ignore[no-untyped-def]
    """Whether a pixel counts that the field leaves out; None where nothing can be said."""
    if first_tensor(call(x)) is None or any((truth := dependence(call, x, axis)) is None for axis in (2, 3)):
        return None
    try:
        report = profile(Call(lambda x: first_tensor(call(x))), inputs=[x])
    except InputError:
        return None
    field = report.fields.get(report.graph.outputs[0].id, {})
    for axis in (2, 3):
        truth = dependence(call, x, axis)
        assert truth is not None
        seen = field.get((0, axis))
        if seen is not None and seen.whole:
            continue
        pixels = np.arange(truth.shape[-1])
        if seen is None:
            inside = np.zeros(truth.shape, bool)
        else:
            ends = [np.broadcast_to(end, truth.shape[:-1])[..., None] for end in (seen.first, seen.last)]
            inside = (pixels >= ends[0]) & (pixels <= ends[1])
        if (truth.numpy() & ~inside).any():
            return True
    return False


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::Warning")
def test_no_operator_sees_more_than_its_rule_says() -> None:
    x = torch.rand(SHAPE, dtype=torch.float64) * 0.8 + 0.1
    wrong, checked = [], 0
    for name, call in calls():
        if name.removeprefix("aten::").startswith(PADDINGS):
            continue
        try:
            outcome = missed(call, x)
        except (RuntimeError, IndexError, TypeError, ValueError, NotImplementedError, AttributeError):
            continue  # the arguments that the schema suggests do not fit
        checked += outcome is not None
        wrong += [name] if outcome else []
    assert wrong == []
    assert checked > 400


@pytest.mark.parametrize(
    "name",
    ["cummax", "scatter", "scatter_add", "linalg_inv_ex", "renorm", "roll", "_fft_r2c", "sort", "softmax", "flip"],
)
def test_what_is_not_entrywise_is_not_taken_for_it(name: str) -> None:
    assert not is_entrywise(name)
