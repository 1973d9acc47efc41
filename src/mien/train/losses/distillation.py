"""Losses of a student against what a teacher puts out: softened probabilities, and directions of features."""

import torch
from torch import Tensor
from torch.nn import functional as F

from mien.errors import expect
from mien.train.losses.gradients import soft_cross_entropy
from mien.train.losses.reduction import Entries, Loss, Reduction, known_numbers, pair


def distillation_loss(
    logits: Tensor,
    target: Tensor,
    temperature: float = 1.0,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = T^2 sum_k p_k log(p_k / q_k), q = softmax(z / T), p_k ~ y_k^(1/T); dL/dz = T (q - p).

    Divergence of the student's softened probabilities from the teacher's; T^2 keeps the gradient's size whatever the
    temperature is. logits z (B, K); target y (B, K): the teacher's probabilities, NaN where unknown (one unknown
    entry masks its face); no gradient to them; loss (B,). Hinton, Vinyals & Dean, "Distilling the knowledge in a
    neural network", 2015, section 2.

    >>> distillation_loss(torch.zeros(1, 2), torch.tensor([[0.5, 0.5]]), temperature=2.0)
    tensor(0.)
    """
    expect(temperature > 0, "temperature", "above 0", temperature)
    logits, target, entries = _rows(logits, target, weight, mask)
    p = torch.softmax(target.detach().log() / temperature, -1) if temperature != 1 else target.detach()
    # A face without a label has zeros for probabilities, of which there is no logarithm to take.
    p = torch.nan_to_num(p)
    divergence = soft_cross_entropy(logits / temperature, p) + torch.xlogy(p, p).sum(-1)
    return entries.reduce(temperature**2 * divergence, reduction)


class DistillationLoss(Loss):
    """Module form of `distillation_loss`."""

    def __init__(self, temperature: float = 1.0, *, reduction: Reduction = "mean") -> None:
        super().__init__(distillation_loss, reduction, temperature=temperature)


def cosine_loss(
    preds: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = 1 - cos(x, y) = 1 - x y / (|x| |y|); dL/dx = (cos x / |x| - y / |y|) / |x|.

    preds x and target y (B, K), NaN where unknown (one unknown entry masks its face); loss (B,). Lengths below 1e-6
    count as 1e-6, so that zeros have a gradient.

    >>> cosine_loss(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]]))
    tensor(1.)
    """
    preds, target, entries = _rows(preds, target, weight, mask)
    return entries.reduce(1 - F.cosine_similarity(preds, target, -1, eps=1e-6), reduction)


class CosineLoss(Loss):
    """Module form of `cosine_loss`."""

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__(cosine_loss, reduction)


def _rows(preds: Tensor, target: Tensor, weight: Tensor | None, mask: Tensor | None) -> tuple[Tensor, Tensor, Entries]:
    """Both (B, K), without the faces that have an unknown target, and which are kept."""
    preds, target = pair(preds, target)
    known = known_numbers(target)
    entries = Entries.of(preds.shape[:-1], None if known is None else known.all(-1), weight, mask)
    return *entries.clean(preds, target), entries
