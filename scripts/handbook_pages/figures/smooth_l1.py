"""Losses of an error, their gradients, and what wrong labels did to each."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GREEN, ORANGE, PURPLE, RED

STUDY = "regression-losses"
SHARES = (0, 10, 30)
LOSSES = {
    "L2": (RED, "L2"),
    "classes (expectation)": (PURPLE, "classes, mean"),
    "classes (median)": (PURPLE, "classes, median"),
    "Huber": (GREEN, "Huber, δ = 5"),
    "smooth L1": (BLUE, "smooth L1"),
    "L1": (ORANGE, "L1"),
}


def draw() -> Figure:
    """Value, slope and MAE."""
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.3), width_ratios=(1, 1, 1.2))
    _formulas(axes[0], axes[1])
    _measured(axes[2])
    return figure


def _formulas(values: Axes, slopes: Axes) -> None:
    e = np.linspace(-3, 3, 241)
    near = np.abs(e) < 1
    for value_, slope, color, name in (
        (e**2, 2 * e, RED, "L2"),
        (np.abs(e), np.where(e == 0, np.nan, np.sign(e)), ORANGE, "L1"),
        (np.where(near, e**2 / 2, np.abs(e) - 0.5), np.where(near, e, np.sign(e)), BLUE, "smooth L1, β = 1"),
    ):
        values.plot(e, value_, color=color, label=name)
        slopes.plot(e, slope, color=color, label=name)
    values.set_ylim(0, 4)
    slopes.set_ylim(-3, 3)
    for ax, title in ((values, "loss"), (slopes, "its gradient")):
        ax.set_xlabel("error")
        ax.set_title(title)
    values.legend(fontsize=8.5, loc="upper center")


def _measured(ax: Axes) -> None:
    for loss, (color, name) in LOSSES.items():
        cells = [
            [value(STUDY, f"{share}%", loss, "test MAE (years)", *key) for key in ((), ("sd",))] for share in SHARES
        ]
        middle, sd = zip(*cells, strict=True)
        style = "o--" if "median" in loss else "o-"
        ax.errorbar(SHARES, middle, sd, fmt=style, color=color, capsize=3, label=name, markersize=4)
    ax.set_xticks(SHARES)
    ax.set_ylim(3, 10)
    ax.set_xlabel("wrong labels (%)")
    ax.set_ylabel("MAE on clean labels (years)")
    ax.set_title("trained on wrong labels")
    ax.legend(fontsize=8.5, loc="upper left")
