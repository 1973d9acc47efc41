"""Expected loss of a pair when a fifth of the answers is wrong, and what became of trained scorers."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GRAY, GREEN, ORANGE, RED

STUDY = "pairwise-collapse"
WRONG = 0.2
LOSSES = {
    "softmax-comp, margin 0": RED,
    "softmax-comp, margin 0.1": ORANGE,
    "softmax-comp, margin 0.3": ORANGE,
    "hinge, margin 1": GREEN,
    "RankNet": BLUE,
    "Bradley-Terry with ties": BLUE,
    "linear ranking SVM": GRAY,
}


def draw() -> Figure:
    """Two theoretical panels, by what the loss sees, and one of measurements."""
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.3), width_ratios=(1, 1, 1.25))
    _bounded(axes[0])
    _raw(axes[1])
    _measured(axes[2])
    return figure


def _expected(gap: np.ndarray, margin: float) -> np.ndarray:
    return (1 - WRONG) * np.maximum(0, margin - gap) + WRONG * np.maximum(0, margin + gap)


def _bounded(ax: Axes) -> None:
    gap = np.linspace(-1, 1, 401)
    for margin, color in ((0.0, RED), (0.3, ORANGE)):
        ax.plot(gap, _expected(gap, margin), color=color, label=f"margin {margin:g}")
        ax.plot(margin, _expected(np.array(margin), margin), "o", color=color)
    ax.set_xlabel("gap of scores in 0..1")
    ax.set_ylabel("expected loss, 20 % wrong answers")
    ax.set_ylim(0, 1.1)
    ax.set_title("softmax-comp")
    ax.legend(fontsize=8.5)


def _raw(ax: Axes) -> None:
    gap = np.linspace(-2, 4, 401)
    rank = (1 - WRONG) * np.log1p(np.exp(-gap)) + WRONG * np.log1p(np.exp(gap))
    for loss, best, color, name in (
        (_expected(gap, 1.0), 1.0, GREEN, "hinge, margin 1"),
        (rank, np.log((1 - WRONG) / WRONG), BLUE, "RankNet"),
    ):
        ax.plot(gap, loss, color=color, label=name)
        ax.plot(best, np.interp(best, gap, loss), "o", color=color)
    ax.set_xlabel("gap of raw scores")
    ax.set_ylim(0, 2.6)
    ax.set_title("losses on raw scores")
    ax.legend(fontsize=8.5)


def _measured(ax: Axes) -> None:
    for place, (loss, color) in enumerate(LOSSES.items()):
        for answers, filled in (("all right", False), ("20 % wrong", True)):
            row = (STUDY, answers, "usual", loss, "pairs in order (share)")
            ax.errorbar(
                value(*row),
                place,
                xerr=value(*row, "sd"),
                fmt="o",
                color=color,
                mfc=color if filled else "none",
                capsize=3,
            )
    ax.set_yticks(range(len(LOSSES)), LOSSES, fontsize=8.5)
    ax.invert_yaxis()
    ax.set_xlim(0.5, 1)
    ax.set_xlabel("pairs in order  (● 20 % wrong, ○ 0 %)")
    ax.set_title("trained scorers")
