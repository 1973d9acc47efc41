"""One test for all losses: a plain oracle, derivatives, extremes, masks, reductions, nothing global changed."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
from torch import Tensor

from mien.train.losses.classification import sigmoid_cross_entropy_loss, softmax_cross_entropy_loss
from mien.train.losses.ranking import ranknet_loss
from mien.train.losses.regression import interval_laplace_loss, smooth_l1_loss

NAN = float("nan")
Entries = dict[Any, float]


class Case(NamedTuple):
    """A loss of (preds..., fixed...), how to draw both for a batch, and an oracle that gives each kept entry.

    masked: where NaN stands after `mask`. extreme: predictions that a broken network may put out.
    """

    loss: Callable[..., Tensor]
    draw: Callable[[int, Any], tuple[list[Tensor], list[Tensor]]]
    oracle: Callable[..., Entries]
    mask: Callable[[list[Tensor]], None]
    extreme: Callable[[int, float], list[Tensor]]


def normal(generator: Any, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def uniform(generator: Any, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=generator, dtype=torch.float64)


def mask_first(fixed: list[Tensor]) -> None:
    fixed[0][0] = NAN


def alternating(batch: int, size: float, *width: int) -> Tensor:
    signs = torch.ones(batch * math.prod(width), dtype=torch.float32)
    signs[1::2] = -1
    return (signs * size).reshape(batch, *width)


def softplus(z: float) -> float:
    return max(z, 0) + math.log1p(math.exp(-abs(z)))


def sigmoid_oracle(logits: Any, target: Any) -> Entries:
    found = {}
    for i, (row, truth) in enumerate(zip(logits, target, strict=True)):
        for k, (z, y) in enumerate(zip(row, truth, strict=True)):
            if not math.isnan(y):
                found[i, k] = y * softplus(-z) + (1 - y) * softplus(z)
    return found


def softmax_oracle(logits: Any, target: Any) -> Entries:
    found = {}
    for i, (row, truth) in enumerate(zip(logits, target, strict=True)):
        if not any(map(math.isnan, truth)):
            total = sum(math.exp(z - max(row)) for z in row)
            found[i] = -sum(y * (z - max(row) - math.log(total)) for z, y in zip(row, truth, strict=True))
    return found


def smooth_oracle(preds: Any, target: Any) -> Entries:
    found = {}
    for i, (row, truth) in enumerate(zip(preds, target, strict=True)):
        for k, (p, y) in enumerate(zip(row, truth, strict=True)):
            if not math.isnan(y):
                found[i, k] = (p - y) ** 2 / 1.4 if abs(p - y) < 0.7 else abs(p - y) - 0.35
    return found


def interval_oracle(preds: Any, log_scale: Any, target: Any) -> Entries:
    found = {}
    for i, (p, s, (low, high)) in enumerate(zip(preds, log_scale, target, strict=True)):
        if math.isnan(low) or math.isnan(high):
            continue
        distance = low - p if p < low else p - high if p > high else 0.0
        found[i] = 0.0 if low < high and distance == 0 else distance / math.exp(s) + s
    return found


def ranknet_oracle(score: Any, target: Any, group: Any) -> Entries:
    found = {}
    for i in range(len(score)):
        for j in range(len(score)):
            if group[i] == group[j] and target[i] > target[j]:
                found[i, j] = (target[i] - target[j]) * softplus(score[j] - score[i])
    return found


def draw_interval(batch: int, g: Any) -> tuple[list[Tensor], list[Tensor]]:
    low = 30 + 10 * normal(g, batch)
    width = torch.where(uniform(g, batch) < 0.5, 0, 20 * uniform(g, batch))
    return [30 + 15 * normal(g, batch), normal(g, batch)], [torch.stack([low, low + width], 1)]


CASES = {
    "sigmoid": Case(
        sigmoid_cross_entropy_loss,
        lambda b, g: ([3 * normal(g, b, 4)], [uniform(g, b, 4)]),
        sigmoid_oracle,
        mask_first,
        lambda b, size: [alternating(b, size, 4)],
    ),
    "softmax": Case(
        softmax_cross_entropy_loss,
        lambda b, g: ([3 * normal(g, b, 3)], [torch.softmax(2 * normal(g, b, 3), 1)]),
        softmax_oracle,
        mask_first,
        lambda b, size: [alternating(b, size, 3)],
    ),
    "smooth_l1": Case(
        lambda preds, target, reduction="mean": smooth_l1_loss(preds, target, 0.7, reduction),
        lambda b, g: ([normal(g, b, 4)], [normal(g, b, 4)]),
        smooth_oracle,
        mask_first,
        lambda b, size: [alternating(b, size, 4)],
    ),
    "interval_laplace": Case(
        interval_laplace_loss,
        draw_interval,
        interval_oracle,
        mask_first,
        # the task clamps the scale to -3..4
        lambda b, size: [alternating(b, size), alternating(b, min(size, 3.0))],
    ),
    "ranknet": Case(
        ranknet_loss,
        lambda b, g: ([2 * normal(g, b)], [normal(g, b), torch.arange(b).remainder(2).double()]),
        ranknet_oracle,
        mask_first,
        lambda b, size: [alternating(b, size)],
    ),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def drawn(case: Case, batch: int, seed: int = 0) -> tuple[list[Tensor], list[Tensor]]:
    return case.draw(batch, torch.Generator().manual_seed(seed))


def expected(case: Case, preds: list[Tensor], fixed: list[Tensor], shape: torch.Size) -> tuple[Tensor, int]:
    """The oracle's entries in a tensor of zeros, and how many there are."""
    entries = case.oracle(*[tensor.tolist() for tensor in (*preds, *fixed)])
    full = torch.zeros(shape, dtype=torch.float64)
    for at, value in entries.items():
        full[at] = value
    return full, len(entries)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("batch", [1, 2, 7, 32])
