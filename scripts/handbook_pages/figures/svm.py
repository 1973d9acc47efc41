"""The margin of a linear SVM on drawn points, and ranking on faces."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.svm import SVC

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GRAY, GREEN, INK, ORANGE

STUDY = "ranking-losses"
METHODS = {
    "linear ranking SVM": GRAY,
    "ridge regression": GRAY,
    "L2": ORANGE,
    "RankNet": BLUE,
    "hinge": GREEN,
    "softmax-comp, margin": GREEN,
}


def draw() -> Figure:
    """Points with the margin; a circle that only a kernel separates; pairs in order on SCUT-FBP5500."""
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.3), width_ratios=(1, 1, 1.3))
    rng = np.random.default_rng(3)
    points = np.concatenate([rng.normal((-1.3, -0.8), 0.75, (20, 2)), rng.normal((1.3, 0.8), 0.75, (20, 2))])
    _separate(axes[0], points, np.repeat([-1, 1], 20), SVC(kernel="linear", C=1), "linear kernel, C = 1")
    angle, radius = rng.uniform(0, 2 * np.pi, 44), np.r_[rng.uniform(0, 0.9, 18), rng.uniform(1.5, 2.4, 26)]
    ring = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    _separate(axes[1], ring, np.repeat([-1, 1], (18, 26)), SVC(kernel="rbf", C=10, gamma=0.5), "Gaussian kernel")
    _faces(axes[2])
    return figure


def _separate(ax: Axes, points: np.ndarray, labels: np.ndarray, machine: SVC, title: str) -> None:
    machine.fit(points, labels)
    grid = np.stack(np.meshgrid(np.linspace(-3.2, 3.2, 60), np.linspace(-3.2, 3.2, 60)), axis=-1)
    field = machine.decision_function(grid.reshape(-1, 2)).reshape(60, 60)
    ax.contour(
        grid[..., 0], grid[..., 1], field, [-1, 0, 1], colors=[INK], linestyles=["--", "-", "--"], linewidths=1.1
    )
    for label, color in ((-1, ORANGE), (1, BLUE)):
        ax.plot(*points[labels == label].T, "o", color=color, markersize=4)
    ax.plot(*points[machine.support_].T, "o", color=INK, mfc="none", markersize=9)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_aspect("equal")
    ax.set_title(title)
    ax.set_xlabel("○ support vectors, - - margin")


def _faces(ax: Axes) -> None:
    for place, (method, color) in enumerate(METHODS.items()):
        row = (STUDY, method, "scut_fbp5500 pairs in order")
        ax.errorbar(value(*row), place, xerr=value(*row, "sd"), fmt="o", color=color, capsize=3)
    ax.set_yticks(
        range(len(METHODS)),
        ["SVM, fixed features", "ridge, fixed features", "L2 on means", "RankNet", "hinge", "softmax-comp, margin"],
        fontsize=8.5,
    )
    ax.invert_yaxis()
    ax.set_xlim(0.74, 0.83)
    ax.set_xlabel("pairs of SCUT-FBP5500 in order")
    ax.set_title("ranking faces")
