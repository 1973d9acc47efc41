"""Rows of our network tables as pictures: branches of an Inception block, the hourglass of a MobileNet block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle
from torch import nn

from handbook_pages.style import BLUE, GRAY, GREEN, INK, ORANGE, PAPER, PURPLE, RED
from mien.train.backbones.base import Build
from mien.train.backbones.registry import find_network

KINDS = {"1x1": GRAY, "3x3": BLUE, "5x5": ORANGE, "1xn": GREEN, "pool": PURPLE, "dw": RED}
"""Color of each kind of layer; dw: depthwise."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution or pooling with what acts on its result: an activation, squeeze-excite."""

    kernel: tuple[int, int]
    inputs: int
    outputs: int
    depthwise: bool = False
    pool: str = ""
    act: str = ""
    squeeze: bool = False

    @property
    def kind(self) -> str:
        """The key of KINDS."""
        if self.pool:
            return "pool"
        if self.depthwise:
            return "dw"
        if self.kernel == (1, 1):
            return "1x1"
        return "1xn" if 1 in self.kernel else f"{self.kernel[0]}x{self.kernel[0]}"

    @property
    def text(self) -> str:
        """Kernel and outputs in a few letters."""
        size = f"{self.kernel[0]}x{self.kernel[1]}"
        return f"{self.pool} {size}" if self.pool else f"{size}, {self.outputs}"


@dataclass(slots=True)
class Fork:
    """Chains of layers and forks side by side."""

    branches: list[list[Any]] = field(default_factory=list)


def block(network: str, row: int) -> tuple[nn.Module, int, int]:
    """The module of a row of a network's table, and its input and output channels."""
    channels = 3
    with torch.device("meta"):
        for index, entry in enumerate(find_network(network).table):
            module, outputs = entry.build(Build(channels))
            if index == row:
                return module, channels, outputs
            channels = outputs
    raise LookupError(f"{network} must have a row {row}. Got {index + 1} rows.")


def chain(module: nn.Module, channels: int) -> list[Any]:
    """Layers and forks of a module in their order; normalisations are left out, activations join their layer."""
    found: list[Any] = []
    for part in _parts(module):
        if isinstance(part, nn.Conv2d):
            depthwise = part.groups > 1
            kernel = (part.kernel_size[0], part.kernel_size[1])
            found.append(Layer(kernel, part.in_channels, part.out_channels, depthwise))
        elif isinstance(part, nn.MaxPool2d | nn.AvgPool2d):
            side = int(part.kernel_size) if isinstance(part.kernel_size, int) else part.kernel_size[0]
            found.append(
                Layer((side, side), channels, channels, pool="max" if "Max" in type(part).__name__ else "mean")
            )
        elif type(part).__name__ == "Concat":
            found.append(Fork([chain(branch, channels) for branch in part.branches]))
        elif found and isinstance(found[-1], Layer):
            found[-1] = _with(found[-1], part)
    return found


def _parts(module: nn.Module) -> Iterator[nn.Module]:
    """Leaves of a module, with concatenations and squeeze-excites whole."""
    whole = type(module).__name__ in ("Concat", "SqueezeExcite")
    inner = [] if whole else [child for name, child in module.named_children() if name not in ("shortcut", "drop_path")]
    if inner:
        for child in inner:
            yield from _parts(child)
    else:
        yield module


def _with(layer: Layer, part: nn.Module) -> Layer:
    name = type(part).__name__
    squeeze = name == "SqueezeExcite"
    act = {"ReLU": "ReLU", "ReLU6": "ReLU6", "Hardswish": "h-swish"}.get(name, layer.act)
    kept = (layer.kernel, layer.inputs, layer.outputs, layer.depthwise, layer.pool)
    return Layer(*kept, act=act, squeeze=layer.squeeze or squeeze)


def width(parts: Sequence[Any]) -> int:
    """Columns of a chain."""
    return max((sum(width(branch) for branch in part.branches) if isinstance(part, Fork) else 1) for part in parts)


def height(parts: Sequence[Any]) -> int:
    """Rows of a chain."""
    return sum(max(height(branch) for branch in part.branches) if isinstance(part, Fork) else 1 for part in parts)


