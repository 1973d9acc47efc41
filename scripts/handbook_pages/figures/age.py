"""Error of the age heads with clean and with wrong labels, and by decade."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GRAY, GREEN, ORANGE, RED

STUDY = "age-heads"
HEADS = {
    "dldl": (GREEN, "DLDL-v2"),
    "mean_variance": (GREEN, "mean-variance"),
    "coral": (BLUE, "CORAL"),
    "l1": (ORANGE, "L1"),
    "l1, mixup": (ORANGE, "L1, mixup"),
    "dex, mixup": (GREEN, "DEX, mixup"),
    "smooth_l1": (ORANGE, "smooth L1"),
    "dex": (GREEN, "DEX"),
    "l2": (RED, "L2"),
    "laplace": (ORANGE, "Laplace"),
    "normalized_l1": (ORANGE, "normalized L1"),
    "dex, smoothed": (GREEN, "DEX, smoothed"),
    "gaussian": (RED, "Gaussian"),
}
DECADES = ("0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70-79", "80+")


def draw() -> Figure:
    """MAE a head at two noise levels; MAE by decade of five heads."""
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.9), width_ratios=(1.1, 1))
    _heads(axes[0])
    _decades(axes[1])
    return figure


def _heads(ax: Axes) -> None:
    for place, (head, (color, _)) in enumerate(HEADS.items()):
        for column, filled in (("MAE (years)", True), ("MAE, 30% wrong labels", False)):
            ax.errorbar(
                value(STUDY, head, column),
                place,
                xerr=value(STUDY, head, column, "sd"),
                fmt="o",
                color=color,
                mfc=color if filled else "none",
                capsize=2,
            )
    ax.set_yticks(range(len(HEADS)), [name for _, name in HEADS.values()], fontsize=8.5)
    ax.invert_yaxis()
    ax.set_xlabel("MAE (years)   ● clean labels, ○ 30 % wrong labels")
    ax.set_title("32 px faces, 500 steps: an order of heads, not a product")


def _decades(ax: Axes) -> None:
    for head, color, style in (
        ("dldl", GREEN, "o-"),
        ("l1", ORANGE, "o-"),
        ("normalized_l1", ORANGE, "s:"),
        ("l2", RED, "o-"),
        ("dex", GRAY, "o-"),
    ):
        heights = [value(STUDY, head, f"MAE {decade}") for decade in DECADES]
        ax.plot(range(len(DECADES)), heights, style, color=color, label=HEADS[head][1], markersize=4)
    ax.set_xticks(range(len(DECADES)), DECADES, fontsize=8)
    ax.set_ylim(0, None)
    ax.set_xlabel("true age (years)")
    ax.set_ylabel("MAE (years)")
    ax.set_title("by decade")
    ax.legend(fontsize=8.5)
