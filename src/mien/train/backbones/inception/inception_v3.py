"""Inception v3.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016 (arXiv:1512.00567), Table 1,
with the numbers of filters and the 5x5 convolutions (where Figure 5 has two 3x3) of the authors' published network
(tensorflow/models, slim, inception_v3.py). Images are at least 75 px (stem stride 2) or 39 px (1) on a side.
"""

from torch import Tensor, nn

from mien.train.backbones.base import Network, Row, conv_bn
from mien.train.backbones.inception.blocks import BN_EPS, AvgPool, Conv, GridPool, MaxPool, Mixed, mixed


class AuxiliaryHead(nn.Module):
    """Mean over 5x5 with stride 3, 1x1 and 5x5 convolution down to one pixel, linear layer (Section 4)."""

    def __init__(self, inputs: int, num_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            GridPool(5), conv_bn(inputs, 128, 1, eps=BN_EPS), conv_bn(128, 768, 5, padding=0, eps=BN_EPS),
            nn.Flatten(), nn.Linear(768, num_classes),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, num_classes)."""
        out: Tensor = self.layers(x)
        return out


def grid35(proj: int) -> Mixed:
    """Figure 5: modules of the 35x35 grid."""
    return mixed(
        [Conv(64)],
        [Conv(48), Conv(64, 5)],
        [Conv(64), Conv(96, 3), Conv(96, 3)],
        [AvgPool(), Conv(proj)],
    )


def grid17(n: int) -> Mixed:
    """Figure 6: modules of the 17x17 grid, 7x7 factorised; n channels inside."""
    return mixed(
        [Conv(192)],
        [Conv(n), Conv(n, (1, 7)), Conv(192, (7, 1))],
        [Conv(n), Conv(n, (7, 1)), Conv(n, (1, 7)), Conv(n, (7, 1)), Conv(192, (1, 7))],
        [AvgPool(), Conv(192)],
    )


def grid8() -> Mixed:
    """Figure 7: modules of the 8x8 grid, with expanded filter banks."""
    split = mixed([Conv(384, (1, 3))], [Conv(384, (3, 1))])
    return mixed(
        [Conv(320)],
        [Conv(384), split],
        [Conv(448), Conv(384, 3), split],
        [AvgPool(), Conv(192)],
    )


TABLE_1: tuple[Row, ...] = (
    Conv(32, 3, 2, valid=True),
    Conv(32, 3, valid=True),
    Conv(64, 3),
    MaxPool(valid=True),
    Conv(80),
    Conv(192, 3, valid=True),
    MaxPool(valid=True),
    grid35(32),
    grid35(64),
    grid35(64),
    mixed(
        [Conv(384, 3, 2, valid=True)],
        [Conv(64), Conv(96, 3), Conv(96, 3, 2, valid=True)],
        [MaxPool(valid=True)],
    ),
    grid17(128),
    grid17(160),
    grid17(160),
    grid17(192),
    mixed(
        [Conv(192), Conv(320, 3, 2, valid=True)],
        [Conv(192), Conv(192, (1, 7)), Conv(192, (7, 1)), Conv(192, 3, 2, valid=True)],
        [MaxPool(valid=True)],
    ),
    grid8(),
    grid8(),
)

NETWORKS = {"inception_v3": Network(TABLE_1, taps=(14,), aux=AuxiliaryHead, size=299, dropout=0.2)}
"""The tap is after the last 17x17 grid; dropout of the authors' code, which keeps 0.8."""
