"""Xception.

Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017 (arXiv:1610.02357), Figure 5.
"""

from typing import NamedTuple

from torch import Tensor, nn

from mien.train.backbones.base import Build, DropPath, Network, Row, conv_bn
from mien.train.backbones.inception.blocks import BN_EPS, Conv


class Separable(NamedTuple):
    """A separable convolution with batch normalization and ReLU."""

    channels: int
    stride: int = 1

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        return nn.Sequential(separable(how.inputs, self.channels), nn.ReLU(inplace=True)), self.channels


class Block(NamedTuple):
    """Separable convolutions, each after a ReLU, and a shortcut around them.

    With stride 2 a max pooling follows them and the shortcut is a 1x1 convolution. first_act: the ReLU before the
    first one, which the first block of the network lacks.
    """

    stride: int
    channels: tuple[int, ...]
    first_act: bool = True

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        inputs, outputs = how.inputs, self.channels[-1]
        layers: list[nn.Module] = []
        for index, channels in enumerate(self.channels):
            if index or self.first_act:
                layers.append(nn.ReLU())
            layers.append(separable(inputs, channels))
            inputs = channels
        if self.stride == 1:
            return Residual(nn.Sequential(*layers), nn.Identity(), how.drop_path), outputs
        layers.append(nn.MaxPool2d(3, self.stride, 1))
        shortcut = conv_bn(how.inputs, outputs, 1, self.stride, act=None, eps=BN_EPS)
        return Residual(nn.Sequential(*layers), shortcut, how.drop_path), outputs


class Residual(nn.Module):
    """y = shortcut(x) + f(x), f left out at random while training."""

    def __init__(self, body: nn.Module, shortcut: nn.Module, drop_path: float) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / stride, W / stride)."""
        out: Tensor = self.shortcut(x) + self.drop_path(self.body(x))
        return out


def separable(inputs: int, outputs: int) -> nn.Sequential:
    """Depthwise 3x3, pointwise, batch normalization; nothing between the first two (Section 4.7)."""
    depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
    return nn.Sequential(depthwise, conv_bn(inputs, outputs, 1, act=None, eps=BN_EPS))


FIGURE_5: tuple[Row, ...] = (
    Conv(32, 3, 2, valid=True),
    Conv(64, 3, valid=True),
    Block(2, (128, 128), first_act=False),
    Block(2, (256, 256)),
    Block(2, (728, 728)),
    *[Block(1, (728, 728, 728))] * 8,
    Block(2, (728, 1024)),
    Separable(1536),
    Separable(2048),
)

NETWORKS = {"xception": Network(FIGURE_5, size=299, dropout=0.5)}
