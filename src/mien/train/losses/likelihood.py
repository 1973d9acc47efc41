"""Losses for numbers whose label is an interval, or whose prediction carries its own uncertainty."""

import torch
from torch import Tensor

from mien.train.losses.reduction import Entries, Loss, Reduction, check_shape, full_precision, known_numbers, pair


@full_precision
def interval_loss(
    preds: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = max(0, low - preds) + max(0, preds - high); dL/dpreds = -1 below, 0 inside, 1 above.

    preds (...); target (..., 2): low and high, alike for an exact label, infinite for an open end, NaN where
    unknown; loss (...). The likelihood of censored data in its simplest form: Tobin, Econometrica 26, 1958.

    >>> interval_loss(torch.tensor([25.0, 35.0]), torch.tensor([[30.0, 40.0], [30.0, 40.0]]), reduction="none")
    tensor([5., 0.])
    """
    preds, low, high, entries = _prepare(preds, target, weight, mask)
    return entries.reduce(_distance(preds, low, high), reduction)


class IntervalLoss(Loss):
    """Module form of `interval_loss`."""

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__(interval_loss, reduction)


@full_precision
def interval_laplace_loss(
    preds: Tensor,
    log_scale: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Laplace likelihood of a label known up to an interval: L = d / b + log b, b = exp(log_scale).

    d is the distance of preds to [low, high]: |preds - label| for an exact label. Inside an interval L = 0.
    dL/dpreds = -1 / b below, 1 / b above; dL/dlog_scale = 1 - d / b.
    preds, log_scale (...); target (..., 2) low and high; loss (...). Kendall & Gal, NIPS 2017, Eq. 8 with a Laplace
    prior.

    >>> interval_laplace_loss(torch.tensor([28.0]), torch.zeros(1), torch.tensor([[30.0, 40.0]]))
    tensor(2.)
    """
    check_shape("log_scale", log_scale, preds.shape)
    preds, low, high, entries = _prepare(preds, target, weight, mask)
    (log_scale,) = entries.clean(log_scale)
    distance = _distance(preds, low, high)
    loss = distance * torch.exp(-log_scale) + log_scale
    # Inside a wide interval only the scale would learn, and it would learn to vanish.
    inside = (high > low) & (distance == 0)
    return entries.reduce(torch.where(inside, 0, loss), reduction)


class IntervalLaplaceLoss(Loss):
    """Module form of `interval_laplace_loss`."""

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__(interval_laplace_loss, reduction)


@full_precision
def gaussian_nll_loss(
    preds: Tensor,
    log_variance: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = (e^2 exp(-s) + s) / 2, s = log_variance, e = preds - target: -log of a normal density up to log(2 pi) / 2.

    dL/de = e exp(-s); dL/ds = (1 - e^2 exp(-s)) / 2, so s learns the squared error. preds, log_variance and target
    of one shape, as is the loss; clamp s before, exp(-s) is not bounded. Kendall & Gal, NIPS 2017, Eq. 8.

    >>> gaussian_nll_loss(torch.tensor([2.0]), torch.zeros(1), torch.tensor([0.0]))
    tensor(2.)
    """
    check_shape("log_variance", log_variance, preds.shape)
    preds, target = pair(preds, target)
    entries = Entries.of(preds.shape, known_numbers(target), weight, mask)
    preds, log_variance, target = entries.clean(preds, log_variance, target)
    loss = ((preds - target).square() * torch.exp(-log_variance) + log_variance) / 2
    return entries.reduce(loss, reduction)


class GaussianNllLoss(Loss):
    """Module form of `gaussian_nll_loss`."""

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__(gaussian_nll_loss, reduction)


def _distance(preds: Tensor, low: Tensor, high: Tensor) -> Tensor:
    return torch.relu(low - preds) + torch.relu(preds - high)


def _prepare(
    preds: Tensor, target: Tensor, weight: Tensor | None, mask: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Entries]:
    """Predictions, both ends without what is unknown, and which entries are known."""
    check_shape("target", target, (*preds.shape, 2))
    known = known_numbers(target)
    entries = Entries.of(preds.shape, None if known is None else known.all(-1), weight, mask)
    preds, low, high = entries.clean(preds, *target.unbind(-1))
    return preds, low, high, entries
