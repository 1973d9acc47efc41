"""Effective receptive field: how much each pixel of a picture weighs in the centre of the last feature map.

Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural Networks", NIPS 2016: the gradient
of the centre of the map, summed over its channels, with respect to the pixels; here its magnitude, summed over the
channels of the picture. The theoretical field says which pixels can matter, this one which do.
"""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mien.errors import InputError, expect
from mien.profile.axes import Axis
from mien.profile.effective_field import Box, EffectiveField
from mien.profile.effective_figure import draw_effective, save_effective
from mien.profile.graph import Layer
from mien.profile.moves import Field
from mien.profile.profiler import profile
from mien.profile.receptive_field import summary
from mien.profile.report import Report

__all__ = ["EffectiveField", "draw_effective", "effective_field", "photo_tensor", "save_effective", "settle"]


def effective_field(model: nn.Module, picture: Tensor, origin: str = "") -> EffectiveField:
    """The effective field of the centre of the last feature map, on one picture (1, C, H, W).

    model: with weights, in evaluation mode for this; it is left as it is. origin: in words, what the result is of.
    Raises InputError for a model whose last map is not the output of one of its modules.

    >>> net = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3))
    >>> found = effective_field(net, torch.rand(1, 1, 9, 9))
    >>> found.box, int((found.weight > 0).sum())
    ((2, 2, 7, 7), 25)
    """
    expect(picture.ndim == 4 and len(picture) == 1, "picture", "of shape (1, C, H, W)", tuple(picture.shape))
    report = profile(model, inputs=[picture])
    layer = _layer(report)
    field = report.fields[layer.output.id] if layer.output else {}
    copy = deepcopy(model).eval().requires_grad_(False)
    pixels = picture.detach().clone().requires_grad_()
    kept: list[Tensor] = []
    keep: Callable[..., None] = lambda _, __, out: kept.append(out)  # noqa: E731
    copy.get_submodule(layer.path).register_forward_hook(keep)
    with torch.enable_grad():
        copy(pixels * 1)  # the first layer may work in place
        row, column = (side // 2 for side in kept[-1].shape[2:])
        (gradient,) = torch.autograd.grad(kept[-1][0, :, row, column].sum(), pixels)
    weight = gradient[0].abs().sum(0).double().numpy()
    total = weight.sum()
    shown = _shown(picture[0])
    return EffectiveField(weight / total if total else weight, _box(field, row, column), shown, origin)


def _layer(report: Report) -> Layer:
    """The innermost module that gave the last feature map, or one with the same field after it."""
    fields = report.fields
    for layer in reversed(report.graph.layers):
        value = layer.output
        if value is None or len(value.shape) != 4 or value.shape != report.feature_map or layer.calls != 1:
            continue
        if summary(fields.get(value.id, {})) == report.receptive:
            return layer
    raise InputError("'model' must have a module whose output is the last feature map. Got none in its tree.")


def _box(field: Field, row: int, column: int) -> Box:
    """The theoretical field (top, left, bottom, right) of one position of a map (1, C, H, W)."""
    (top, bottom), (left, right) = (_ends(field[0, dim], dim, place) for dim, place in ((2, row), (3, column)))
    return top, left, bottom + 1, right + 1


def _ends(axis: Axis, dim: int, place: int) -> tuple[int, int]:
    first, last = (np.take(ends, min(place, ends.shape[dim] - 1), dim).ravel()[0] for ends in (axis.first, axis.last))
    return int(first), int(last)


def _shown(picture: Tensor) -> NDArray[np.float64]:
    """The picture stretched to 0..1 for the eye, grey where it has not three channels."""
    values = picture.detach().double().numpy()
    values = values if len(values) == 3 else np.repeat(values.mean(0, keepdims=True), 3, axis=0)
    low, high = values.min(), values.max()
    return np.moveaxis((values - low) / (high - low if high > low else 1.0), 0, -1)


def photo_tensor(photo: NDArray[np.uint8], height: int, width: int) -> Tensor:
    """The middle of a photo (H, W, 3) at this size, values from -2 to 2: (1, 3, height, width).

    >>> tuple(photo_tensor(np.zeros((30, 40, 3), np.uint8), 16, 16).shape)
    (1, 3, 16, 16)
    """
    expect(photo.ndim == 3 and photo.shape[2] == 3, "photo", "of shape (H, W, 3)", photo.shape)
    scale = max(height / photo.shape[0], width / photo.shape[1])
    size = [max(height, round(photo.shape[0] * scale)), max(width, round(photo.shape[1] * scale))]
    pixels = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None].float()
    scaled = functional.interpolate(pixels, size, mode="bilinear", antialias=True)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    return (scaled[..., top : top + height, left : left + width] - 127.5) / 64


def settle(model: nn.Module, pictures: Tensor) -> nn.Module:
    """Let batch norms with fresh weights hold what they read on pictures (N, C, H, W) and their mirror images.

    Without that, values and gradients of fresh weights shrink from layer to layer, those of residual branches away.
    The model is changed, put in evaluation mode and returned.

    >>> net = settle(nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)), torch.rand(2, 1, 8, 8))
    >>> abs(float(net(torch.rand(64, 1, 8, 8)).detach().std()) - 1) < 0.5
    True
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        model.train()(torch.cat([pictures, pictures.flip(3)]))
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
    return model.eval()
