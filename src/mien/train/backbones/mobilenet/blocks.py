"""Rows and blocks that more than one MobileNet has."""

from typing import NamedTuple

from torch import Tensor, nn

from mien.train.backbones.base import Build, DropPath, conv_bn, scaled


class Conv(NamedTuple):
    """A convolution with batch normalization and an activation.

    divisor: channels times width become a multiple of it. shrinks: False for the last layer before the
    classifier, which a width multiplier below 1 leaves as it is (Sandler et al. 2018, Section 5).
    """

    kernel: int
    stride: int
    channels: int
    act: type[nn.Module] = nn.ReLU
    divisor: int = 8
    shrinks: bool = True

    def build(self, how: Build) -> tuple[nn.Module, int]:
        """The layer and its output channels."""
        outputs = scaled(self.channels, how.width if self.shrinks else max(1.0, how.width), self.divisor)
        return conv_bn(how.inputs, outputs, self.kernel, self.stride, act=self.act), outputs


class SqueezeExcite(nn.Module):
    """Weigh channels by what is in them everywhere: x h(W2 relu(W1 mean(x))), h(a) = relu6(a + 3) / 6.

    Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018; a quarter of the channels in the middle and the
    hard sigmoid as in Howard et al., "Searching for MobileNetV3", ICCV 2019, Sections 5.2 and 5.3.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        middle = scaled(channels / 4)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, middle, 1), nn.ReLU(inplace=True),
            nn.Conv2d(middle, channels, 1), nn.Hardsigmoid(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        out: Tensor = x * self.gate(x)
        return out


class Residual(nn.Module):
    """A body that is added to its input where the shapes allow, left out at random while training."""

    def __init__(self, body: nn.Sequential, residual: bool, drop_path: float) -> None:
        super().__init__()
        self.body = body
        self.residual = residual
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / stride, W / stride)."""
        out: Tensor = self.body(x)
        return x + self.drop_path(out) if self.residual else out


def inverted_residual(
    how: Build, middle: int, outputs: int, kernel: int, stride: int, act: type[nn.Module], squeeze: bool = False
) -> Residual:
    """Expand to `middle` channels, depthwise, squeeze-excite where wanted, project without activation.

    Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, Table 1 and Figure 4d.
    """
    layers: list[nn.Module] = []
    if middle != how.inputs:
        layers.append(conv_bn(how.inputs, middle, 1, act=act))
    layers.append(conv_bn(middle, middle, kernel, stride, middle, act=act))
    if squeeze:
        layers.append(SqueezeExcite(middle))
    layers.append(conv_bn(middle, outputs, 1, act=None))
    return Residual(nn.Sequential(*layers), stride == 1 and how.inputs == outputs, how.drop_path)
