"""Rows that more than one Inception has, and the pooling of their auxiliary heads.

Padding is that of the papers: a layer keeps the size, H -> ceil(H / stride), unless it is `valid` ("V" in the
figures of Szegedy et al. 2017), H -> floor((H - kernel) / stride) + 1. A mean at the border is over real pixels only.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from mien.train.backbones.base import Build, Row, build_rows, conv_bn

BN_EPS = 1e-3
"""Added to the variance in batch normalisation, as in the authors' code (slim); the papers name no value."""


class Conv(NamedTuple):
    """A convolution with batch normalization and ReLU; kernel (height, width) where it is not square."""

    channels: int
    kernel: int | tuple[int, int] = 1
    stride: int = 1
    valid: bool = False

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        padding = 0 if self.valid else None
        layer = conv_bn(how.inputs, self.channels, self.kernel, self.stride, padding=padding, eps=BN_EPS)
        return layer, self.channels


class MaxPool(NamedTuple):
    """The maximum of each window."""

    kernel: int = 3
    stride: int = 2
    valid: bool = False

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        return nn.MaxPool2d(self.kernel, self.stride, 0 if self.valid else self.kernel // 2), how.inputs


class AvgPool(NamedTuple):
    """The mean of each window."""

    kernel: int = 3
    stride: int = 1

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        return nn.AvgPool2d(self.kernel, self.stride, self.kernel // 2, count_include_pad=False), how.inputs


class Mixed(NamedTuple):
    """Branches of rows side by side, their maps concatenated; `mixed(...)` writes it shorter."""

    branches: tuple[tuple[Row, ...], ...]
    stride: int = 1

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        built = [build_rows(rows, how.inputs, how.width) for rows in self.branches]
        return Concat([layers for layers, _ in built]), sum(channels for _, channels in built)


class Concat(nn.Module):
    """Every branch on the same map, the results one after the other along the channels."""

    def __init__(self, branches: Sequence[nn.Module]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, sum of the branches' channels, H / stride, W / stride)."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class GridPool(nn.Module):
    """The papers' 5x5 mean with stride 3 before an auxiliary classifier, then fitted to a side that the head expects.

    It is the plain pooling where that gives `side` already, as at the papers' input sizes.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, side, side)."""
        if min(x.shape[-2:]) >= 5:
            x = functional.avg_pool2d(x, 5, 3)
        return functional.adaptive_avg_pool2d(x, self.side)


def mixed(*branches: Sequence[Row]) -> Mixed:
    """A `Mixed` of branches that shrink the map alike.

    >>> mixed([Conv(384, 3, 2)], [Conv(64), Conv(96, 3, 2)], [MaxPool()]).stride
    2
    """
    first, *_ = branches
    return Mixed(tuple(map(tuple, branches)), max(row.stride for row in first))
