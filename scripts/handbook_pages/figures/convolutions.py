"""Where one 5x5 has fewer weights than two 3x3, and what a separable convolution saves."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, FAINT, GRAY, GREEN, INK, ORANGE, PURPLE

STUDY = "convolutions"
MIDDLES = {
    "as wide as the output": (lambda t: 9 * (1 + t) / 25, BLUE),
    "as wide as the input": (lambda t: 9 * (1 + t) / (25 * t), GREEN),
    "root of both": (lambda t: 9 * (1 + t) / (25 * np.sqrt(t)), PURPLE),
}
SEPARABLE = {3: ("separable / standard 3x3", ORANGE), 5: ("separable / standard 5x5", GRAY)}


def draw() -> Figure:
    """Turning points on the left, shares on the right."""
    figure = Figure(figsize=(9, 4))
    left, right = figure.subplots(1, 2)
    _draw_turns(left)
    _draw_shares(right)
    return figure


def _draw_turns(axes: Axes) -> None:
    t = np.geomspace(1 / 8, 8, 81)
    axes.axhspan(1, 3.5, color=FAINT, alpha=0.5, lw=0)
    for name, (share, color) in MIDDLES.items():
        axes.plot(t, share(t), color=color, lw=2, label=f"middle {name}")
    for turn, text, side in ((16 / 9, "16/9", (-4, 7)), (9 / 16, "9/16", (4, 7))):
        axes.plot(turn, 1, "o", color=INK, ms=5)
        axes.annotate(text, (turn, 1), side, textcoords="offset points", ha="right" if turn > 1 else "left")
    axes.plot(1, 18 / 25, "o", color=INK, ms=5)
    axes.annotate("18/25", (1, 18 / 25), (0, -17), textcoords="offset points", ha="center")
    axes.annotate("one 5x5 has fewer weights", (0.13, 3.05), fontsize=9)
    axes.annotate("two 3x3 have fewer weights", (0.13, 0.28), fontsize=9)
    axes.set(xscale="log", yscale="log", ylim=(0.25, 3.5), title="weights: two 3x3 / one 5x5", xlabel="C2 / C1")
    axes.set_xticks([0.125, 0.25, 0.5, 1, 2, 4, 8], ["1/8", "1/4", "1/2", "1", "2", "4", "8"])
    axes.set_yticks([0.25, 0.5, 1, 2, 3], ["0.25", "0.5", "1", "2", "3"])
    axes.minorticks_off()
    axes.legend(loc="upper center", fontsize=8.5, bbox_to_anchor=(0.52, 0.9))


def _draw_shares(axes: Axes) -> None:
    outputs = np.geomspace(1, 1024, 81)
    for kernel, (row, color) in SEPARABLE.items():
        axes.plot(outputs, 1 / outputs + 1 / kernel**2, color=color, lw=2, label=f"{kernel}x{kernel}, by 1/C2 + 1/K²")
        axes.axhline(1 / kernel**2, color=color, ls=":", lw=1)
        axes.plot(64, value(STUDY, row, "parameters, no biases"), "s", color=color, mec=INK, ms=7)
    axes.annotate("counted at 64", (64, 0.127), (6, 8), textcoords="offset points", fontsize=9)
    axes.annotate("never below 1/9", (1.1, 0.082), fontsize=9, color=ORANGE)
    axes.annotate("never below 1/25", (1.1, 0.0295), fontsize=9, color=GRAY)
    axes.set(
        xscale="log",
        yscale="log",
        title="weights: separable / standard",
        xlabel="output channels C2",
        ylim=(0.025, 1.5),
    )
    axes.set_xticks([1, 4, 16, 64, 256, 1024], ["1", "4", "16", "64", "256", "1024"])
    axes.set_yticks([0.04, 0.1, 0.3, 1], ["0.04", "0.1", "0.3", "1"])
    axes.minorticks_off()
    axes.legend(loc="upper right", fontsize=9)
