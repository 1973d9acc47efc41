"""Losses for classes and for properties that are present or absent. An unknown target masks its entry."""

import torch
from torch import Tensor

from mien.errors import InputError, expect
from mien.train.losses.gradients import index_cross_entropy, sigmoid_cross_entropy, soft_cross_entropy
from mien.train.losses.reduction import (
    Entries,
    Loss,
    Reduction,
    check_shape,
    full_precision,
    is_readable,
    known_numbers,
    pair,
    refuse,
)


@full_precision
def softmax_cross_entropy_loss(
    logits: Tensor,
    target: Tensor,
    label_smoothing: float = 0.0,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = -sum_k y_k log p_k, p = softmax(z); dL/dz_k = p_k - y_k.

    logits z (B, K); target (B,) of class indices, negative where unknown, or (B, K) of shares y that sum to 1, NaN
    where unknown (one unknown share masks its face). label_smoothing e: y becomes (1 - e) y + e / K. Shares that
    require a gradient get it: dL/dy = -log p. Loss (B,). Derivation: log p_k = z_k - log sum_j exp(z_j), so
    dL/dz_k = p_k sum_j y_j - y_k. Bishop, "Pattern Recognition and Machine Learning", 2006, Eq. 4.108 and 4.109;
    smoothing: Szegedy et al., CVPR 2016, section 7.

    >>> softmax_cross_entropy_loss(torch.zeros(1, 2), torch.tensor([1]))
    tensor(0.6931)
    """
    _check_smoothing(label_smoothing)
    soft = target.is_floating_point()
    if soft:
        logits, target = pair(logits, target)
        known = _known_rows(target)
    else:
        check_shape("target", target, logits.shape[:-1])
        known = _known_classes(target, logits.shape[-1])
    entries = Entries.of(logits.shape[:-1], known, weight, mask)
    logits, target = entries.clean(logits, target)
    loss = (soft_cross_entropy if soft else index_cross_entropy)(logits, target, label_smoothing)
    return entries.reduce(loss, reduction)


class SoftmaxCrossEntropyLoss(Loss):
    """Module form of `softmax_cross_entropy_loss`."""

    def __init__(self, label_smoothing: float = 0.0, *, reduction: Reduction = "mean") -> None:
        super().__init__(softmax_cross_entropy_loss, reduction, label_smoothing=label_smoothing)


@full_precision
def sigmoid_cross_entropy_loss(
    logits: Tensor,
    target: Tensor,
    label_smoothing: float = 0.0,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = -y log p - (1 - y) log(1 - p) = max(z, 0) - z y + log(1 + exp(-|z|)), p = sigmoid(z); dL/dz = p - y.

    logits z and target y in 0..1 of one shape, NaN where unknown; loss of that shape. label_smoothing e: y becomes
    (1 - e) y + e / 2. A target that requires a gradient gets it: dL/dy = -z. Derivation: dp/dz = p (1 - p) cancels
    the denominator of dL/dp = (p - y) / (p (1 - p)). Bishop, "Pattern Recognition and Machine Learning", 2006,
    Eq. 4.90 and 4.91.

    >>> sigmoid_cross_entropy_loss(torch.zeros(1), torch.ones(1))
    tensor(0.6931)
    """
    _check_smoothing(label_smoothing)
    logits, target = pair(logits, target)
    entries = Entries.of(logits.shape, known_numbers(target), weight, mask)
    logits, target = entries.clean(logits, target)
    if label_smoothing:
        target = (1 - label_smoothing) * target + label_smoothing / 2
    return entries.reduce(sigmoid_cross_entropy(logits, target), reduction)


class SigmoidCrossEntropyLoss(Loss):
    """Module form of `sigmoid_cross_entropy_loss`."""

    def __init__(self, label_smoothing: float = 0.0, *, reduction: Reduction = "mean") -> None:
        super().__init__(sigmoid_cross_entropy_loss, reduction, label_smoothing=label_smoothing)


def smooth_labels(target: Tensor, num_classes: int, epsilon: float) -> Tensor:
    """Shares (B, K) = (1 - e) one-hot + e / K of class indices (B,), NaN where the class is unknown (negative).

    All wrong classes get the same share; see `soft_targets` for unequal ones. Szegedy et al., CVPR 2016, section 7.

    >>> smooth_labels(torch.tensor([1]), 4, 0.2)
    tensor([[0.0500, 0.8500, 0.0500, 0.0500]])
    """
    _check_smoothing(epsilon)
    return soft_targets(target, (1 - epsilon) * torch.eye(num_classes) + epsilon / num_classes)


def soft_targets(target: Tensor, similarity: Tensor) -> Tensor:
    """Shares (B, K) of class indices (B,): row y of a similarity matrix (K, K) of numbers >= 0, divided by its sum.

    Wrong classes that resemble the true one get more than others. An unknown class (negative) has a row of NaN.

    >>> soft_targets(torch.tensor([0, -1]), torch.tensor([[3.0, 1.0], [1.0, 1.0]]))
    tensor([[0.7500, 0.2500],
            [   nan,    nan]])
    """
    check_shape("similarity", similarity, (len(similarity), len(similarity)))
    rows = similarity.to(target.device)
    if is_readable(rows) and not bool(((rows >= 0).all(1) & (rows.sum(1) > 0)).all()):
        raise InputError("'similarity' must be of numbers of at least 0, some above 0 in each row.")
    _known_classes(target, len(rows))
    shares = rows / rows.sum(1, keepdim=True)
    return torch.where((target < 0)[:, None], torch.nan, shares[target.clamp(min=0).long()])


@full_precision
def hinge_loss(
    score: Tensor,
    target: Tensor,
    margin: float = 1.0,
    squared: bool = False,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = max(0, margin - t s), t = 2 y - 1; squared: its square. dL/ds = -t where t s < margin, else 0.

    score s and target y (0 or 1, not -1; NaN where unknown) of one shape; loss of that shape. The squared form has
    dL/ds = -2 t max(0, margin - t s). Any other target is an InputError, and a loss of NaN where values cannot be
    looked at (GPU, `torch.compile`, `torch.func`). Cortes & Vapnik, "Support-vector networks", 1995.

    >>> hinge_loss(torch.tensor([0.25, 2.0]), torch.tensor([1.0, 1.0]), reduction="none")
    tensor([0.7500, 0.0000])
    """
    score, target = pair(score, target)
    entries = Entries.of(score.shape, known_numbers(target), weight, mask)
    score, target = entries.clean(score, target)
    loss = torch.relu(margin - (2 * target - 1) * score)
    loss = refuse(loss.square() if squared else loss, (target != 0) & (target != 1), target, "0, 1 or NaN")
    return entries.reduce(loss, reduction)


class HingeLoss(Loss):
    """Module form of `hinge_loss`."""

    def __init__(self, margin: float = 1.0, squared: bool = False, *, reduction: Reduction = "mean") -> None:
        super().__init__(hinge_loss, reduction, margin=margin, squared=squared)


@full_precision
def multiclass_hinge_loss(
    logits: Tensor,
    target: Tensor,
    margin: float = 1.0,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = max(0, margin + max_{k != y} z_k - z_y); dL/dz = 1 at the best wrong class, -1 at y, 0 where L = 0.

    logits z (B, K); target y (B,) of class indices, negative where unknown; loss (B,). Wrong classes that tie share
    the gradient. Crammer & Singer, JMLR 2, 2001.

    >>> multiclass_hinge_loss(torch.tensor([[2.0, 1.5, 0.0]]), torch.tensor([0]))
    tensor(0.5000)
    """
    check_shape("target", target, logits.shape[:-1])
    entries = Entries.of(target.shape, _known_classes(target, logits.shape[-1]), weight, mask)
    logits, target = entries.clean(logits, target)
    at = target.long().unsqueeze(-1)
    best_other = logits.scatter(-1, at, -torch.inf).amax(-1)
    return entries.reduce(torch.relu(margin + best_other - logits.gather(-1, at).squeeze(-1)), reduction)


class MulticlassHingeLoss(Loss):
    """Module form of `multiclass_hinge_loss`."""

    def __init__(self, margin: float = 1.0, *, reduction: Reduction = "mean") -> None:
        super().__init__(multiclass_hinge_loss, reduction, margin=margin)


def _check_smoothing(epsilon: float) -> None:
    expect(0 <= epsilon <= 1, "label_smoothing", "in 0..1", epsilon)


def _known_rows(target: Tensor) -> Tensor | None:
    known = known_numbers(target)
    return None if known is None else known.all(-1)


def _known_classes(target: Tensor, num_classes: int) -> Tensor | None:
    """Where class indices are not negative, None for everywhere; what cannot be read, torch's `gather` checks."""
    if target.is_floating_point():
        raise InputError(f"'target' must be class indices, an integer tensor. Got {target.dtype}.")
    if not is_readable(target):
        return target >= 0
    if not target.numel():
        return None
    low, high = (int(end) for end in torch.aminmax(target))
    if high >= num_classes:
        raise InputError(f"'target' must be class indices below {num_classes}. Got {high}.")
    return None if low >= 0 else target >= 0
