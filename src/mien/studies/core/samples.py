"""Data that the studies make themselves. All are drawn from a generator of their own."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mien.studies.core.networks import generator


@dataclass(frozen=True, slots=True)
class Sample:
    """Inputs (N, ...) and labels (N, ...)."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, rows: Tensor) -> "Sample":
        """Some of them."""
        return Sample(self.x[rows], self.y[rows])


def split(sample: Sample, parts: tuple[int, ...], seed: int) -> list[Sample]:
    """Disjoint random parts of these sizes."""
    order = torch.randperm(len(sample), generator=generator(seed))
    return [sample.rows(rows) for rows in torch.split(order[: sum(parts)], list(parts))]


def shares(count: int, *fractions: float) -> tuple[int, ...]:
    """Sizes of parts of a set.

    >>> shares(10, 0.6, 0.4)
    (6, 4)
    """
    return tuple(int(count * fraction) for fraction in fractions)


def similar_classes(count: int, seed: int, pairs: int = 3, width: int = 16) -> tuple[Sample, Tensor]:
    """Classes that come in pairs of look-alikes: x (N, width), y (N,) int; similarity (K, K), diagonal 0.

    Centres of a pair are 2 apart, centres of different pairs about 3.6; normal noise of deviation 1. The
    similarity is exp(-d^2 / 8) of the distance d between centres.
    """
    stream = generator(seed)
    apart = torch.nn.functional.normalize(torch.randn(pairs, width, generator=stream), dim=1)
    centers = torch.nn.functional.normalize(torch.randn(pairs, width, generator=stream), dim=1) * 2.5
    centers = torch.stack([centers + apart, centers - apart], 1).flatten(0, 1)
    y = torch.randint(2 * pairs, (count,), generator=stream)
    x = centers[y] + torch.randn(count, width, generator=stream)
    similarity = torch.exp(-torch.cdist(centers, centers).square() / 8).fill_diagonal_(0)
    return Sample(x, y), similarity


def ages(count: int, seed: int, noise: float = 4.0, width: int = 10, growth: float = 0.0) -> Sample:
    """A smooth function of x (N, width) with normal noise, spread like ages: y (N,) in 0..90 years.

    The deviation of the noise is `noise` years, and `growth` years more for each year of the function.
    """
    stream = generator(seed)
    x = torch.randn(count, width, generator=stream)
    age = 42 + 17 * latent(x, seed)
    y = age + (noise + growth * age.clamp(min=0)) * torch.randn(count, generator=stream)
    return Sample(x, y.clamp(0, 90))


def latent(x: Tensor, seed: int) -> Tensor:
    """A smooth quantity (N,) of x (N, D) with mean 0 and deviation 1: linear and waved parts."""
    stream = generator(seed + 7919)
    a, b = torch.nn.functional.normalize(torch.randn(2, x.shape[1], generator=stream), dim=1)
    value = x @ a + 0.7 * torch.sin(2 * (x @ b))
    standard: Tensor = (value - value.mean()) / value.std()
    return standard


def mislabel(y: Tensor, share: float, seed: int, low: float = 0.0, high: float = 90.0) -> Tensor:
    """Labels (N,) of which a share is drawn anew, uniform in low..high whatever the face."""
    stream = generator(seed)
    wrong = torch.rand(len(y), generator=stream) < share
    return torch.where(wrong, low + (high - low) * torch.rand(len(y), generator=stream), y)


def two_sided(count: int, seed: int, width: int = 10) -> Sample:
    """A label with two likely values for one x: latent 20 years below or above, 3 to 1; y (N,) in 0..90."""
    stream = generator(seed)
    x = torch.randn(count, width, generator=stream)
    side = torch.where(torch.rand(count, generator=stream) < 0.75, -10.0, 30.0)
    y = 42 + 10 * latent(x, seed) + side + 2 * torch.randn(count, generator=stream)
    return Sample(x, y.clamp(0, 90))


def pairs(value: Tensor, count: int, noise: float, seed: int) -> Tensor:
    """Rows (count, 2) of compared samples, first the one said to be preferred; a share `noise` of answers is wrong."""
    stream = generator(seed)
    drawn = torch.randint(len(value), (4 * count, 2), generator=stream)
    drawn = drawn[value[drawn[:, 0]] != value[drawn[:, 1]]][:count]
    better = value[drawn[:, 0]] > value[drawn[:, 1]]
    answer = better ^ (torch.rand(len(drawn), generator=stream) < noise)
    return torch.where(answer[:, None], drawn, drawn.flip(1))


def logistic(count: int, seed: int, width: int = 10, scale: float = 3.0) -> Sample:
    """Two classes with P(1 | x) = sigmoid(scale * latent): x (N, width), y (N,) of 0 and 1."""
    stream = generator(seed)
    x = torch.randn(count, width, generator=stream)
    direction = torch.randn(width, generator=stream) / math.sqrt(width)
    y = (torch.rand(count, generator=stream) < torch.sigmoid(scale * (x @ direction))).float()
    return Sample(x, y)