def draw_chain(axes: Axes, parts: Sequence[Any], left: float, top: float, columns: float, bottom: float) -> None:
    """Boxes from the top down within some columns; a line leads on to `bottom`."""
    middle, y = left + columns / 2, top
    for part in parts:
        if isinstance(part, Fork):
            rows = max(height(branch) for branch in part.branches)
            _draw_fork(axes, part, left, y, columns, y - rows)
            y -= rows
        else:
            axes.plot([middle, middle], [y, y - 0.25], color=GRAY, lw=1)
            draw_box(axes, middle, y - 0.6, part.text, KINDS[part.kind])
            y -= 1
    if y > bottom:
        axes.plot([middle, middle], [y + 0.05, bottom], color=GRAY, lw=1)


def _draw_fork(axes: Axes, fork: Fork, left: float, top: float, columns: float, bottom: float) -> None:
    spread = columns / sum(width(branch) for branch in fork.branches)
    ends = []
    for branch in fork.branches:
        own = width(branch) * spread
        draw_chain(axes, branch, left, top, own, bottom)
        ends.append(left + own / 2)
        left += own
    for level in (top, bottom):
        axes.plot([ends[0], ends[-1]], [level, level], color=INK, lw=1.4)


def draw_box(axes: Axes, x: float, y: float, text: str, color: str) -> None:
    """A box with words."""
    axes.add_patch(Rectangle((x - 0.45, y - 0.31), 0.9, 0.58, fc=PAPER, ec=color, lw=1.6))
    axes.annotate(text, (x, y - 0.02), ha="center", va="center", fontsize=7)


def draw_hourglass(axes: Axes, layers: Sequence[Layer], inputs: int, joined: bool) -> None:
    """Layers as trapezoids as wide as their channels, from the top down; `joined`: the input is added to the output."""
    scale = 2.6 / max(max(layer.inputs, layer.outputs) for layer in layers)
    for row, layer in enumerate(layers):
        a, b, y = scale * layer.inputs / 2, scale * layer.outputs / 2, -1.25 * row
        corners = [(-a, y), (a, y), (b, y - 0.8), (-b, y - 0.8)]
        axes.add_patch(Polygon(corners, closed=True, fc=PAPER, ec=KINDS[layer.kind], lw=1.8))
        words = "depthwise" if layer.depthwise else ""
        said = ", ".join(word for word in (f"{layer.kernel[0]}x{layer.kernel[1]} {words}".strip(), layer.act) if word)
        place = (0, "center") if a + b > 1.4 else (max(a, b) + 0.08, "left")
        axes.annotate(said, (place[0], y - 0.4), ha=place[1], va="center", fontsize=7.5)
        if layer.squeeze:
            axes.annotate("× squeeze-excite", (0, y - 1.02), ha="center", va="center", fontsize=7.5, color=GREEN)
    for row, channels in enumerate([inputs, *(layer.outputs for layer in layers)]):
        axes.annotate(str(channels), (-1.95, -1.25 * row + (0.12 if row == 0 else 0.32)), ha="right", va="center",
                      fontsize=8, color=GRAY)  # fmt: skip
    end = -1.25 * len(layers) + 0.45
    if joined:
        axes.plot([0, 0, 1.75, 1.75, 0, 0], [0, 0.3, 0.3, end - 0.35, end - 0.35, end], color=INK, lw=1.2)
        axes.annotate("+", (0, end - 0.35), ha="center", va="center", fontsize=12)
    axes.set(xlim=(-2.6, 2.1), ylim=(-5, 0.7))


def legend(axes: Axes) -> None:
    """One line of what the colors mean."""
    names = {"1x1": "1x1", "3x3": "3x3", "5x5": "5x5", "1xn": "1xn and nx1", "pool": "pooling", "dw": "depthwise"}
    for place, (kind, name) in enumerate(names.items()):
        axes.plot([place, place + 0.2], [0, 0], color=KINDS[kind], lw=3)
        axes.annotate(name, (place + 0.27, 0), va="center", fontsize=9)
    axes.set(xlim=(-0.1, 6), ylim=(-1, 1))
    axes.set_axis_off()
