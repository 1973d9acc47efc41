"""Losses for labels with an order, given as ranks or as a distribution over bins."""

import torch
from torch import Tensor
from torch.nn import functional as F

from mien.errors import InputError
from mien.train.losses.gradients import sigmoid_cross_entropy, soft_cross_entropy
from mien.train.losses.reduction import (
    Entries,
    Loss,
    Reduction,
    check_shape,
    full_precision,
    known_numbers,
    refuse,
    to_full,
)
from mien.train.losses.scale import ascending


@full_precision
def coral_loss(
    logits: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = sum_k cross entropy of sigmoid(z_k) against [target > k]; dL/dz_k = sigmoid(z_k) - [target > k].

    logits z (B, K - 1): is the rank above k = 0, ..., K - 2; target (B,) rank in 0..K-1, unknown where negative or
    NaN; loss (B,). Ranks are consistent where the logits differ only in their biases. Any other target is an
    InputError, and a loss of NaN where values cannot be looked at (GPU, `torch.compile`, `torch.func`). Cao, Mirjalili
    & Raschka, Pattern Recognition Letters 140, 2020, section 3.3, all importance weights 1.

    >>> coral_loss(torch.zeros(1, 2), torch.tensor([1]))
    tensor(1.3863)
    """
    check_shape("target", target, logits.shape[:-1])
    entries = Entries.of(target.shape, target >= 0, weight, mask)
    logits, target = entries.clean(logits, target)
    ranks = torch.arange(logits.shape[-1], device=logits.device)
    above = (target.unsqueeze(-1) > ranks).to(logits.dtype)
    no_rank = (target > len(ranks)) | (target != target.round())
    loss = refuse(sigmoid_cross_entropy(logits, above).sum(-1), no_rank, target, f"whole ranks up to {len(ranks)}")
    return entries.reduce(loss, reduction)


class CoralLoss(Loss):
    """Module form of `coral_loss`."""

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__(coral_loss, reduction)


def coral_rank(logits: Tensor) -> Tensor:
    """Rank (B,) of logits (B, K - 1): how many sigmoids are above 1/2. Cao et al., 2020, section 3.3.

    >>> coral_rank(torch.tensor([[3.0, 0.5, -2.0]]))
    tensor([2])
    """
    return (logits > 0).sum(-1)


def expectation(logits: Tensor, bins: Tensor) -> Tensor:
    """m = sum_k p_k bins_k, p = softmax(z): logits (B, K) and bins (K,) to (B,); dm/dz_k = p_k (bins_k - m).

    Rothe, Timofte & Van Gool, "DEX", ICCV workshops 2015.

    >>> expectation(torch.zeros(1, 3), torch.tensor([10.0, 20.0, 60.0]))
    tensor([30.])
    """
    mean = (torch.softmax(to_full(logits), -1) * to_full(bins.to(logits.device))).sum(-1)
    kind = torch.promote_types(logits.dtype, bins.dtype)
    return mean if torch.is_autocast_enabled(logits.device.type) else mean.to(kind)


@full_precision
def dex_loss(
    logits: Tensor,
    target: Tensor,
    bins: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = -(1 - r) log p_k - r log p_{k+1}, target = (1 - r) bins_k + r bins_{k+1}; dL/dz = p - y.

    Softmax cross entropy against the bins; a label between two bins is shared between them, one beyond the ends
    goes to the end. logits (B, K); target (B,), NaN where unknown; bins (K,) rising, in units of the target;
    loss (B,). Decode with `expectation`. Rothe, Timofte & Van Gool, "DEX", ICCV workshops 2015.

    >>> dex_loss(torch.zeros(1, 4), torch.tensor([2.5]), torch.arange(4.0))
    tensor(1.3863)
    """
    logits, target, bins, entries = _prepare(logits, target, bins, weight, mask)
    return entries.reduce(_bin_cross_entropy(logits, target, bins), reduction)


class DexLoss(Loss):
    """Module form of `dex_loss`."""

    def __init__(self, bins: Tensor, *, reduction: Reduction = "mean") -> None:
        super().__init__(dex_loss, reduction, bins=bins)


@full_precision
def dldl_v2_loss(
    logits: Tensor,
    target: Tensor,
    bins: Tensor,
    sigma: float = 2.0,
    weight_expectation: float = 1.0,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = sum_k y_k log(y_k / p_k) + w |m - target|, y_k ~ exp(-(bins_k - target)^2 / (2 sigma^2)), m expectation.

    dL/dz_k = p_k - y_k + w sign(m - target) p_k (bins_k - m). Divergence to a normal distribution of labels around
    the target, and L1 of the expectation. logits (B, K); target (B,), NaN where unknown; bins (K,); sigma in units
    of the target; w = weight_expectation; loss (B,). Gao, Zhou, Wu & Geng, IJCAI 2018, section 3.

    >>> dldl_v2_loss(torch.tensor([[0.0, 0.0]]), torch.tensor([0.5]), torch.arange(2.0))
    tensor(0.)
    """
    if not sigma > 0:
        raise InputError(f"'sigma' must be above 0. Got {sigma!r}.")
    logits, target, bins, entries = _prepare(logits, target, bins, weight, mask)
    log_y = F.log_softmax(-((bins - target.unsqueeze(-1)) / sigma).square() / 2, -1)
    y = log_y.exp()
    divergence = soft_cross_entropy(logits, y) + (y * log_y).sum(-1)
    away = (expectation(logits, bins) - target).abs()
    return entries.reduce(divergence + weight_expectation * away, reduction)


class DldlV2Loss(Loss):
    """Module form of `dldl_v2_loss`."""

    def __init__(
        self, bins: Tensor, sigma: float = 2.0, weight_expectation: float = 1.0, *, reduction: Reduction = "mean"
    ) -> None:
        options = {"bins": bins, "sigma": sigma, "weight_expectation": weight_expectation}
        super().__init__(dldl_v2_loss, reduction, **options)


@full_precision
def mean_variance_loss(
    logits: Tensor,
    target: Tensor,
    bins: Tensor,
    weight_mean: float = 0.2,
    weight_variance: float = 0.05,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = L_dex + w_m (m - target)^2 / 2 + w_v v, m = sum_k p_k bins_k, v = sum_k p_k (bins_k - m)^2.

    dL/dz_k = p_k - y_k + w_m (m - target) p_k (bins_k - m) + w_v p_k ((bins_k - m)^2 - v), y as in `dex_loss`.
    logits (B, K); target (B,), NaN where unknown; bins (K,) rising; w_m, w_v: weight_mean, weight_variance;
    loss (B,). Pan, Han, Shan & Chen, CVPR 2018, section 3.

    >>> mean_variance_loss(torch.zeros(1, 2), torch.tensor([0.0]), torch.tensor([0.0, 2.0]))
    tensor(0.8431)
    """
    logits, target, bins, entries = _prepare(logits, target, bins, weight, mask)
    p = torch.softmax(logits, -1)
    m = (p * bins).sum(-1)
    variance = (p * (bins - m.unsqueeze(-1)).square()).sum(-1)
    cross_entropy = _bin_cross_entropy(logits, target, bins)
    loss = cross_entropy + weight_mean * (m - target).square() / 2 + weight_variance * variance
    return entries.reduce(loss, reduction)


class MeanVarianceLoss(Loss):
    """Module form of `mean_variance_loss`."""

    def __init__(
        self, bins: Tensor, weight_mean: float = 0.2, weight_variance: float = 0.05, *, reduction: Reduction = "mean"
    ) -> None:
        options = {"bins": bins, "weight_mean": weight_mean, "weight_variance": weight_variance}
        super().__init__(mean_variance_loss, reduction, **options)


def _bin_cross_entropy(logits: Tensor, target: Tensor, bins: Tensor) -> Tensor:
    """Cross entropy (B,) against shares in the bins on both sides of the target."""
    label = target.clamp(bins[0], bins[-1])
    right = torch.bucketize(label, bins).clamp(1, len(bins) - 1)
    at = torch.stack([right - 1, right], -1)
    low, high = bins.gather(0, at.flatten()).reshape(at.shape).unbind(-1)
    share = (label - low) / (high - low)
    shares = torch.stack([1 - share, share], -1)
    return soft_cross_entropy(logits, torch.zeros_like(logits).scatter(-1, at, shares))


def _prepare(
    logits: Tensor, target: Tensor, bins: Tensor, weight: Tensor | None, mask: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Entries]:
    """Logits and target without what is unknown, bins of their dtype, and which entries are known."""
    check_shape("target", target, logits.shape[:-1])
    if bins.shape != logits.shape[-1:] or len(bins) < 2:
        raise InputError(f"'bins' must be {logits.shape[-1]} numbers, at least 2. Got shape {tuple(bins.shape)}.")
    entries = Entries.of(target.shape, known_numbers(target), weight, mask)
    logits, target = entries.clean(logits, target.to(logits.dtype))
    return logits, target, ascending(bins, logits, "bins"), entries
