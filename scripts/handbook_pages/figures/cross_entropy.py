"""p - y as bars; where label smoothing's gradient ends; where the formula as written fails."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.style import BLUE, GRAY, GREEN, ORANGE, RED

LOGITS = np.array([2.0, 1.0, -1.0])
TARGET = np.array([0.0, 1.0, 0.0])


def draw() -> Figure:
    """The gradient of an example, of a logit, and two ways to compute the loss."""
    figure = Figure(figsize=(10, 3.6))
    left, middle, right = figure.subplots(1, 3)
    _draw_example(left)
    _draw_smoothing(middle)
    _draw_overflow(right)
    return figure


def _draw_example(axes: Axes) -> None:
    p = np.exp(LOGITS) / np.exp(LOGITS).sum()
    x = np.arange(len(p))
    series = ((p, "p", BLUE), (TARGET, "y", GRAY), (p - TARGET, "p − y", ORANGE))
    for shift, (values, name, color) in zip((-0.27, 0, 0.27), series, strict=True):
        axes.bar(x + shift, values, 0.25, color=color, label=name)
    axes.axhline(0, color=GRAY, lw=1)
    axes.set_xticks(x, [f"z = {z:g}" for z in LOGITS])
    axes.set(title="softmax, the label is the middle class", ylim=(-0.85, 1.4))
    axes.legend(loc="upper center", ncols=3)


def _draw_smoothing(axes: Axes) -> None:
    gap = np.linspace(-4, 8, 241)
    p = 1 / (1 + np.exp(-gap))
    axes.axhline(0, color=GRAY, lw=1)
    axes.plot(gap, p - 1, color=BLUE, lw=2, label="hard label, y = 1")
    axes.plot(gap, p - 0.95, color=GREEN, lw=2, label="smoothed, y = 0.95")
    axes.plot([np.log(19)], [0], "o", color=GREEN)
    axes.annotate("log 19", (np.log(19), 0), (0, 8), textcoords="offset points", color=GREEN, ha="center")
    axes.set(title="two classes: gradient p − y", xlabel="gap of the logits", ylim=(-1.05, 0.3))
    axes.legend(loc="lower right")


def _draw_overflow(axes: Axes) -> None:
    z = np.linspace(0, 110, 221, dtype=np.float32)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        p = (1 / (1 + np.exp(z))).astype(np.float32)
        written = -np.log(p)
    axes.plot(z, np.logaddexp(0, z), color=BLUE, lw=5, alpha=0.35, label="max(z, 0) + log(1 + e^−|z|)")
    axes.plot(z, np.where(np.isfinite(written), written, np.nan), color=RED, lw=1.8, label="−log(1 / (1 + e^z))")
    last = float(z[np.isfinite(written)].max())
    axes.plot([last], [last], "x", color=RED, ms=9, mew=2)
    axes.annotate(f"infinite above {np.log(np.finfo(np.float32).max):.1f}", (last, last), (-118, 2),
                  textcoords="offset points", color=RED)  # fmt: skip
    axes.set(title="sigmoid loss, label 0, float32", xlabel="logit z")
    axes.legend(loc="lower right", fontsize=9)
