"""Inception-ResNet v1 and v2.

Szegedy, Ioffe, Vanhoucke & Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on
Learning", AAAI 2017 (arXiv:1602.07261), Figures 10 to 20. The published parameters and weights belong to networks that
differ from the figures, and these are here: v2 has the stem, the numbers of filters and of blocks (10, 20, 10) of the
authors' code (tensorflow/models, slim, inception_resnet_v2.py), v1 a sixth block C. In both the last block adds its
branch unscaled and without ReLU. Images are at least 75 px (stem stride 2) or 39 px (1) on a side.
"""

from typing import NamedTuple

from torch import Tensor, nn

from mien.train.backbones.base import Build, DropPath, Network, Row
from mien.train.backbones.inception.blocks import AvgPool, Conv, MaxPool, Mixed, mixed


class Residual(NamedTuple):
    """Branches, projected by a 1x1 convolution with bias, scaled and added to the input (Figure 20)."""

    branches: Mixed
    scale: float
    act: bool = True
    stride: int = 1

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        branches, channels = self.branches.build(how)
        body = nn.Sequential(branches, nn.Conv2d(channels, how.inputs, 1))
        return ScaledResidual(body, self.scale, how.drop_path, self.act), how.inputs


class ScaledResidual(nn.Module):
    """y = relu(x + scale f(x)), f left out at random while training; without relu where `act` is False.

    Scaling keeps the training of wide residual networks stable (Section 3.3).
    """

    def __init__(self, body: nn.Module, scale: float, drop_path: float, act: bool) -> None:
        super().__init__()
        self.body = body
        self.scale = scale
        self.drop_path = DropPath(drop_path)
        self.act = nn.ReLU() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        out: Tensor = self.act(x + self.scale * self.drop_path(self.body(x)))
        return out


def stem(*last: Row) -> tuple[Row, ...]:
    """Figure 14 up to its last convolution."""
    return (
        Conv(32, 3, 2, valid=True),
        Conv(32, 3, valid=True),
        Conv(64, 3),
        MaxPool(valid=True),
        Conv(80),
        Conv(192, 3, valid=True),
        *last,
    )


def block35(n3: int, n33: int) -> Residual:
    """Inception-ResNet-A, Figures 10 and 16: 35x35, the middle and the last width of the two 3x3."""
    branches = mixed([Conv(32)], [Conv(32), Conv(32, 3)], [Conv(32), Conv(n3, 3), Conv(n33, 3)])
    return Residual(branches, 0.17)


def block17(n1: int, reduce: int, middle: int, n7: int) -> Residual:
    """Inception-ResNet-B, Figures 11 and 17: 17x17, 7x7 factorised."""
    return Residual(mixed([Conv(n1)], [Conv(reduce), Conv(middle, (1, 7)), Conv(n7, (7, 1))]), 0.10)


def block8(middle: int, n3: int, scale: float = 0.20, act: bool = True) -> Residual:
    """Inception-ResNet-C, Figures 13 and 19: 8x8, 3x3 factorised."""
    return Residual(mixed([Conv(192)], [Conv(192), Conv(middle, (1, 3)), Conv(n3, (3, 1))]), scale, act)


def reduction_a(k: int, l: int, m: int, n: int) -> Mixed:  # noqa: E741
    """Figure 7, with the names of the numbers of filters in Table 1."""
    return mixed(
        [Conv(n, 3, 2, valid=True)],
        [Conv(k), Conv(l, 3), Conv(m, 3, 2, valid=True)],
        [MaxPool(valid=True)],
    )


def reduction_b(second: int, middle: int, third: int) -> Mixed:
    """Figures 12 and 18."""
    return mixed(
        [Conv(256), Conv(384, 3, 2, valid=True)],
        [Conv(256), Conv(second, 3, 2, valid=True)],
        [Conv(256), Conv(middle, 3), Conv(third, 3, 2, valid=True)],
        [MaxPool(valid=True)],
    )


RESNET_V1: tuple[Row, ...] = (
    *stem(Conv(256, 3, 2, valid=True)),
    *[block35(32, 32)] * 5,
    reduction_a(192, 192, 256, 384),
    *[block17(128, 128, 128, 128)] * 10,
    reduction_b(256, 256, 256),
    *[block8(192, 192)] * 5,
    block8(192, 192, scale=1.0, act=False),
)

RESNET_V2: tuple[Row, ...] = (
    *stem(MaxPool(valid=True)),
    mixed(
        [Conv(96)],
        [Conv(48), Conv(64, 5)],
        [Conv(64), Conv(96, 3), Conv(96, 3)],
        [AvgPool(), Conv(64)],
    ),
    *[block35(48, 64)] * 10,
    reduction_a(256, 256, 384, 384),
    *[block17(192, 128, 160, 192)] * 20,
    reduction_b(288, 288, 320),
    *[block8(224, 256)] * 9,
    block8(224, 256, scale=1.0, act=False),
)

NETWORKS = {
    "inception_resnet_v1": Network(RESNET_V1, size=299, dropout=0.2),
    "inception_resnet_v2": Network((*RESNET_V2, Conv(1536)), size=299, dropout=0.2),
}
