"""What a penalty does to one weight, and to a matrix of weights."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GRAY, GREEN, INK, ORANGE, PURPLE

STUDY = "penalties"
ZEROS = {"L2": GRAY, "L1 (subgradient)": BLUE, "L1 (proximal)": ORANGE}
PENALTIES = {"L2": GRAY, "L1 (proximal)": ORANGE, "group (proximal)": GREEN, "nuclear (proximal)": PURPLE}
TRUTHS = ("sparse", "few rows", "rank 2")


def draw() -> Figure:
    """Minimizers, exact zeros, relative errors."""
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.3), width_ratios=(1, 0.8, 1.3))
    _shrinkage(axes[0])
    _zeros(axes[1])
    _errors(axes[2])
    return figure


def _shrinkage(ax: Axes) -> None:
    a = np.linspace(-3, 3, 301)
    ax.plot(a, a, ":", color=GRAY, label="no penalty")
    ax.plot(a, a / 3, color=BLUE, label="L2: a / (1 + 2λ)")
    ax.plot(a, np.sign(a) * np.maximum(np.abs(a) - 1, 0), color=ORANGE, label="L1: soft threshold")
    ax.set_xlabel("a, where the data pull")
    ax.set_ylabel("minimizer w")
    ax.set_title("one weight, λ = 1")
    ax.legend(fontsize=8, loc="upper left")


def _zeros(ax: Axes) -> None:
    for place, (penalty, color) in enumerate(ZEROS.items()):
        row = (STUDY, "sparse", penalty, "exact zeros (share)")
        ax.bar(place, value(*row), 0.6, color=color, yerr=value(*row, "sd"), error_kw={"ecolor": INK, "capsize": 3})
    ax.set_xticks(range(len(ZEROS)), ["L2", "L1,\nsubgradient", "L1,\nproximal"], fontsize=8.5)
    ax.set_ylim(0, 1)
    ax.set_title("share of exact zeros")
    ax.grid(axis="x", visible=False)


def _errors(ax: Axes) -> None:
    for shift, (penalty, color) in zip((-0.24, -0.08, 0.08, 0.24), PENALTIES.items(), strict=True):
        cells = [[value(STUDY, truth, penalty, "relative error", *key) for key in ((), ("sd",))] for truth in TRUTHS]
        middle, sd = zip(*cells, strict=True)
        name = penalty.removesuffix(" (proximal)")
        ax.errorbar([place + shift for place in range(3)], middle, sd, fmt="o", color=color, capsize=3, label=name)
    ax.set_xticks(range(3), ["sparse", "few rows", "rank 2"])
    ax.set_ylim(0, 0.4)
    ax.set_xlabel("true weights")
    ax.set_title("relative error")
    ax.legend(fontsize=8.5, ncols=2)
