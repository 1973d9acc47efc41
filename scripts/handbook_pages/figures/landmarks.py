"""What a turn of the head does to landmarks and to what is read from them."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GRAY, GREEN, ORANGE, RED

STUDY = "landmarks-under-pose"
ROUTES = {"Action Units": BLUE, "direct network": ORANGE, "landmarks": GRAY, "exact landmarks": GREEN}
YAWS = (0, 15, 30, 45, 60)
FACTORS = {"display": BLUE, "person": ORANGE, "view": RED}


def draw() -> Figure:
    """AUC and landmark error against yaw; what the features of each route vary with."""
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.3), width_ratios=(1.15, 0.9, 1.15))
    _routes(axes[0])
    _error(axes[1])
    _variance(axes[2])
    return figure


def _routes(ax: Axes) -> None:
    for route, color in ROUTES.items():
        cells = [
            [value(STUDY, f"rendered, yaw {yaw}", "macro-F1", route, *key) for key in ((), ("low",), ("high",))]
            for yaw in YAWS
        ]
        middle, low, high = zip(*cells, strict=True)
        ax.plot(YAWS, middle, "o-", color=color, label=route)
        ax.fill_between(YAWS, low, high, color=color, alpha=0.15, linewidth=0)
    ax.set_xticks(YAWS)
    ax.set_ylim(0, 1)
    ax.set_xlabel("yaw (degrees)")
    ax.set_ylabel("macro-F1, rendered faces")
    ax.set_title("the display")
    ax.legend(loc="lower left", fontsize=8, ncols=2, columnspacing=1)


def _error(ax: Axes) -> None:
    for yaw in YAWS:
        row = (STUDY, "landmark network", f"error / outer eye distance, yaw {yaw}", "landmarks")
        middle, low, high = (100 * value(*row, *key) for key in ((), ("low",), ("high",)))
        ax.errorbar(yaw, middle, [[middle - low], [high - middle]], fmt="o", color=GRAY, capsize=3)
    ax.set_xticks(YAWS)
    ax.set_ylim(0, 13)
    ax.set_xlabel("yaw (degrees)")
    ax.set_ylabel("NME, inter-ocular (%)")
    ax.set_title("error of the landmarks")


def _variance(ax: Axes) -> None:
    for place, route in enumerate(ROUTES):
        left = 0.0
        for factor, color in FACTORS.items():
            share = value(STUDY, "rendered, all views", f"variance explained by the {factor}", route)
            ax.barh(place, share, left=left, color=color, label=factor if place == 0 else None)
            left += share
    ax.set_yticks(range(len(ROUTES)), ROUTES, fontsize=8.5)
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.set_xlabel("share of the variance of the features")
    ax.set_title("what they vary with")
    ax.legend(loc=(0.7, 0.48), fontsize=8)
    ax.grid(axis="y", visible=False)
