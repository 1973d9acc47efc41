"""What heads for age learn from a teacher's distribution over years."""

import torch
from torch import Tensor

from mien.estimates import AGE_CENTER, AGE_UNIT, DISTRIBUTIONS
from mien.train import losses
from mien.train.data.teacher_card import TeacherOutput


def distill_age(
    output: Tensor, age: Tensor, head: str, taught: TeacherOutput, target: Tensor, temperature: float
) -> Tensor:
    """Scalar loss of outputs (B, width), decoded to age (B,), against a teacher's (B, K): shares of ages, or an age.

    A head with a distribution: `distillation_loss`, the teacher's probabilities shared among its own years. 'laplace',
    'gaussian': mean of the head's own loss over the teacher's distribution, sum_k p_k loss(age_k). All others: L1 to
    the teacher's mean, in units of 20 years.
    """
    if taught.kind == "number":
        return losses.l1_loss(age, target[:, 0]) / AGE_UNIT
    ages = taught.first + taught.step * torch.arange(target.shape[1], device=target.device, dtype=target.dtype)
    if head in DISTRIBUTIONS:
        return losses.distillation_loss(output, to_years(target, ages, output.shape[1]), temperature)
    if head in ("laplace", "gaussian"):
        return _likelihood(output, head, target, ages)
    return losses.l1_loss(age, target @ ages) / AGE_UNIT


def to_years(shares: Tensor, ages: Tensor, count: int) -> Tensor:
    """Probabilities (B, count) of the years 0, 1, ..., count - 1 from those (B, K) of ages (K,).

    An age between two years is shared between them, so that the mean stays; one beyond the ends goes to the end.

    >>> to_years(torch.tensor([[0.5, 0.5]]), torch.tensor([0.5, 7.0]), 4)
    tensor([[0.2500, 0.2500, 0.0000, 0.5000]])
    """
    inside = ages.clamp(0, count - 1)
    below = inside.floor().clamp(max=count - 2)
    right = inside - below
    at = torch.arange(len(ages), device=ages.device)
    spread = shares.new_zeros(len(ages), count)
    spread[at, below.long()] = 1 - right
    spread[at, below.long() + 1] = right
    return shares @ spread


def _likelihood(output: Tensor, head: str, target: Tensor, ages: Tensor) -> Tensor:
    """Mean over faces of sum_k p_k times the negative log likelihood of age k, in years."""
    value = (AGE_CENTER + AGE_UNIT * output[:, :1]).expand(target.shape)
    at = ages.expand(target.shape)
    if head == "laplace":
        scale = output[:, 1:].clamp(-3, 4).expand(target.shape)
        each = losses.interval_laplace_loss(value, scale, torch.stack([at, at], -1), reduction="none")
    else:
        scale = output[:, 1:].clamp(-3, 8).expand(target.shape)
        each = losses.gaussian_nll_loss(value, scale, at, reduction="none")
    known = ~target.isnan().any(1)
    return (target.nan_to_num() * each).sum(1)[known].sum() / known.sum().clamp(min=1)
