"""What all backbones share: a chain of layers built from a table, its pyramid, and a classifier on top."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import Any, Protocol

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Build:
    """What a row of a table is built with: input channels, width multiplier, rate of stochastic depth."""

    inputs: int
    width: float = 1.0
    drop_path: float = 0.0


class Row(Protocol):
    """One row of a network's table: a NamedTuple with a `stride` and a way to make the layer."""

    @property
    def stride(self) -> int:
        """How much smaller the map becomes."""

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and the number of its output channels."""


@dataclass(frozen=True, slots=True)
class Network:
    """A paper's network: the table of its backbone and what the paper puts around the pooling to tell classes.

    neck, head: rows before and after the global pooling. taps: rows of the table (indices) after which an
    auxiliary classifier of the paper reads, `aux` makes it from its input channels and the number of classes.
    size: input side of the paper. scales: the paper has a width multiplier. dropout: of the paper's classifier.
    """

    table: tuple[Row, ...]
    neck: tuple[Row, ...] = ()
    head: tuple[Row, ...] = ()
    taps: tuple[int, ...] = ()
    aux: Callable[[int, int], nn.Module] | None = None
    size: int = 224
    dropout: float = 0.0
    scales: bool = False


class Backbone(nn.Module):
    """Feature map (B, num_features, H / s, W / s) of images (B, in_channels, H, W).

    feature_channels, feature_strides: of the maps that `pyramid` gives, the last one being the output.
    """

    def __init__(
        self,
        table: Sequence[Row],
        *,
        width: float = 1.0,
        in_channels: int = 3,
        stem_stride: int = 2,
        drop_path: float = 0.0,
        taps: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        rows = with_stem_stride(table, stem_stride)
        layers: list[nn.Module] = []
        widths: list[int] = []
        channels = in_channels
        for index, row in enumerate(rows):
            rate = drop_path * index / max(len(rows) - 1, 1)
            layer, channels = row.build(Build(channels, width, rate))
            layers.append(layer)
            widths.append(channels)
        self.layers = nn.Sequential(*layers)
        self.num_features = channels
        ends = [i for i in range(len(rows)) if i + 1 == len(rows) or rows[i + 1].stride > 1]
        strides = list(accumulate((row.stride for row in rows), mul))
        self.ends = tuple(i for i in ends if strides[i] > 1)
        self.feature_channels = tuple(widths[i] for i in self.ends)
        self.feature_strides = tuple(strides[i] for i in self.ends)
        self.taps = taps
        self.tap_channels = tuple(widths[i] for i in taps)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, num_features, H / s, W / s)."""
        out: Tensor = self.layers(x)
        return out

    def pyramid(self, x: Tensor) -> list[Tensor]:
        """The last map at each resolution, the largest first."""
        return self.maps_after(x, self.ends)

    def tapped(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The output, and the maps that auxiliary heads read."""
        *aux, out = self.maps_after(x, (*self.taps, len(self.layers) - 1))
        return out, aux

    def maps_after(self, x: Tensor, rows: tuple[int, ...]) -> list[Tensor]:
        """The maps after the layers of these indices."""
        maps = []
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in rows:
                maps.append(x)
        return maps


class Pyramid(nn.Module):
    """A backbone that gives all its maps: one a resolution, the largest first."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self.num_features = backbone.num_features
        self.feature_channels, self.feature_strides = backbone.feature_channels, backbone.feature_strides

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, in_channels, H, W) -> maps (B, feature_channels[k], H / feature_strides[k], ...)."""
        return self.backbone.pyramid(x)


class Classifier(nn.Module):
    """A network as its paper has it: logits (B, num_classes) of images (B, in_channels, H, W).

    With auxiliary heads (`aux`) it gives (logits, [auxiliary logits, ...]) while training, logits in use.
    """

    def __init__(
        self, network: Network, backbone: Backbone, num_classes: int, *, dropout: float, width: float, aux: bool
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck, channels = build_rows(network.neck, backbone.num_features, width)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head, channels = build_rows(network.head, channels, width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, num_classes)
        makers = [network.aux] * len(network.taps) if aux and network.aux else []
        self.aux = nn.ModuleList(make(c, num_classes) for make, c in zip(makers, backbone.tap_channels, strict=False))

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, list[Tensor]]:
        """(B, in_channels, H, W) -> (B, num_classes), with auxiliary logits while training if there are any."""
        if not (self.training and len(self.aux)):
            return self._classify(self.backbone(x))
        out, maps = self.backbone.tapped(x)
        return self._classify(out), [aux(m) for aux, m in zip(self.aux, maps, strict=True)]

    def _classify(self, x: Tensor) -> Tensor:
        pooled = self.head(self.pool(self.neck(x))).flatten(1)
        logits: Tensor = self.classifier(self.dropout(pooled))
        return logits


def build_rows(rows: Sequence[Row], channels: int, width: float) -> tuple[nn.Sequential, int]:
    """Layers of some rows in a chain, and the channels that they end with."""
    layers = []
    for row in rows:
        layer, channels = row.build(Build(channels, width))
        layers.append(layer)
    return nn.Sequential(*layers), channels


class DropPath(nn.Module):
    """Leave out the whole residual branch of a sample with probability `rate`, in training only.

    Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016; kept branches are divided by 1 - rate, so
    that nothing changes in use.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        if not self.training or self.rate == 0:
            return x
        kept = torch.rand(len(x), 1, 1, 1, device=x.device, dtype=x.dtype) >= self.rate
        return x * kept / (1 - self.rate)


def with_stem_stride(table: Sequence[Row], stride: int) -> list[Row]:
    """The table with its first stride that is not 1 set to `stride` (1 keeps small crops at full resolution)."""
    rows = list(table)
    first = next(i for i, row in enumerate(rows) if row.stride > 1)
    row: Any = rows[first]
    rows[first] = row._replace(stride=stride)
    return rows


def scaled(channels: float, multiplier: float = 1.0, divisor: int = 8) -> int:
    """Channels times the width multiplier, to the nearest multiple of `divisor` that loses at most a tenth.

    >>> scaled(32, 0.75), scaled(96, 0.75)
    (24, 72)
    """
    wanted = channels * multiplier
    rounded = max(divisor, int(wanted + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * wanted else rounded


def conv_bn(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    stride: int = 1,
    groups: int = 1,
    act: type[nn.Module] | None = nn.ReLU,
    padding: int | tuple[int, int] | None = None,
    eps: float = 1e-5,
) -> nn.Sequential:
    """Convolution without bias, batch normalization, activation where wanted; padding None keeps the size."""
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    same = (height // 2, width // 2) if padding is None else padding
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, same, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=eps),
    ]
    return nn.Sequential(*layers, *([act(inplace=True)] if act else []))
