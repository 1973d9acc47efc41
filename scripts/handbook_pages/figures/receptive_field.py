"""The recurrence on a small network, the holes of dilation, and the fields of all backbones."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from handbook_pages.quotes import load
from handbook_pages.style import BLUE, FAINT, GRAY, GREEN, INK, ORANGE

LAYERS = (("conv 3, stride 2", 3, 2, 1), ("conv 3, dilation 2", 3, 1, 2), ("pool 2, stride 2", 2, 2, 1))
DILATIONS = ((1, 1, 1), (2, 2, 2), (1, 2, 3))
COLORS = (BLUE, GREEN, ORANGE)


def draw() -> Figure:
    """Above: the recurrence and the dilated stacks. Below: fields against inputs."""
    figure = Figure(figsize=(9.5, 6.6))
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.05))
    left, *others = above.subplots(1, 4, width_ratios=(2.1, 1, 1, 1))
    _draw_recurrence(left)
    for axes, dilations in zip(others, DILATIONS, strict=True):
        _draw_seen(axes, dilations)
    _draw_backbones(below.subplots())
    return figure


def seen(dilations: Sequence[int]) -> set[int]:
    """Offsets of the inputs that one output of a stack of 3-kernels reads, on one axis."""
    found = {0}
    for dilation in reversed(dilations):
        found = {place + step * dilation for place in found for step in (-1, 0, 1)}
    return found


def fields() -> list[int]:
    """RF at the last map, and with each layer from the last to the first."""
    sizes = [1]
    for _, kernel, stride, dilation in reversed(LAYERS):
        sizes.append((sizes[-1] - 1) * stride + (kernel - 1) * dilation + 1)
    return sizes


def _draw_recurrence(axes: Axes) -> None:
    names = [f"after {name}" for name, *_ in reversed(LAYERS)] + ["the image"]
    for row, (size, name) in enumerate(zip(fields(), names, strict=True)):
        y = -1.35 * row
        axes.add_patch(Rectangle((-size / 2, y), size, 0.55, color=[INK, ORANGE, GREEN, BLUE][row], lw=0))
        axes.annotate(name, (-7.4, y + 0.27), va="center", ha="right", fontsize=9)
        axes.annotate(str(size), (size / 2 + 0.3, y + 0.27), va="center", fontsize=9)
        if row:
            _, kernel, stride, dilation = LAYERS[-row]
            reach = f"({kernel} − 1)·{dilation} + 1" if dilation > 1 else f"{kernel}"
            axes.annotate(f"({fields()[row - 1]} − 1)·{stride} + {reach}", (0, y + 0.93), ha="center", va="center",
                          fontsize=8.5, color=GRAY)  # fmt: skip
    axes.set(xlim=(-18, 9), ylim=(-4.3, 0.9), title="from the last layer to the first")
    axes.set_axis_off()


def _draw_seen(axes: Axes, dilations: Sequence[int]) -> None:
    offsets = sorted(seen(dilations))
    side = sum(dilations)
    axes.add_patch(Rectangle((-side - 0.5, -side - 0.5), 2 * side + 1, 2 * side + 1, color=FAINT, lw=0))
    squares = [_square(x, y) for x in offsets for y in offsets]
    axes.add_patch(PathPatch(Path.make_compound_path(*squares), color=BLUE, lw=0))
    axes.set(xlim=(-7.5, 7.5), ylim=(-7.5, 7.5), aspect="equal")
    axes.set_title(f"dilation {', '.join(map(str, dilations))}:\nfield {2 * side + 1}, {len(offsets) ** 2} pixels",
                   fontsize=9)  # fmt: skip
    axes.set_axis_off()


def _square(x: int, y: int) -> Path:
    a = 0.42
    return Path([(x - a, y - a), (x + a, y - a), (x + a, y + a), (x - a, y + a), (x - a, y - a)], closed=True)


def _draw_backbones(axes: Axes) -> None:
    table = load("convolutions")["table"]
    name, side, field = (table["columns"].index(column) for column in ("network", "input, px", "field, px"))
    rows = sorted(table["rows"], key=lambda row: int(row[field].split()[0]), reverse=True)
    for place, row in enumerate(rows):
        size, inside = int(row[field].split()[0]), int(row[side])
        axes.barh(place, size, 0.62, color=BLUE)
        axes.barh(place, inside, 0.62, color=ORANGE)
        axes.annotate(f"{size}{' and global' if 'global' in row[field] else ''}", (size + 25, place), va="center",
                      fontsize=8.5)  # fmt: skip
    axes.set_yticks(range(len(rows)), [row[name] for row in rows], fontsize=8.5)
    axes.set(xlim=(0, 3600), xlabel="pixels", title="field of the last map (blue) and the input of the paper (orange)")
    axes.grid(visible=False, axis="y")
    axes.set_xticks(np.arange(0, 3501, 500))
