"""MobileNetV4-Conv-Small.

Qin et al., "MobileNetV4: Universal Models for the Mobile Ecosystem", ECCV 2024, Table 11.
"""

from typing import NamedTuple

from torch import Tensor, nn


class ConvSpec(NamedTuple):
    """A convolution with batch normalisation and ReLU."""

    kernel: int
    stride: int
    channels: int


class UIBSpec(NamedTuple):
    """A universal inverted bottleneck: kernels of both depthwise convolutions (0: none), stride, width, expansion."""

    start_kernel: int
    middle_kernel: int
    stride: int
    channels: int
    expansion: float


CONV_SMALL: tuple[ConvSpec | UIBSpec, ...] = (
    ConvSpec(3, 2, 32),
    ConvSpec(3, 2, 32),
    ConvSpec(1, 1, 32),
    ConvSpec(3, 2, 96),
    ConvSpec(1, 1, 64),
    UIBSpec(5, 5, 2, 96, 3.0),
    UIBSpec(0, 3, 1, 96, 2.0),
    UIBSpec(0, 3, 1, 96, 2.0),
    UIBSpec(0, 3, 1, 96, 2.0),
    UIBSpec(0, 3, 1, 96, 2.0),
    UIBSpec(3, 0, 1, 96, 4.0),
    UIBSpec(3, 3, 2, 128, 6.0),
    UIBSpec(5, 5, 1, 128, 4.0),
    UIBSpec(0, 5, 1, 128, 4.0),
    UIBSpec(0, 5, 1, 128, 3.0),
    UIBSpec(0, 3, 1, 128, 4.0),
    UIBSpec(0, 3, 1, 128, 4.0),
)


def scaled(channels: float, multiplier: float = 1.0) -> int:
    """Channels times the width multiplier, to the next multiple of 8 that loses at most a tenth.

    >>> scaled(32, 0.75), scaled(96, 0.75)
    (24, 72)
    """
    wanted = channels * multiplier
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def conv_bn(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, act: bool = True
) -> nn.Sequential:
    """Convolution without bias, batch normalisation, ReLU where wanted."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if act else []))


class UniversalInvertedBottleneck(nn.Module):
    """Depthwise, expand, depthwise, project; added to its input where the shapes allow (paper, Figure 4)."""

    def __init__(self, inputs: int, spec: UIBSpec, outputs: int) -> None:
        super().__init__()
        middle = scaled(inputs * spec.expansion)
        layers: list[nn.Module] = []
        if spec.start_kernel:
            stride = 1 if spec.middle_kernel else spec.stride
            layers.append(conv_bn(inputs, inputs, spec.start_kernel, stride, inputs, act=False))
        layers.append(conv_bn(inputs, middle, 1))
        if spec.middle_kernel:
            layers.append(conv_bn(middle, middle, spec.middle_kernel, spec.stride, middle))
        layers.append(conv_bn(middle, outputs, 1, act=False))
        self.body = nn.Sequential(*layers)
        self.residual = spec.stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / stride, W / stride)."""
        out: Tensor = self.body(x)
        return x + out if self.residual else out


class MobileNetV4(nn.Module):
    """Feature map (B, num_features, H / 32, W / 32) of pictures (B, in_channels, H, W).

    >>> import torch
    >>> MobileNetV4(width=0.5).eval()(torch.zeros(1, 3, 112, 112)).shape
    torch.Size([1, 64, 4, 4])
    """

    def __init__(
        self, specs: tuple[ConvSpec | UIBSpec, ...] = CONV_SMALL, width: float = 1.0, in_channels: int = 3
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for spec in specs:
            outputs = scaled(spec.channels, width)
            if isinstance(spec, ConvSpec):
                layers.append(conv_bn(channels, outputs, spec.kernel, spec.stride))
            else:
                layers.append(UniversalInvertedBottleneck(channels, spec, outputs))
            channels = outputs
        self.layers = nn.Sequential(*layers)
        self.num_features = channels

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, num_features, H / 32, W / 32)."""
        out: Tensor = self.layers(x)
        return out
