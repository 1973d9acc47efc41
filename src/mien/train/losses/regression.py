"""Losses for numbers and points. A NaN target masks its entry."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from mien.errors import expect
from mien.train.losses.reduction import Entries, Loss, Reduction, full_precision, known_numbers, pair
from mien.train.losses.scale import RunningScale, ascending


@full_precision
def l2_loss(
    preds: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = e^2, e = preds - target, any shape; dL/de = 2 e: one outlier outweighs many faces.

    -log of a normal density of fixed width, up to constants: Bishop, "Pattern Recognition and Machine Learning",
    2006, Eq. 1.62.

    >>> l2_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none")
    tensor([0.2500, 9.0000])
    """
    preds, target, entries = _prepare(preds, target, weight, mask)
    return entries.reduce(F.mse_loss(preds, target, reduction="none"), reduction)


class L2Loss(Loss):
    """Module form of `l2_loss`."""

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__(l2_loss, reduction)


@full_precision
def l1_loss(
    preds: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = |e|, e = preds - target, any shape; dL/de = sign(e), 0 at 0: every error pulls alike.

    -log of a Laplace density of fixed width, up to constants; its minimum is the median. Koenker & Bassett,
    Econometrica 46, 1978.

    >>> l1_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none")
    tensor([0.5000, 3.0000])
    """
    preds, target, entries = _prepare(preds, target, weight, mask)
    return entries.reduce(F.l1_loss(preds, target, reduction="none"), reduction)


class L1Loss(Loss):
    """Module form of `l1_loss`."""

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__(l1_loss, reduction)


@full_precision
def smooth_l1_loss(
    preds: Tensor,
    target: Tensor,
    beta: float = 1.0,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = e^2 / (2 beta) where |e| < beta, else |e| - beta / 2; any shape; dL/de = e / beta clamped to -1..1.

    beta: the knee, in units of the target. Huber's loss divided by beta. Girshick, "Fast R-CNN", ICCV 2015, Eq. 3.

    >>> smooth_l1_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none")
    tensor([0.1250, 2.5000])
    """
    expect(beta >= 0, "beta", "at least 0", beta)
    preds, target, entries = _prepare(preds, target, weight, mask)
    return entries.reduce(F.smooth_l1_loss(preds, target, beta=beta, reduction="none"), reduction)


class SmoothL1Loss(Loss):
    """Module form of `smooth_l1_loss`."""

    def __init__(self, beta: float = 1.0, *, reduction: Reduction = "mean") -> None:
        super().__init__(smooth_l1_loss, reduction, beta=beta)


@full_precision
def huber_loss(
    preds: Tensor,
    target: Tensor,
    delta: float = 1.0,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = e^2 / 2 where |e| < delta, else delta (|e| - delta / 2); any shape; dL/de = e clamped to -delta..delta.

    delta: the knee, in units of the target. Huber, "Robust estimation of a location parameter", 1964.

    >>> huber_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), delta=2.0, reduction="none")
    tensor([0.1250, 4.0000])
    """
    expect(delta > 0, "delta", "above 0", delta)
    preds, target, entries = _prepare(preds, target, weight, mask)
    return entries.reduce(F.huber_loss(preds, target, delta=delta, reduction="none"), reduction)


class HuberLoss(Loss):
    """Module form of `huber_loss`."""

    def __init__(self, delta: float = 1.0, *, reduction: Reduction = "mean") -> None:
        super().__init__(huber_loss, reduction, delta=delta)


@full_precision
def normalized_l1_loss(
    preds: Tensor,
    target: Tensor,
    scale: Tensor | Callable[[Tensor], Tensor],
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = |e| / scale(target), e = preds - target, any shape; dL/de = sign(e) / scale; no gradient to the scale.

    scale: numbers above 0 of the target's shape, a function of the target that gives them, or a `RunningScale`,
    which learns them from the errors of the batches. Errors count as parts of what is usual for their label.
    The limit of `piecewise_weighted_l1_loss` for ever smaller pieces with weights 1 / scale.

    >>> normalized_l1_loss(torch.tensor([4.0, 44.0]), torch.tensor([2.0, 40.0]), lambda age: 1 + age / 10)
    tensor(1.2333)
    """
    preds, target, entries = _prepare(preds, target, weight, mask)
    error = F.l1_loss(preds, target, reduction="none")
    usual = _usual(scale, target, error, entries.kept).detach().to(error.dtype)
    if entries.kept is not None:
        usual = torch.where(entries.kept, usual, 1)
    return entries.reduce(error / usual, reduction)


class NormalizedL1Loss(Loss):
    """Module form of `normalized_l1_loss`; a scale for one batch can be given in the call by name."""

    def __init__(self, scale: Tensor | Callable[[Tensor], Tensor], *, reduction: Reduction = "mean") -> None:
        super().__init__(normalized_l1_loss, reduction, scale=scale)


@full_precision
def piecewise_weighted_l1_loss(
    preds: Tensor,
    target: Tensor,
    edges: Sequence[float] | Tensor,
    weights: Sequence[float] | Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = w_k |e| where edges[k-1] <= target < edges[k], e = preds - target, any shape; dL/de = w_k sign(e).

    edges (n,) rising, in units of the target; weights w (n + 1,), the first below the first edge.

    >>> piecewise_weighted_l1_loss(torch.tensor([2.0, 32.0]), torch.tensor([1.0, 30.0]), [20.0], [4.0, 1.0])
    tensor(3.)
    """
    preds, target, entries = _prepare(preds, target, weight, mask)
    bounds = ascending(edges, preds)
    factors = torch.as_tensor(weights, dtype=preds.dtype, device=preds.device)
    expect(factors.shape == (len(bounds) + 1,), "weights", f"{len(bounds) + 1} numbers, one a piece", weights)
    piece = torch.bucketize(target.detach().contiguous(), bounds, right=True)
    factor = factors.gather(0, piece.flatten()).reshape(piece.shape)
    return entries.reduce(factor * F.l1_loss(preds, target, reduction="none"), reduction)


class PiecewiseWeightedL1Loss(Loss):
    """Module form of `piecewise_weighted_l1_loss`."""

    def __init__(
        self, edges: Sequence[float] | Tensor, weights: Sequence[float] | Tensor, *, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(piecewise_weighted_l1_loss, reduction, edges=edges, weights=weights)


def _usual(scale: Tensor | Callable[[Tensor], Tensor], target: Tensor, error: Tensor, kept: Tensor | None) -> Tensor:
    """What a scale says of a target."""
    if isinstance(scale, Tensor):
        return scale
    return scale(target, error.detach(), kept) if isinstance(scale, RunningScale) else scale(target)


def _prepare(
    preds: Tensor, target: Tensor, weight: Tensor | None, mask: Tensor | None
) -> tuple[Tensor, Tensor, Entries]:
    """Predictions and target without what is unknown, and which entries are known."""
    preds, target = pair(preds, target)
    entries = Entries.of(preds.shape, known_numbers(target), weight, mask)
    preds, target = entries.clean(preds, target)
    return preds, target, entries
