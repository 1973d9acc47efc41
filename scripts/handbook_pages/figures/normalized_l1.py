"""The piecewise weight becomes the normalized one as its pieces shrink."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GRAY, GREEN, INK, ORANGE, RED

STUDY = "normalized-l1"
DATA = "noise grows with age"
PIECES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def draw() -> Figure:
    """Weights, rates of convergence, errors by age."""
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.3))
    _weights(axes[0])
    _rates(axes[1])
    _errors(axes[2])
    return figure


def _weights(ax: Axes) -> None:
    age = np.linspace(0, 90, 361)
    for pieces, color in ((4, ORANGE), (16, BLUE)):
        middle = (np.minimum(np.floor(age * pieces / 90), pieces - 1) + 0.5) * 90 / pieces
        ax.plot(age, 1 / (2 + 0.2 * middle), color=color, label=f"{pieces} pieces")
    ax.plot(age, 1 / (2 + 0.2 * age), color=INK, label="1 / s(y), s = 2 + y / 5")
    ax.set_ylim(0, 0.55)
    ax.set_xlabel("label y (years)")
    ax.set_ylabel("weight of |error|")
    ax.set_title("weights")
    ax.legend(fontsize=8.5)


def _rates(ax: Axes) -> None:
    for column, color, name in (
        ("gradient apart (max, 1/years)", ORANGE, "gradient, largest"),
        ("loss apart (max)", BLUE, "loss, largest"),
        ("mean loss apart", GREEN, "loss, mean over labels"),
    ):
        ax.plot(
            PIECES, [value(STUDY, DATA, _name(n), column) for n in PIECES], "o-", color=color, label=name, markersize=4
        )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(PIECES[::3], [str(n) for n in PIECES[::3]])
    ax.set_ylim(1e-7, 10)
    ax.set_xlabel("pieces")
    ax.set_title("distance of the two losses")
    ax.legend(fontsize=8.5, loc="lower left")


def _name(pieces: int) -> str:
    return f"{pieces} piece{'s' if pieces > 1 else ''}"


def _errors(ax: Axes) -> None:
    columns = ("MAE 0-19", "MAE 20-59", "MAE 60+", "bias (years)")
    losses = {"L1": GRAY, "hand-set pieces": ORANGE, "normalised, formula": BLUE, "normalised, learnt": RED}
    names = ("L1", "pieces set by hand", "normalized, formula", "normalized, learned")
    for shift, (loss, color), name in zip((-0.24, -0.08, 0.08, 0.24), losses.items(), names, strict=True):
        cells = [[value(STUDY, DATA, loss, column, *key) for key in ((), ("sd",))] for column in columns]
        middle, sd = zip(*cells, strict=True)
        ax.errorbar([place + shift for place in range(4)], middle, sd, fmt="o", color=color, capsize=3, label=name)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set_xticks(range(4), ["0-19", "20-59", "60+", "bias"])
    ax.set_ylim(-2, 12)
    ax.set_xlabel("MAE by true age, and bias over all")
    ax.set_ylabel("years")
    ax.set_title("noise grows with age")
    ax.legend(fontsize=8, loc="upper left")
