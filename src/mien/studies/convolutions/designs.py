"""Designs of one or two convolutions, and their counts: by formula, and by the profiler.

Maps keep their size (padding (k - 1) d / 2) but for strides. Kernels are odd.
"""

from dataclasses import dataclass
from math import prod

import torch
from torch import nn

from mien.profile import profile


@dataclass(frozen=True, slots=True)
class Layer:
    """One convolution: kernel (height, width), channels, groups, stride, dilation."""

    kernel: tuple[int, int]
    inputs: int
    outputs: int
    groups: int = 1
    stride: int = 1
    dilation: int = 1

    @property
    def products(self) -> int:
        """K = k_h k_w C_in / groups: what one output sums."""
        return prod(self.kernel) * self.inputs // self.groups


Design = tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Parameters, multiplications and additions of a design, and its field (height, width)."""

    parameters: int
    multiplications: int
    additions: int
    field: tuple[int, int]


COUNTED = ("parameters", "multiplications", "additions")


def by_formula(design: Design, bias: bool, side: int) -> Counts:
    """K C_out (+ C_out) parameters; at each position K C_out multiplications and (K - 1) C_out (+ C_out) additions.

    The field goes from the last layer to the first: RF = (RF - 1) s + (k - 1) d + 1.

    >>> by_formula((Layer((3, 3), 4, 8),), True, 10)
    Counts(parameters=296, multiplications=28800, additions=28800, field=(3, 3))
    """
    parameters = multiplications = additions = 0
    for layer in design:
        side = -(-side // layer.stride)
        parameters += (layer.products + bias) * layer.outputs
        multiplications += side**2 * layer.products * layer.outputs
        additions += side**2 * (layer.products - 1 + bias) * layer.outputs
    return Counts(parameters, multiplications, additions, (_field(design, 0), _field(design, 1)))


def _field(design: Design, axis: int) -> int:
    size = 1
    for layer in reversed(design):
        size = (size - 1) * layer.stride + (layer.kernel[axis] - 1) * layer.dilation + 1
    return size


def build(design: Design, bias: bool, device: str = "meta") -> nn.Sequential:
    """The layers in a chain."""
    with torch.device(device):
        return nn.Sequential(
            *(
                nn.Conv2d(
                    layer.inputs, layer.outputs, layer.kernel, layer.stride,
                    tuple((k - 1) * layer.dilation // 2 for k in layer.kernel),  # type: ignore[arg-type]
                    layer.dilation, layer.groups, bias,
                )
                for layer in design
            )
        )  # fmt: skip


def by_profiler(design: Design, bias: bool, side: int) -> Counts:
    """What `mien.profile` counts."""
    report = profile(build(design, bias), (1, design[0].inputs, side, side))
    high, wide = report.receptive_field or (0, 0)
    return Counts(report.parameters, report.multiplications, report.additions, (high, wide))


def square(k: int, a: int, b: int, stride: int = 1, dilation: int = 1) -> Design:
    """One k x k convolution."""
    return (Layer((k, k), a, b, stride=stride, dilation=dilation),)


def two_threes(a: int, m: int, b: int, stride: int = 1) -> Design:
    """Two 3x3 convolutions, the last one with the stride, so that the field stays 5x5."""
    return Layer((3, 3), a, m), Layer((3, 3), m, b, stride=stride)


def strips(k: int, a: int, m: int, b: int) -> Design:
    """1 x k, then k x 1."""
    return Layer((1, k), a, m), Layer((k, 1), m, b)


def separable(k: int, a: int, b: int) -> Design:
    """A k x k depthwise convolution, then a pointwise one."""
    return Layer((k, k), a, a, groups=a), Layer((1, 1), a, b)
