"""All losses, how to draw a batch for each, and a plain oracle of one entry."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from tests.train.losses.loss_oracles import (
    BINS,
    bradley_terry,
    cosine,
    cross_entropy,
    dex,
    distance,
    distillation,
    dldl,
    hinge_pair,
    laplace,
    mean_variance,
    one_hot,
    sigmoid,
    sigmoid_cross_entropy,
    smooth_l1,
    smoothed,
    softmax,
)
from torch import Tensor

from mien.train import losses

Parts = tuple[list[Tensor], list[Tensor]]


class Case(NamedTuple):
    """A loss of (preds..., fixed...) with its options; fixed[0] is the target.

    draw: predictions and the rest for a batch. oracle: one entry from one entry of each. ndim: of the loss.
    extreme: predictions of this size, as a broken network may put out.
    """

    loss: Callable[..., Tensor]
    twin: type[losses.Loss]
    options: dict[str, Any]
    draw: Callable[[int, Any], Parts]
    oracle: Callable[..., float]
    ndim: int
    extreme: Callable[[int, float], list[Tensor]]


def normal(generator: Any, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def uniform(generator: Any, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=generator, dtype=torch.float64)


def index(generator: Any, batch: int, classes: int) -> Tensor:
    return torch.randint(classes, (batch,), generator=generator)


def alternating(batch: int, size: float, *width: int) -> Tensor:
    signs = torch.ones(batch * math.prod(width), dtype=torch.float32)
    signs[1::2] = -1
    return (signs * size).reshape(batch, *width)


def draw_interval(batch: int, g: Any) -> tuple[Tensor, Tensor]:
    low = 30 + 10 * normal(g, batch)
    width = torch.where(uniform(g, batch) < 0.5, 0, 20 * uniform(g, batch))
    return 30 + 15 * normal(g, batch), torch.stack([low, low + width], 1)


def numbers(batch: int, g: Any) -> Parts:
    return [normal(g, batch, 4)], [normal(g, batch, 4)]


def labels_near_bins(batch: int, g: Any) -> Parts:
    return [2 * normal(g, batch, 4)], [9 * uniform(g, batch) - 1]


def compared(batch: int, g: Any) -> Parts:
    return [normal(g, batch), normal(g, batch)], [uniform(g, batch)]


def wide(batch: int, size: float) -> list[Tensor]:
    return [alternating(batch, size, 4)]


def opposed(batch: int, size: float) -> list[Tensor]:
    return [alternating(batch, size), alternating(batch, -size)]


CASES = {
    "softmax": Case(
        losses.softmax_cross_entropy_loss, losses.SoftmaxCrossEntropyLoss, {},
        lambda b, g: ([3 * normal(g, b, 4)], [torch.softmax(2 * normal(g, b, 4), 1)]),
        cross_entropy, 1, wide,
    ),
    "softmax, smooth": Case(
        losses.softmax_cross_entropy_loss, losses.SoftmaxCrossEntropyLoss, {"label_smoothing": 0.1},
        lambda b, g: ([3 * normal(g, b, 4)], [torch.softmax(2 * normal(g, b, 4), 1)]),
        lambda z, y: cross_entropy(z, smoothed(y, 0.1)), 1, wide,
    ),
    "softmax, index": Case(
        losses.softmax_cross_entropy_loss, losses.SoftmaxCrossEntropyLoss, {},
        lambda b, g: ([3 * normal(g, b, 4)], [index(g, b, 4)]),
        lambda z, y: cross_entropy(z, one_hot(y, 4)), 1, wide,
    ),
    "softmax, index, smooth": Case(
        losses.softmax_cross_entropy_loss, losses.SoftmaxCrossEntropyLoss, {"label_smoothing": 0.3},
        lambda b, g: ([3 * normal(g, b, 4)], [index(g, b, 4)]),
        lambda z, y: cross_entropy(z, smoothed(one_hot(y, 4), 0.3)), 1, wide,
    ),
    "sigmoid": Case(
        losses.sigmoid_cross_entropy_loss, losses.SigmoidCrossEntropyLoss, {},
        lambda b, g: ([3 * normal(g, b, 4)], [uniform(g, b, 4)]), sigmoid_cross_entropy, 2, wide,
    ),
    "sigmoid, smooth": Case(
        losses.sigmoid_cross_entropy_loss, losses.SigmoidCrossEntropyLoss, {"label_smoothing": 0.2},
        lambda b, g: ([3 * normal(g, b, 4)], [uniform(g, b, 4)]),
        lambda z, y: sigmoid_cross_entropy(z, 0.8 * y + 0.1), 2, wide,
    ),
    "hinge": Case(
        losses.hinge_loss, losses.HingeLoss, {"margin": 0.7},
        lambda b, g: ([normal(g, b, 4)], [(uniform(g, b, 4) < 0.5).double()]),
        lambda s, y: max(0, 0.7 - (s if y else -s)), 2, wide,
    ),
    "hinge, squared": Case(
        losses.hinge_loss, losses.HingeLoss, {"squared": True},
        lambda b, g: ([normal(g, b, 4)], [(uniform(g, b, 4) < 0.5).double()]),
        lambda s, y: max(0, 1 - (s if y else -s)) ** 2, 2, wide,
    ),
    "multiclass hinge": Case(
        losses.multiclass_hinge_loss, losses.MulticlassHingeLoss, {"margin": 1.5},
        lambda b, g: ([normal(g, b, 4)], [index(g, b, 4)]),
        lambda z, y: max(0, 1.5 + max(z[:y] + z[y + 1 :]) - z[y]), 1, wide,
    ),
    "l2": Case(losses.l2_loss, losses.L2Loss, {}, numbers, lambda p, y: (p - y) ** 2, 2, wide),
    "l1": Case(losses.l1_loss, losses.L1Loss, {}, numbers, lambda p, y: abs(p - y), 2, wide),
    "smooth l1": Case(
        losses.smooth_l1_loss, losses.SmoothL1Loss, {"beta": 0.7}, numbers,
        lambda p, y: smooth_l1(p, y, 0.7), 2, wide,
    ),
    "huber": Case(
        losses.huber_loss, losses.HuberLoss, {"delta": 0.7}, numbers, lambda p, y: 0.7 * smooth_l1(p, y, 0.7), 2, wide,
    ),
    "normalized l1": Case(
        losses.normalized_l1_loss, losses.NormalizedL1Loss, {"scale": lambda y: 1 + y.abs()}, numbers,
        lambda p, y: abs(p - y) / (1 + abs(y)), 2, wide,
    ),
    "piecewise l1": Case(
        losses.piecewise_weighted_l1_loss, losses.PiecewiseWeightedL1Loss,
        {"edges": [-0.5, 0.5], "weights": [3.0, 1.0, 0.25]}, numbers,
        lambda p, y: (3 if y < -0.5 else 1 if y < 0.5 else 0.25) * abs(p - y), 2, wide,
    ),
    "interval": Case(
        losses.interval_loss, losses.IntervalLoss, {},
        lambda b, g: tuple([part] for part in draw_interval(b, g)), distance, 1,
        lambda b, size: [alternating(b, size)],
    ),
    "interval laplace": Case(
        losses.interval_laplace_loss, losses.IntervalLaplaceLoss, {},
        lambda b, g: ([(drawn := draw_interval(b, g))[0], normal(g, b)], [drawn[1]]), laplace, 1,
        # exp(-log_scale) has no bound: tasks clamp it
        lambda b, size: [alternating(b, size), alternating(b, min(size, 3.0))],
    ),
    "gaussian": Case(
        losses.gaussian_nll_loss, losses.GaussianNllLoss, {},
        lambda b, g: ([normal(g, b, 4), normal(g, b, 4)], [normal(g, b, 4)]),
        lambda p, s, y: ((p - y) ** 2 / math.exp(s) + s) / 2, 2,
        lambda b, size: [*wide(b, size), *wide(b, min(size, 8.0))],
    ),
    "coral": Case(
        losses.coral_loss, losses.CoralLoss, {}, lambda b, g: ([normal(g, b, 4)], [index(g, b, 5)]),
        lambda z, y: sum(sigmoid_cross_entropy(z[k], float(y > k)) for k in range(4)), 1, wide,
    ),
    "dex": Case(losses.dex_loss, losses.DexLoss, {"bins": torch.tensor(BINS)}, labels_near_bins, dex, 1, wide),
    "dldl": Case(
        losses.dldl_v2_loss, losses.DldlV2Loss, {"bins": torch.tensor(BINS), "sigma": 1.5, "weight_expectation": 0.4},
        labels_near_bins, lambda z, y: dldl(z, y, 1.5, 0.4), 1, wide,
    ),
    "mean-variance": Case(
        losses.mean_variance_loss, losses.MeanVarianceLoss, {"bins": torch.tensor(BINS), "weight_mean": 0.3},
        labels_near_bins, lambda z, y: mean_variance(z, y, 0.3, 0.05), 1, wide,
    ),
    "distillation": Case(
        losses.distillation_loss, losses.DistillationLoss, {"temperature": 2.5},
        lambda b, g: ([3 * normal(g, b, 4)], [torch.softmax(2 * normal(g, b, 4), 1)]),
        lambda z, y: distillation(z, y, 2.5), 1, wide,
    ),
    "distillation, as it is": Case(
        losses.distillation_loss, losses.DistillationLoss, {},
        lambda b, g: ([3 * normal(g, b, 4)], [torch.softmax(2 * normal(g, b, 4), 1)]),
        lambda z, y: distillation(z, y, 1), 1, wide,
    ),
    "cosine": Case(
        losses.cosine_loss, losses.CosineLoss, {}, numbers, cosine, 1,
        wide,
    ),
    "softmax-comp": Case(
        losses.softmax_comp_loss, losses.SoftmaxCompLoss, {"margin": 0.2},
        lambda b, g: ([normal(g, b, 2), normal(g, b, 2)], [uniform(g, b)]),
        lambda a, b, t: hinge_pair(softmax(a)[1], softmax(b)[1], t, 0.2), 1,
        lambda b, size: [alternating(b, size, 2), alternating(b, -size, 2)],
    ),
    "softmax-comp, sigmoid": Case(
        losses.softmax_comp_loss, losses.SoftmaxCompLoss, {}, compared,
        lambda a, b, t: hinge_pair(sigmoid(a), sigmoid(b), t, 0), 1, opposed,
    ),
    "hinge ranking": Case(
        losses.hinge_ranking_loss, losses.HingeRankingLoss, {"margin": 0.5}, compared,
        lambda a, b, t: hinge_pair(a, b, t, 0.5), 1, opposed,
    ),
    "ranknet": Case(
        losses.ranknet_loss, losses.RanknetLoss, {}, compared,
        lambda a, b, t: sigmoid_cross_entropy(a - b, t), 1, opposed,
    ),
    "bradley-terry": Case(
        losses.bradley_terry_loss, losses.BradleyTerryLoss, {}, compared,
        lambda a, b, t: sigmoid_cross_entropy(a - b, t), 1, opposed,
    ),
    "bradley-terry, ties": Case(
        losses.bradley_terry_loss, losses.BradleyTerryLoss, {"log_tie": torch.tensor(-0.4, dtype=torch.float64)},
        compared, lambda a, b, t: bradley_terry(a, b, t, -0.4), 1, opposed,
    ),
}  # fmt: skip
