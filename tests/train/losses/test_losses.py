"""One test for all losses: a plain oracle, derivatives, extremes, masks, weights, twins, nothing global changed."""

import doctest
import inspect
import pkgutil
from importlib import import_module
from itertools import product
from typing import Any

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
from tests.train.losses.loss_cases import CASES, Case
from torch import Tensor, nn

from mien.errors import InputError
from mien.train import losses

NAN = float("nan")
REDUCTIONS = ("mean", "sum", "none")


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def drawn(case: Case, batch: int, seed: int = 0) -> tuple[list[Tensor], list[Tensor]]:
    return case.draw(batch, torch.Generator().manual_seed(seed))


def loss_of(case: Case, preds: list[Tensor], fixed: list[Tensor], **how: Any) -> Tensor:
    return case.loss(*preds, *fixed, **case.options, **how)


def leaves(preds: list[Tensor]) -> list[Tensor]:
    return [each.clone().requires_grad_() for each in preds]


def forget(fixed: list[Tensor], *rows: int) -> list[Tensor]:
    """The same labels, unknown in these rows."""
    target = fixed[0].clone()
    target[list(rows)] = NAN if target.is_floating_point() else -1
    return [target, *fixed[1:]]


def entries(case: Case, preds: list[Tensor], fixed: list[Tensor]) -> Tensor:
    """The oracle entry by entry."""
    shape = preds[0].shape[: case.ndim]
    full = torch.zeros(shape, dtype=torch.float64)
    for at in product(*map(range, shape)):
        full[at] = case.oracle(*[each[at].tolist() for each in (*preds, *fixed)])
    return full


@pytest.mark.parametrize("batch", [1, 2, 7, 32])
@pytest.mark.parametrize("masked", ["nothing", "target", "mask", "weight", "all three"])
def test_oracle_and_reductions(case: Case, batch: int, masked: str) -> None:
    preds, fixed = drawn(case, batch, batch)
    full = entries(case, preds, fixed)
    factor, how = torch.ones_like(full), {}
    if masked in ("target", "all three"):
        fixed, factor[0] = forget(fixed, 0), 0
    if masked in ("mask", "all three"):
        how["mask"] = torch.arange(full.numel()).reshape(full.shape) % 3 != 1
        factor = factor * how["mask"]
    if masked in ("weight", "all three"):
        how["weight"] = (torch.arange(full.numel()).reshape(full.shape) % 4).double() / 2
        factor = factor * how["weight"]
    total = (factor * full).sum()
    torch.testing.assert_close(loss_of(case, preds, fixed, reduction="none", **how), factor * full)
    torch.testing.assert_close(loss_of(case, preds, fixed, reduction="sum", **how), total)
    mean = total / factor.sum() if factor.sum() else torch.zeros_like(total)
    torch.testing.assert_close(loss_of(case, preds, fixed, **how), mean)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_derivative(case: Case, reduction: str) -> None:
    preds, fixed = drawn(case, 6, 1)
    fixed, weight = forget(fixed, 0), torch.tensor([1.0, 0.5, 2.0, 0.0, 1.0, 3.0], dtype=torch.float64)
    how = {"reduction": reduction, "weight": weight, "mask": torch.tensor([True] * 5 + [False])}
    assert torch.autograd.gradcheck(lambda *p: loss_of(case, p, fixed, **how), leaves(preds))


@pytest.mark.parametrize("size", [0.0, 1e4])
def test_extremes_stay_finite(case: Case, size: float) -> None:
    _, fixed = drawn(case, 6)
    fixed = [each.float() if each.is_floating_point() else each for each in fixed]
    for labels in (fixed, forget(fixed, 0, 3)):
        preds = leaves(case.extreme(6, size))
        loss = loss_of(case, preds, labels)
        loss.backward()
        assert loss.isfinite()
        assert all(each.grad.isfinite().all() for each in preds)


@pytest.mark.parametrize("broken", [1e30, float("inf"), -float("inf"), NAN])
@pytest.mark.parametrize("way", ["target", "mask", "weight"])
def test_what_is_not_known_counts_for_nothing(case: Case, broken: float, way: str) -> None:
    preds, fixed = drawn(case, 8, 2)
    without = loss_of(case, [each[1:] for each in preds], [each[1:] for each in fixed])
    for each in preds:
        each[0] = broken
    kept = torch.arange(8) > 0
    fixed, how = forget(fixed, 0) if way == "target" else fixed, {}
    if way != "target":
        how[way] = kept if way == "mask" else kept.double()
    preds = leaves(preds)
    loss = loss_of(case, preds, fixed, **how)
    loss.backward()
    torch.testing.assert_close(loss.detach(), without)
    assert all((each.grad[0] == 0).all() and each.grad.isfinite().all() for each in preds)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("way", ["target", "mask", "weight"])
def test_nothing_known_is_zero(case: Case, reduction: str, way: str) -> None:
    preds, fixed = drawn(case, 5)
    preds, how = leaves(preds), {}
    if way == "target":
        fixed = forget(fixed, *range(5))
    else:
        how[way] = torch.zeros(5, dtype=torch.bool if way == "mask" else torch.float64)
    loss = loss_of(case, preds, fixed, reduction=reduction, **how)
    loss.sum().backward()
    assert (loss == 0).all()
    assert all((each.grad == 0).all() for each in preds)


