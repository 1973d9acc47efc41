"""GoogLeNet (Inception v1).

Szegedy et al., "Going Deeper with Convolutions", CVPR 2015 (arXiv:1409.4842), Table 1 and Section 5. As in the paper
the convolutions have a bias and no batch normalization, and the largest ones in a module are 5x5. Local response
normalization stands where Figure 3 has it; its constants, which the paper does not name, are those of the reference
model in Caffe (bvlc_googlenet).
"""

from typing import NamedTuple

from torch import Tensor, nn

from mien.train.backbones.base import Build, Network, Row
from mien.train.backbones.inception.blocks import GridPool, MaxPool, Mixed, mixed


class PlainConv(NamedTuple):
    """A convolution with bias and ReLU."""

    channels: int
    kernel: int = 1
    stride: int = 1

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        return conv_relu(how.inputs, self.channels, self.kernel, self.stride), self.channels


class LocalResponseNorm(NamedTuple):
    """x / (1 + 1e-4 m)^0.75, m the mean of the squares over five neighboring channels."""

    stride: int = 1

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0), how.inputs


class AuxiliaryHead(nn.Module):
    """Mean over 5x5 with stride 3, 1x1 convolution, two linear layers with dropout between (Section 5)."""

    def __init__(self, inputs: int, num_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            GridPool(4), conv_relu(inputs, 128, 1), nn.Flatten(),
            nn.Linear(4 * 4 * 128, 1024), nn.ReLU(inplace=True), nn.Dropout(0.7), nn.Linear(1024, num_classes),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, num_classes)."""
        out: Tensor = self.layers(x)
        return out


def inception(n1: int, reduce3: int, n3: int, reduce5: int, n5: int, pool: int) -> Mixed:
    """A module by the columns of Table 1: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj."""
    return mixed(
        [PlainConv(n1)],
        [PlainConv(reduce3), PlainConv(n3, 3)],
        [PlainConv(reduce5), PlainConv(n5, 5)],
        [MaxPool(3, 1), PlainConv(pool)],
    )


def conv_relu(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution with bias that keeps the size, and ReLU.

    Weights are drawn as of He et al. 2015: without normalization the signal would else die over 22 layers.
    """
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return nn.Sequential(conv, nn.ReLU(inplace=True))


TABLE_1: tuple[Row, ...] = (
    PlainConv(64, 7, 2),
    MaxPool(3, 2),
    LocalResponseNorm(),
    PlainConv(64),
    PlainConv(192, 3),
    LocalResponseNorm(),
    MaxPool(3, 2),
    inception(64, 96, 128, 16, 32, 32),  # 3a
    inception(128, 128, 192, 32, 96, 64),
    MaxPool(3, 2),
    inception(192, 96, 208, 16, 48, 64),  # 4a
    inception(160, 112, 224, 24, 64, 64),
    inception(128, 128, 256, 24, 64, 64),
    inception(112, 144, 288, 32, 64, 64),  # 4d
    inception(256, 160, 320, 32, 128, 128),
    MaxPool(3, 2),
    inception(256, 160, 320, 32, 128, 128),  # 5a
    inception(384, 192, 384, 48, 128, 128),
)

NETWORKS = {"googlenet": Network(TABLE_1, taps=(10, 13), aux=AuxiliaryHead, dropout=0.4)}
"""Taps after 4a and 4d."""
