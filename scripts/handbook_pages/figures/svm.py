"""Four losses of a margin; a separating line with its support vectors; machines on the embedding."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.svm import SVC

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GRAY, GREEN, INK, ORANGE, PURPLE

STUDY = "svm"
COUNTS = ("10", "40", "160")
MACHINES = {"linear ranking SVM": BLUE, "RBF ranking SVM": ORANGE, "logistic regression": GREEN}


def draw() -> Figure:
    """The losses, the geometry, the measurement."""
    figure = Figure(figsize=(10.5, 3.8))
    left, middle, right = figure.subplots(1, 3)
    _draw_losses(left)
    _draw_margin(middle)
    _draw_measured(right)
    return figure


def _draw_losses(axes: Axes) -> None:
    m = np.linspace(-2, 3, 201)
    axes.axvline(0, color=GRAY, lw=1)
    axes.plot(m, np.maximum(0, 1 - m), color=BLUE, lw=2, label="hinge")
    axes.plot(m, np.maximum(0, 1 - m) ** 2, color=PURPLE, lw=1.5, label="squared hinge")
    axes.plot(m, np.logaddexp(0, -m), color=GREEN, lw=2, label="logistic")
    axes.plot(m, np.maximum(0, -m), color=ORANGE, lw=2, ls="--", label="no margin")
    axes.set(title="loss of a signed distance", xlabel="y · score, or winner − loser", ylim=(-0.1, 4))
    axes.legend(fontsize=9)


def _draw_margin(axes: Axes) -> None:
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.normal((-1.1, -0.9), 0.8, (22, 2)), rng.normal((1.1, 0.9), 0.8, (22, 2))])
    y = np.repeat([-1, 1], 22)
    machine = SVC(kernel="linear", C=1).fit(x, y)
    w, b = machine.coef_[0], machine.intercept_[0]
    across = np.array([-2.7, 2.7])
    for level, style in ((-1, ":"), (0, "-"), (1, ":")):
        axes.plot(across, (level - b - w[0] * across) / w[1], color=INK, ls=style, lw=1.3)
    for side, color in ((-1, ORANGE), (1, BLUE)):
        axes.plot(*x[y == side].T, "o", color=color, ms=5)
    axes.plot(*x[machine.support_].T, "o", color=INK, mfc="none", ms=10, mew=1.2)
    axes.set(xlim=(-2.7, 2.7), ylim=(-2.7, 2.9), aspect="equal",
             title=f"{len(machine.support_)} of 44 points are support vectors")  # fmt: skip
    axes.annotate("margin 2 / ‖w‖", (-2.6, -2.5), fontsize=9)


def _draw_measured(axes: Axes) -> None:
    for shift, (name, color) in zip((-0.06, 0, 0.06), MACHINES.items(), strict=True):
        mean = [value(STUDY, name, n, "pairs in order") for n in COUNTS]
        sd = [value(STUDY, name, n, "pairs in order", "sd") for n in COUNTS]
        axes.errorbar(np.arange(len(COUNTS)) + shift, mean, sd, fmt="o-", color=color, capsize=3, label=name)
    axes.axhline(value(STUDY, "the pool's score", "160", "pairs in order"), color=INK, ls="--", lw=1,
                 label="the pool's score")  # fmt: skip
    axes.set_xticks(range(len(COUNTS)), COUNTS)
    axes.set(title="pairs in order, a rater's own", xlabel="comparisons learned")
    axes.legend(fontsize=9, loc="center left", bbox_to_anchor=(0.02, 0.68))
