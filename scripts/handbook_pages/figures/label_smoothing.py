"""Where the loss has its minimum, and what smoothing did to calibration and accuracy."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GRAY, GREEN, ORANGE

STUDY = "label-smoothing"
LABELS = {0: "hard labels", 0.05: "smoothing 0.05", 0.1: "smoothing 0.1", 0.2: "smoothing 0.2", 0.4: "smoothing 0.4"}
CLASSES = 6


def draw() -> Figure:
    """Cross entropy against the gap of logits; ECE and accuracy against epsilon."""
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.3))
    _loss(axes[0])
    _measured(axes[1], "ECE", "calibration error (ECE)")
    _measured(axes[2], "accuracy", "accuracy")
    axes[2].set_ylim(0.58, 0.82)
    axes[2].legend(loc=(0.3, 0.5), fontsize=8.5)
    return figure


def _loss(ax: Axes) -> None:
    gap = np.linspace(-1, 9, 200)
    total = np.log(np.exp(gap) + CLASSES - 1)
    for epsilon, color in ((0, GRAY), (0.1, BLUE), (0.2, GREEN)):
        right = 1 - epsilon + epsilon / CLASSES
        loss = total - right * gap
        ax.plot(gap, loss, color=color, label="hard labels" if epsilon == 0 else f"ε = {epsilon}")
        if epsilon:
            best = np.log(1 + CLASSES * (1 - epsilon) / epsilon)
            ax.plot(best, np.log(np.exp(best) + CLASSES - 1) - right * best, "o", color=color)
    ax.set_xlabel("logit gap, right class to the wrong ones")
    ax.set_ylabel("cross entropy (nats)")
    ax.set_ylim(0, 2.6)
    ax.set_title("6 classes: where the minimum lies")
    ax.legend(loc="upper right", fontsize=8.5)


def _measured(ax: Axes, column: str, name: str) -> None:
    for n, color in (("150", ORANGE), ("6000", BLUE)):
        cells = [[value(STUDY, n, label, column, *key) for key in ((), ("sd",))] for label in LABELS.values()]
        middle, sd = zip(*cells, strict=True)
        ax.errorbar(list(LABELS), middle, sd, fmt="o-", color=color, capsize=3, label=f"{n} training samples")
        soft = [value(STUDY, n, "soft targets 0.1", column, *key) for key in ((), ("sd",))]
        ax.errorbar(0.115, *soft, fmt="D", color=color, mfc="none", capsize=3)
    ax.set_xlabel("ε   (◇ soft targets of the same mass)")
    ax.set_title(name)
