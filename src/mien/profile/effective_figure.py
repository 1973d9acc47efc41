"""An effective field on its picture, beside the theoretical one."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.errors import SinkError
from mien.profile.effective_field import SHARE, Box, EffectiveField

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

THEORY, EFFECT = "#19a974", "#ff7f0e"


def draw_effective(field: EffectiveField) -> "Figure":
    """Left all of the theoretical field, right the picture with what its pixels weigh; both boxes on both."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5.4), layout="constrained", facecolor="white")
    whole, near = figure.subplots(1, 2)
    height, width = field.weight.shape
    inside = field.holding()
    _draw(whole, field.picture, field.box, inside)
    _see(whole, _union(field.box, (0, 0, height, width)))
    _draw(near, overlaid(field), field.box, inside)
    _see(near, _union(inside, (0, 0, height, width)))
    whole.set_title(f"theoretical field {_sides(field.box)} px", fontsize=11, color=THEORY)
    near.set_title(f"{_sides(inside)} px hold {SHARE:.0%} of the gradient", fontsize=11, color="#c05a00")
    if field.origin:
        figure.supxlabel(field.origin, fontsize=9, color="0.35")
    return figure


def save_effective(field: EffectiveField, path: Path) -> Path:
    """Write the drawing as a picture file. Raises SinkError where that fails."""
    try:
        draw_effective(field).savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise SinkError(f"The field cannot be drawn to {str(path)!r}: {error}") from error
    return path


def overlaid(field: EffectiveField) -> NDArray[np.float64]:
    """The picture in dim grey, glowing where its pixels weigh: root of the weight by that of the heaviest pixels."""
    from matplotlib import colormaps

    heavy = np.quantile(field.weight, 0.999) or field.weight.max() or 1.0
    strength = np.sqrt(np.minimum(field.weight / heavy, 1))[..., None]
    grey = np.repeat(0.55 * field.picture.mean(2, keepdims=True), 3, axis=2)
    glow: NDArray[np.float64] = colormaps["inferno"](0.35 + 0.6 * strength[..., 0])[..., :3]
    shown: NDArray[np.float64] = grey * (1 - strength) + glow * strength
    return shown


def _draw(axes: "Axes", picture: NDArray[np.float64], *boxes: Box) -> None:
    from matplotlib.patches import Rectangle

    axes.imshow(picture)
    axes.set_facecolor("0.9")
    axes.tick_params(labelsize=8)
    for (top, left, bottom, right), colour in zip(boxes, (THEORY, EFFECT), strict=True):
        axes.add_patch(Rectangle((left - 0.5, top - 0.5), right - left, bottom - top, fill=False, ec=colour, lw=1.8))


def _see(axes: "Axes", box: Box) -> None:
    top, left, bottom, right = box
    margin = 0.02 * max(bottom - top, right - left)
    axes.set_xlim(left - 0.5 - margin, right - 0.5 + margin)
    axes.set_ylim(bottom - 0.5 + margin, top - 0.5 - margin)


def _union(box: Box, other: Box) -> Box:
    return (min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3]))


def _sides(box: Box) -> str:
    return f"{box[2] - box[0]} x {box[3] - box[1]}"
