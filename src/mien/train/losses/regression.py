"""Losses for numbers and points. A NaN target masks its entry."""

from typing import Literal

import torch
from torch import Tensor

Reduction = Literal["mean", "sum", "none"]


def reduce(loss: Tensor, mask: Tensor, reduction: Reduction) -> Tensor:
    """Mean or sum over the entries where mask is true; 'none' keeps the shape with zeros elsewhere."""
    kept = torch.where(mask, loss, torch.zeros_like(loss))
    if reduction == "none":
        return kept
    return kept.sum() / mask.sum().clamp(min=1) if reduction == "mean" else kept.sum()


def smooth_l1_loss(preds: Tensor, target: Tensor, beta: float = 1.0, reduction: Reduction = "mean") -> Tensor:
    """L = e^2 / (2 beta) where e = |preds - target| < beta, else e - beta / 2; any shape.

    Girshick, "Fast R-CNN", ICCV 2015, Eq. 3.

    >>> smooth_l1_loss(torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    mask = ~target.isnan()
    error = (preds - torch.nan_to_num(target)).abs()
    return reduce(torch.where(error < beta, error**2 / (2 * beta), error - beta / 2), mask, reduction)


def interval_laplace_loss(preds: Tensor, log_scale: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Laplace likelihood of a label known up to an interval: L = d / b + log b, b = exp(log_scale).

    d is the distance of preds to [low, high]: |preds - label| for an exact label, zero inside an interval.
    preds, log_scale (B,); target (B, 2) low and high. Kendall & Gal, NIPS 2017, Eq. 8 with a Laplace prior.
    """
    low, high = torch.nan_to_num(target).unbind(-1)
    distance = (low - preds).clamp(min=0) + (preds - high).clamp(min=0)
    loss = distance * torch.exp(-log_scale) + log_scale
    # Inside a wide interval only the scale would learn, and it would learn to vanish.
    inside = (high > low) & (distance == 0)
    return reduce(torch.where(inside, torch.zeros_like(loss), loss), ~target.isnan().any(-1), reduction)