def test_no_face_at_all_is_zero(case: Case) -> None:
    preds, fixed = drawn(case, 2)
    assert loss_of(case, [each[:0] for each in preds], [each[:0] for each in fixed]) == 0


def test_weight_two_is_the_face_twice(case: Case) -> None:
    preds, fixed = drawn(case, 5, 3)
    twice = torch.tensor([0, 0, 1, 2, 3, 4])
    found = loss_of(case, preds, fixed, weight=torch.tensor([2.0, 1, 1, 1, 1]))
    torch.testing.assert_close(found, loss_of(case, [each[twice] for each in preds], [each[twice] for each in fixed]))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_twin_is_the_function(case: Case, reduction: str) -> None:
    preds, fixed = drawn(case, 6, 4)
    twin, mask = case.twin(**case.options, reduction=reduction), torch.arange(6) % 2 == 0
    assert isinstance(twin, nn.Module)
    torch.testing.assert_close(
        twin(*preds, *fixed, mask=mask), loss_of(case, preds, fixed, mask=mask, reduction=reduction)
    )
    assert all(f"{name}=" in repr(twin) for name in (*case.options, "reduction"))


def test_nothing_global_changes(case: Case) -> None:
    preds, fixed = drawn(case, 8)
    kept = [each.clone() for each in (*preds, *fixed)]
    before = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()
    loss_of(case, preds, fixed)
    after = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert all(torch.equal(a, b) for a, b in zip(kept, (*preds, *fixed), strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_type_is_kept(case: Case, dtype: Any) -> None:
    preds, fixed = drawn(case, 4)
    fixed = [each.to(dtype) if each.is_floating_point() else each for each in fixed]
    how = {"weight": torch.rand(4, dtype=torch.float64)}
    for weighted in ({}, how):
        assert loss_of(case, [each.to(dtype) for each in preds], fixed, **weighted).dtype == dtype


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_halves_are_computed_and_summed_in_full_precision(case: Case, dtype: Any) -> None:
    preds, fixed = drawn(case, 6)
    preds, fixed = ([e.repeat(2000, *[1] * (e.ndim - 1)) for e in part] for part in (preds, fixed))
    preds = leaves([each.to(dtype) for each in preds])
    fixed = [each.to(dtype) if each.is_floating_point() else each for each in fixed]
    full = [each.detach().float() for each in preds]
    labels = [each.float() if each.is_floating_point() else each for each in fixed]
    kept = torch.arange(12000) % 2 == 0
    for how in ({}, {"mask": kept}, {"weight": (1 + kept).to(dtype)}):
        loss = loss_of(case, preds, fixed, **how)
        torch.testing.assert_close(loss.detach(), loss_of(case, full, labels, **how).to(dtype))
        loss.backward()
    assert all(each.grad.isfinite().all() and each.grad.dtype == dtype for each in preds)


def test_autocast_computes_in_full_precision(case: Case) -> None:
    preds, fixed = drawn(case, 6)
    half = leaves([each.bfloat16() for each in preds])
    fixed = [each.float() if each.is_floating_point() else each for each in fixed]
    expected = loss_of(case, [each.detach().float() for each in half], fixed)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = loss_of(case, half, fixed)
    loss.backward()
    torch.testing.assert_close(loss.detach(), expected)
    assert all(each.grad.dtype == torch.bfloat16 and each.grad.isfinite().all() for each in half)


def test_wrong_shapes_and_reductions_are_errors(case: Case) -> None:
    preds, fixed = drawn(case, 4)
    with pytest.raises(InputError, match="'target' must be of shape"):
        loss_of(case, preds, [fixed[0][:3]])
    with pytest.raises(InputError, match="'reduction' must be 'mean', 'sum' or 'none'"):
        loss_of(case, preds, fixed, reduction="average")
    with pytest.raises(InputError, match="'weight' must be of shape"):
        loss_of(case, preds, fixed, weight=torch.ones(3))
    with pytest.raises(InputError, match="'reduction' must be"):
        case.twin(**case.options, reduction="average")


FUNCTIONS = [name for name in losses.__all__ if name.endswith("_loss")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_loss_has_a_twin_with_its_options(name: str) -> None:
    function, twin = getattr(losses, name), getattr(losses, "".join(map(str.capitalize, name.split("_"))))
    assert f"`{name}`" in (twin.__doc__ or "")
    parameters = inspect.signature(function).parameters
    keywords = [p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert keywords == ["weight", "mask", "reduction"]
    tensors = {"logits", "preds", "target", "score", "a", "b", "log_scale", "log_variance"}
    expected = {p.name: p.default for p in parameters.values() if p.name not in {*tensors, "weight", "mask"}}
    options = inspect.signature(twin).parameters
    assert {p.name: p.default for p in options.values()} == expected


def test_every_loss_is_tested_here_and_says_what_it_is() -> None:
    assert {case.loss.__name__ for case in CASES.values()} == set(FUNCTIONS)
    for name in FUNCTIONS:
        text = getattr(losses, name).__doc__
        assert "dL/d" in text or "dL/d(" in text, name
        assert ">>>" in text, name


@pytest.mark.parametrize("name", [each.name for each in pkgutil.iter_modules(losses.__path__)])
def test_examples(name: str) -> None:
    assert doctest.testmod(import_module(f"mien.train.losses.{name}")).failed == 0
