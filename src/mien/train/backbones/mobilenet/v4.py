"""MobileNetV4-Conv-Small, -Medium and -Large.

Qin et al., "MobileNetV4: Universal Models for the Mobile Ecosystem", ECCV 2024, Tables 11 to 13 (arXiv:2404.10518).
The paper has no width multiplier; it is that of MobileNetV2.
"""

from typing import NamedTuple

from torch import nn

from mien.train.backbones.base import Build, Network, conv_bn, scaled
from mien.train.backbones.mobilenet.blocks import Conv, Residual


class FusedIB(NamedTuple):
    """A 3x3 convolution that expands, and a projection without activation."""

    kernel: int
    stride: int
    channels: int
    expansion: float

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        middle, outputs = scaled(how.inputs * self.expansion), scaled(self.channels, how.width)
        body = nn.Sequential(
            conv_bn(how.inputs, middle, self.kernel, self.stride),
            conv_bn(middle, outputs, 1, act=None),
        )
        return Residual(body, self.stride == 1 and how.inputs == outputs, how.drop_path), outputs


class UIB(NamedTuple):
    """A universal inverted bottleneck: kernels of both depthwise convolutions (0: none), stride, width, expansion.

    Depthwise, expand, depthwise, project (paper, Figure 4). Both kernels: ExtraDW, the first: ConvNext-like, the
    second: inverted bottleneck, none: feed-forward network. The last depthwise convolution has the stride.
    """

    start_kernel: int
    middle_kernel: int
    stride: int
    channels: int
    expansion: float

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        inputs, middle, outputs = how.inputs, scaled(how.inputs * self.expansion), scaled(self.channels, how.width)
        layers: list[nn.Module] = []
        if self.start_kernel:
            stride = 1 if self.middle_kernel else self.stride
            layers.append(conv_bn(inputs, inputs, self.start_kernel, stride, inputs, act=None))
        layers.append(conv_bn(inputs, middle, 1))
        if self.middle_kernel:
            layers.append(conv_bn(middle, middle, self.middle_kernel, self.stride, middle))
        layers.append(conv_bn(middle, outputs, 1, act=None))
        residual = self.stride == 1 and inputs == outputs
        return Residual(nn.Sequential(*layers), residual, how.drop_path), outputs


CONV_SMALL: tuple[Conv | UIB, ...] = (
    Conv(3, 2, 32),
    Conv(3, 2, 32),
    Conv(1, 1, 32),
    Conv(3, 2, 96),
    Conv(1, 1, 64),
    UIB(5, 5, 2, 96, 3),
    *[UIB(0, 3, 1, 96, 2)] * 4,
    UIB(3, 0, 1, 96, 4),
    UIB(3, 3, 2, 128, 6),
    UIB(5, 5, 1, 128, 4),
    UIB(0, 5, 1, 128, 4),
    UIB(0, 5, 1, 128, 3),
    *[UIB(0, 3, 1, 128, 4)] * 2,
)

CONV_MEDIUM: tuple[Conv | FusedIB | UIB, ...] = (
    Conv(3, 2, 32),
    FusedIB(3, 2, 48, 4),
    UIB(3, 5, 2, 80, 4),
    UIB(3, 3, 1, 80, 2),
    UIB(3, 5, 2, 160, 6),
    UIB(3, 3, 1, 160, 4),
    UIB(3, 3, 1, 160, 4),
    UIB(3, 5, 1, 160, 4),
    UIB(3, 3, 1, 160, 4),
    UIB(3, 0, 1, 160, 4),
    UIB(0, 0, 1, 160, 2),
    UIB(3, 0, 1, 160, 4),
    UIB(5, 5, 2, 256, 6),
    UIB(5, 5, 1, 256, 4),
    UIB(3, 5, 1, 256, 4),
    UIB(3, 5, 1, 256, 4),
    UIB(0, 0, 1, 256, 4),
    UIB(3, 0, 1, 256, 4),
    UIB(3, 5, 1, 256, 2),
    UIB(5, 5, 1, 256, 4),
    UIB(0, 0, 1, 256, 4),
    UIB(0, 0, 1, 256, 4),
    UIB(5, 0, 1, 256, 2),
)

CONV_LARGE: tuple[Conv | FusedIB | UIB, ...] = (
    Conv(3, 2, 24),
    FusedIB(3, 2, 48, 4),
    UIB(3, 5, 2, 96, 4),
    UIB(3, 3, 1, 96, 4),
    UIB(3, 5, 2, 192, 4),
    *[UIB(3, 3, 1, 192, 4)] * 3,
    UIB(3, 5, 1, 192, 4),
    *[UIB(5, 3, 1, 192, 4)] * 5,
    UIB(3, 0, 1, 192, 4),
    UIB(5, 5, 2, 512, 4),
    *[UIB(5, 5, 1, 512, 4)] * 3,
    UIB(5, 0, 1, 512, 4),
    UIB(5, 3, 1, 512, 4),
    *[UIB(5, 0, 1, 512, 4)] * 2,
    UIB(5, 3, 1, 512, 4),
    UIB(5, 5, 1, 512, 4),
    *[UIB(5, 0, 1, 512, 4)] * 3,
)

NECK, HEAD = (Conv(1, 1, 960),), (Conv(1, 1, 1280, shrinks=False),)

NETWORKS = {
    "mobilenet_v4_conv_small": Network(CONV_SMALL, NECK, HEAD, size=224, dropout=0.3, scales=True),
    "mobilenet_v4_conv_medium": Network(CONV_MEDIUM, NECK, HEAD, size=256, dropout=0.2, scales=True),
    "mobilenet_v4_conv_large": Network(CONV_LARGE, NECK, HEAD, size=384, dropout=0.2, scales=True),
}
"""Sizes and dropout of the authors' recipes (tensorflow/models, official/vision)."""
