"""The envelope of the rank inside and outside the unit ball, and how many measurements recovery takes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import load
from handbook_pages.style import BLUE, FAINT, GRAY, GREEN, INK, ORANGE, RED

STUDY = "nuclear-norm"
BALLS = {1: BLUE, 3: GREEN}


def draw() -> Figure:
    """Envelopes of one singular value; soft and hard threshold; recoveries against theory."""
    figure = Figure(figsize=(10, 3.6))
    left, middle, right = figure.subplots(1, 3)
    _draw_envelopes(left)
    _draw_thresholds(middle)
    _draw_recoveries(right)
    return figure


def _draw_envelopes(axes: Axes) -> None:
    axes.axvspan(0, 1, color=FAINT, alpha=0.5, lw=0)
    axes.plot([0, 3.4], [1, 1], color=INK, lw=2)
    axes.plot([0], [0], "o", color=INK, ms=6)
    axes.plot([0], [1], "o", color=INK, mfc="none", ms=6)
    for radius, color in BALLS.items():
        axes.plot([0, radius], [0, 1], color=color, lw=2)
        axes.plot([radius, 3.4], [1, 3.4 / radius], color=color, lw=2, ls=":")
    axes.annotate("rank", (2.05, 1.06), color=INK)
    axes.annotate("s", (1.55, 1.75), color=BLUE)
    axes.annotate("s / 3", (1.5, 0.3), color=GREEN)
    axes.annotate("unit ball", (0.05, 2.02), color=GRAY, fontsize=9)
    axes.set(title="one singular value s", xlabel="s", xlim=(-0.08, 3.4), ylim=(-0.08, 2.2))


def _draw_thresholds(axes: Axes) -> None:
    s = np.linspace(0, 3, 301)
    axes.plot(s, s, color=GRAY, ls=":", lw=1)
    axes.plot(s, np.maximum(s - 1, 0), color=BLUE, lw=2)
    above = np.sqrt(2)
    axes.plot([0, above], [0, 0], color=ORANGE, lw=2, ls="--")
    axes.plot([above, 3], [above, 3], color=ORANGE, lw=2, ls="--")
    axes.annotate("nuclear norm:\nall shrink by 1", (1.55, 0.12), color=BLUE)
    axes.annotate("rank: keep\nor drop", (0.35, 1.55), color=ORANGE)
    axes.set(title="proximal step, weight 1", xlabel="s before", ylabel="s after")


def _draw_recoveries(axes: Axes) -> None:
    axes.plot([25, 100], [25, 100], color=GRAY, ls=":", lw=1)
    for column, color, name in (("rank and nuclear norm", BLUE, "nuclear norm"), ("L0 and L1", RED, "L1")):
        theory, measured = zip(*_points(column), strict=True)
        mean, sd = zip(*measured, strict=True)
        axes.errorbar(theory, mean, sd, fmt="o", color=color, capsize=3, label=name)
    axes.set(title="half of the recoveries", xlabel="measurements by theory", ylabel="measurements needed")
    axes.legend(loc="upper left")


def _points(column: str) -> list[tuple[float, tuple[float, float]]]:
    """Theory, and mean and SD of what was measured, at each rank."""
    table = load(STUDY)["table"]
    place, which = table["columns"].index(column), 0 if "nuclear" in column else 1
    rows = [row for row in table["rows"] if row[0].startswith("measurements for half")]
    return [(float(row[1].split(" and ")[which]), (row[place]["mean"], row[place]["spread"])) for row in rows]
