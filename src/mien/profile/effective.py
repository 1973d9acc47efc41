"""Effective receptive field: how much each pixel of a picture weighs in the centre of the last feature map.

Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural Networks", NIPS 2016: the gradient
of the centre of the map, summed over its channels, with respect to the pixels; here its magnitude, summed over the
channels of the picture. The theoretical field says which pixels can matter, this one which do.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.errors import InputError, SinkError, expect
from mien.profile.axes import Axis
from mien.profile.graph import Layer
from mien.profile.moves import Field
from mien.profile.profiler import profile
from mien.profile.receptive_field import summary
from mien.profile.report import Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class EffectiveField:
    """weight (H, W): share of each pixel, sums to 1. box: the theoretical field (top, left, bottom, right) in pixels.

    The box may reach out of the picture. picture (H, W, 3): values from 0 to 1.
    """

    weight: NDArray[np.float64]
    box: tuple[int, int, int, int]
    picture: NDArray[np.float64]

    @property
    def size(self) -> tuple[float, float]:
        """(height, width): four standard deviations of the weight along each axis, the width of a Gaussian's 95 %."""
        found = []
        for axis in (1, 0):
            line, place = self.weight.sum(axis), np.arange(self.weight.shape[1 - axis])
            mean = float(line @ place)
            found.append(4 * float(np.sqrt(line @ (place - mean) ** 2)))
        return found[0], found[1]

    def share_within(self, box: tuple[int, int, int, int]) -> float:
        """Weight of the pixels of a box (top, left, bottom, right), the ends left out."""
        top, left, bottom, right = box
        return float(self.weight[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)].sum())


def effective_field(model: nn.Module, picture: Tensor) -> EffectiveField:
    """The effective field of the centre of the last feature map, on one picture (1, C, H, W).

    model: with weights, in evaluation mode for this; it is left as it is. Raises InputError for a model whose last map
    is not the output of one of its modules.

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
    return EffectiveField(weight / total if total else weight, _box(field, row, column), shown)


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


def _box(field: Field, row: int, column: int) -> tuple[int, int, int, int]:
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


def draw_effective(found: EffectiveField) -> "Figure":
    """The picture, the weight of its pixels, and over both the theoretical field."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(9, 4.6), layout="constrained")
    top, left, bottom, right = found.box
    height, width = found.size
    for axes, values in zip(figure.subplots(1, 2), (found.picture, np.sqrt(found.weight)), strict=True):
        axes.imshow(values, cmap="magma")
        axes.add_patch(Rectangle((left - 0.5, top - 0.5), right - left, bottom - top, fill=False, edgecolor="#19a974"))
        axes.set_xlim(-0.5, values.shape[1] - 0.5)
        axes.set_ylim(values.shape[0] - 0.5, -0.5)
        axes.set_axis_off()
    figure.suptitle(
        f"theoretical {bottom - top} x {right - left} px (green), effective {height:.0f} x {width:.0f} px", fontsize=11
    )
    return figure


def save_effective(found: EffectiveField, path: Path) -> Path:
    """Write the drawing as a picture file. Raises SinkError where that fails."""
    try:
        draw_effective(found).savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise SinkError(f"The field cannot be drawn to {str(path)!r}: {error}") from error
    return path
