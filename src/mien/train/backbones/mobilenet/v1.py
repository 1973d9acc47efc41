"""MobileNet.

Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017
(arXiv:1704.04861), Table 1. All channels are multiplied by the width, alpha in the paper, and not rounded further.
"""

from typing import NamedTuple

from torch import nn

from mien.train.backbones.base import Build, Network, conv_bn, scaled
from mien.train.backbones.mobilenet.blocks import Conv


class Separable(NamedTuple):
    """A depthwise 3x3 and a pointwise convolution: two rows of the paper's table, Figure 3 right."""

    stride: int
    channels: int
    act: type[nn.Module] = nn.ReLU

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        outputs = scaled(self.channels, how.width, divisor=1)
        depthwise = conv_bn(how.inputs, how.inputs, 3, self.stride, how.inputs, self.act)
        return nn.Sequential(depthwise, conv_bn(how.inputs, outputs, 1, act=self.act)), outputs


TABLE_1: tuple[Conv | Separable, ...] = (
    Conv(3, 2, 32, divisor=1),
    Separable(1, 64),
    Separable(2, 128),
    Separable(1, 128),
    Separable(2, 256),
    Separable(1, 256),
    Separable(2, 512),
    *[Separable(1, 512)] * 5,
    Separable(2, 1024),
    Separable(1, 1024),  # "s2" in the paper, which would not give the 7 x 7 map of its next row
)

NETWORKS = {"mobilenet_v1": Network(TABLE_1, dropout=0.001, scales=True)}
"""Dropout of the authors' code (slim keeps 0.999); the paper names none."""

_CUT_OFF = tuple(row._replace(act=nn.ReLU6) for row in TABLE_1)
VARIANTS = {"mobilenet_v1_relu6": Network(_CUT_OFF, dropout=0.001, scales=True)}
"""As the authors' code has it, and so all published weights: activations end at 6, of which the paper says nothing."""