def test_oracle_and_reductions(case: Case, batch: int, masked: bool) -> None:
    preds, fixed = drawn(case, batch, batch)
    if masked:
        case.mask(fixed)
    each = case.loss(*preds, *fixed, reduction="none")
    full, count = expected(case, preds, fixed, each.shape)
    torch.testing.assert_close(each, full)
    torch.testing.assert_close(case.loss(*preds, *fixed, reduction="sum"), full.sum())
    torch.testing.assert_close(case.loss(*preds, *fixed, reduction="mean"), full.sum() / max(count, 1))
    torch.testing.assert_close(case.loss(*preds, *fixed), case.loss(*preds, *fixed, reduction="mean"))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_derivative(case: Case, reduction: str) -> None:
    preds, fixed = drawn(case, 6, 1)
    case.mask(fixed)
    inputs = [tensor.requires_grad_() for tensor in preds]
    assert torch.autograd.gradcheck(lambda *p: case.loss(*p, *fixed, reduction=reduction), inputs)


@pytest.mark.parametrize("size", [0.0, 1e4])
@pytest.mark.parametrize("masked", [False, True])
def test_extremes_stay_finite(case: Case, size: float, masked: bool) -> None:
    fixed = [tensor.float() for tensor in drawn(case, 6)[1]]
    if masked:
        case.mask(fixed)
    preds = [tensor.requires_grad_() for tensor in case.extreme(6, size)]
    loss = case.loss(*preds, *fixed)
    loss.backward()
    assert loss.isfinite()
    assert all(tensor.grad.isfinite().all() for tensor in preds)


def test_masked_entry_adds_nothing(case: Case) -> None:
    preds, fixed = drawn(case, 8, 2)
    case.mask(fixed)
    leaves = [tensor.clone().requires_grad_() for tensor in preds]
    loss = case.loss(*leaves, *fixed)
    loss.backward()
    assert all((tensor.grad[0] == 0).all() for tensor in leaves)
    for tensor in preds:
        tensor[0] = 1e3
    torch.testing.assert_close(case.loss(*preds, *fixed), loss.detach())


def test_nothing_known_is_zero(case: Case) -> None:
    preds, fixed = drawn(case, 5)
    fixed[0][:] = NAN
    leaves = [tensor.requires_grad_() for tensor in preds]
    loss = case.loss(*leaves, *fixed)
    loss.backward()
    assert loss == 0
    assert all((tensor.grad == 0).all() for tensor in leaves)


def test_nothing_global_changes(case: Case) -> None:
    preds, fixed = drawn(case, 8)
    kept = [tensor.clone() for tensor in (*preds, *fixed)]
    before = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()
    case.loss(*preds, *fixed)
    after = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert all(torch.equal(a, b) for a, b in zip(kept, (*preds, *fixed), strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_type_is_kept(case: Case, dtype: Any) -> None:
    preds, fixed = ([tensor.to(dtype) for tensor in part] for part in drawn(case, 4))
    assert case.loss(*preds, *fixed).dtype == dtype
