"""MobileNetV3-Small and -Large.

Howard et al., "Searching for MobileNetV3", ICCV 2019, Tables 1 and 2; dropout of Section 6.1.1 (keep 0.8).
"""

from typing import NamedTuple

from torch import nn

from mien.train.backbones.base import Build, Network, scaled
from mien.train.backbones.mobilenet.blocks import Conv, inverted_residual

RE, HS = nn.ReLU, nn.Hardswish


class Bneck(NamedTuple):
    """A line of the paper's tables: channels of its input, kernel, exp size, #out, SE, NL, s.

    At another width the layer expands by the same factor, as in the authors' code: exp size / inputs.
    """

    inputs: int
    kernel: int
    expansion: int
    channels: int
    squeeze: bool
    act: type[nn.Module]
    stride: int

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        middle = scaled(how.inputs * self.expansion / self.inputs)
        outputs = scaled(self.channels, how.width)
        return inverted_residual(how, middle, outputs, self.kernel, self.stride, self.act, self.squeeze), outputs


class Dense(NamedTuple):
    """A 1x1 convolution of the pooled map with bias and h-swish, without normalization; never narrower."""

    channels: int
    stride: int = 1

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        outputs = scaled(self.channels, max(1.0, how.width))
        return nn.Sequential(nn.Conv2d(how.inputs, outputs, 1), HS(inplace=True)), outputs


LARGE: tuple[Conv | Bneck, ...] = (
    Conv(3, 2, 16, HS),
    Bneck(16, 3, 16, 16, False, RE, 1),
    Bneck(16, 3, 64, 24, False, RE, 2),
    Bneck(24, 3, 72, 24, False, RE, 1),
    Bneck(24, 5, 72, 40, True, RE, 2),
    Bneck(40, 5, 120, 40, True, RE, 1),
    Bneck(40, 5, 120, 40, True, RE, 1),
    Bneck(40, 3, 240, 80, False, HS, 2),
    Bneck(80, 3, 200, 80, False, HS, 1),
    Bneck(80, 3, 184, 80, False, HS, 1),
    Bneck(80, 3, 184, 80, False, HS, 1),
    Bneck(80, 3, 480, 112, True, HS, 1),
    Bneck(112, 3, 672, 112, True, HS, 1),
    Bneck(112, 5, 672, 160, True, HS, 2),
    Bneck(160, 5, 960, 160, True, HS, 1),
    Bneck(160, 5, 960, 160, True, HS, 1),
)

SMALL: tuple[Conv | Bneck, ...] = (
    Conv(3, 2, 16, HS),
    Bneck(16, 3, 16, 16, True, RE, 2),
    Bneck(16, 3, 72, 24, False, RE, 2),
    Bneck(24, 3, 88, 24, False, RE, 1),
    Bneck(24, 5, 96, 40, True, HS, 2),
    Bneck(40, 5, 240, 40, True, HS, 1),
    Bneck(40, 5, 240, 40, True, HS, 1),
    Bneck(40, 5, 120, 48, True, HS, 1),
    Bneck(48, 5, 144, 48, True, HS, 1),
    Bneck(48, 5, 288, 96, True, HS, 2),
    Bneck(96, 5, 576, 96, True, HS, 1),
    Bneck(96, 5, 576, 96, True, HS, 1),
)

NETWORKS = {
    "mobilenet_v3_small": Network(SMALL, neck=(Conv(1, 1, 576, HS),), head=(Dense(1024),), dropout=0.2, scales=True),
    "mobilenet_v3_large": Network(LARGE, neck=(Conv(1, 1, 960, HS),), head=(Dense(1280),), dropout=0.2, scales=True),
}
