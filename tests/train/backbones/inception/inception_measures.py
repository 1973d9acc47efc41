"""Counts of parameters, operations and receptive fields, by the conventions of the published tables."""

from collections.abc import Callable
from functools import cache, reduce
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mien.train.backbones.base import Backbone, Classifier, Row
from mien.train.backbones.inception.blocks import Concat
from mien.train.backbones.inception.inception_resnet import ScaledResidual
from mien.train.backbones.inception.xception import Residual
from mien.train.backbones.registry import create_classifier

Count = Callable[[Any, Tensor, Tensor], int]


class Geometry(NamedTuple):
    """Receptive field, stride and padding in pixels of the picture, along the height."""

    field: int = 1
    stride: int = 1
    padding: int = 0


@cache
def whole(name: str, aux: bool = False) -> Classifier:
    """A paper's network for 1000 classes, without memory for its weights; not to be changed."""
    with torch.device("meta"):
        return create_classifier(name, 1000, aux=aux).eval()


def backbone_of(table: tuple[Row, ...], **options: Any) -> Backbone:
    """A backbone without memory for its weights."""
    with torch.device("meta"):
        return Backbone(table, **options).eval()


def blank(size: int, channels: int = 3) -> Tensor:
    return torch.zeros(1, channels, size, size, device="meta")


def params(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def normalised_channels(module: nn.Module) -> int:
    return sum(m.num_features for m in module.modules() if isinstance(m, nn.BatchNorm2d))


def multiply_adds(module: nn.Module, x: Tensor) -> int:
    """What torch counts: of convolutions and linear layers, without biases."""
    with FlopCounterMode(display=False) as counter:
        module(x)
    return counter.get_total_flops() // 2


def summed(module: nn.Module, x: Tensor, count: Count) -> tuple[int, Tensor]:
    """The sum of count(layer, input, output) over all layers inside, and what the module gives."""
    counts: list[int] = []
    hooks = [
        m.register_forward_hook(lambda layer, given, out: counts.append(count(layer, given[0], out)))
        for m in module.modules()
    ]
    out = module(x)
    for hook in hooks:
        hook.remove()
    return sum(counts), out


def cost(layer: Any, given: Tensor, out: Tensor) -> int:
    """Multiply-adds of convolutions and linear layers, without biases."""
    return int(layer.weight[0].numel()) * out.numel() if isinstance(layer, nn.Conv2d | nn.Linear) else 0


def normalised(layer: nn.Module, given: Tensor, out: Tensor) -> int:
    """Values that batch normalisation gives."""
    return out.numel() if isinstance(layer, nn.BatchNorm2d) else 0


def activations(layer: nn.Module, given: Tensor, out: Tensor) -> int:
    """Values that convolutions and linear layers give (fvcore, timm's "macts")."""
    return out.numel() if isinstance(layer, nn.Conv2d | nn.Linear) else 0


def imgclsmob_ops(layer: Any, given: Tensor, out: Tensor) -> int:
    """What `measure_model` of imgclsmob counts, published divided by two.

    Four operations a value for batch normalisation, one for ReLU, k k for pooling, and for a convolution without
    bias as many less than two a multiply-add as it has pairs of channels.
    """
    match layer:
        case nn.Conv2d():
            pairs = layer.in_channels * layer.out_channels // layer.groups
            multiplied = layer.weight[0, 0].numel() * out[0, 0].numel()
            return pairs * (2 * multiplied - (layer.bias is None))
        case nn.Linear():
            return layer.out_features * (2 * layer.in_features - (layer.bias is None))
        case nn.BatchNorm2d() | nn.BatchNorm1d():
            return 4 * given.numel()
        case nn.ReLU() | nn.AdaptiveAvgPool2d():
            return given.numel()
        case nn.MaxPool2d() | nn.AvgPool2d():
            return out.numel() * layer.kernel_size**2
    return 0


def slim_ops(layer: Any, given: Tensor, out: Tensor) -> int:
    """What TensorFlow's profiler counts in slim's networks: batch normalisation is folded into a bias.

    Two a multiply-add and one a value of a convolution, k k for pooling, one a value of a scaled residual branch.
    """
    match layer:
        case nn.Conv2d():
            return (2 * layer.weight[0].numel() + 1) * out.numel()
        case nn.MaxPool2d() | nn.AvgPool2d():
            return out.numel() * layer.kernel_size**2
        case ScaledResidual():
            return out.numel()
    return 0


def geometry(layer: Any, before: Geometry) -> Geometry:
    """What a layer makes of what was before it, along its longest path."""
    match layer:
        case nn.Sequential():
            return reduce(lambda so_far, inner: geometry(inner, so_far), layer, before)
        case Concat():
            return max(geometry(branch, before) for branch in layer.branches)
        case ScaledResidual() | Residual():
            return max(before, geometry(layer.body, before))
        case nn.Conv2d():
            return window(before, layer.kernel_size[0], layer.stride[0], int(layer.padding[0]))
        case nn.MaxPool2d() | nn.AvgPool2d():
            return window(before, layer.kernel_size, layer.stride, layer.padding)
    return before


def window(before: Geometry, kernel: int, stride: int, padding: int) -> Geometry:
    """field + (kernel - 1) s, s * stride, padding + p s: Araujo et al., Distill 2019, equations 2 and 3."""
    field = before.field + (kernel - 1) * before.stride
    return Geometry(field, before.stride * stride, before.padding + padding * before.stride)
