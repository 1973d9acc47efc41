"""MobileNetV2.

Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, Table 2.
"""

from typing import NamedTuple

from torch import nn

from mien.train.backbones.base import Build, Network, scaled
from mien.train.backbones.mobilenet.blocks import Conv, inverted_residual


class Bottleneck(NamedTuple):
    """One inverted residual: expansion factor, output channels, stride."""

    expansion: int
    channels: int
    stride: int

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        outputs = scaled(self.channels, how.width)
        return inverted_residual(how, self.expansion * how.inputs, outputs, 3, self.stride, nn.ReLU6), outputs


def bottlenecks(t: int, c: int, n: int, s: int) -> list[Bottleneck]:
    """A line of the paper's table: n bottlenecks, of which only the first has the stride s."""
    return [Bottleneck(t, c, s if i == 0 else 1) for i in range(n)]


TABLE_2: tuple[Conv | Bottleneck, ...] = (
    Conv(3, 2, 32, nn.ReLU6),
    *bottlenecks(1, 16, 1, 1),
    *bottlenecks(6, 24, 2, 2),
    *bottlenecks(6, 32, 3, 2),
    *bottlenecks(6, 64, 4, 2),
    *bottlenecks(6, 96, 3, 1),
    *bottlenecks(6, 160, 3, 2),
    *bottlenecks(6, 320, 1, 1),
)

NETWORKS = {
    "mobilenet_v2": Network(TABLE_2, neck=(Conv(1, 1, 1280, nn.ReLU6, shrinks=False),), dropout=0.2, scales=True)
}
"""Dropout of the authors' code (slim keeps 0.8); the paper names none."""
