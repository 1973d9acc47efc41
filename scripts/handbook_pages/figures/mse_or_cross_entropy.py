"""Slopes of both losses at a logit, and what they cost in training steps and in years."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GRAY, ORANGE

STUDY = "mse-or-cross-entropy"
STARTS = ("even start", "sure and wrong start")
ANSWERS = {"squared error": ORANGE, "bins, expectation": BLUE, "bins, top bin": GRAY}


def draw() -> Figure:
    """The gradient against the logit; steps from two starts; errors of a number under two kinds of noise."""
    figure = Figure(figsize=(10, 3.6))
    left, middle, right = figure.subplots(1, 3)
    _draw_slopes(left)
    _draw_steps(middle)
    _draw_errors(right)
    return figure


def _draw_slopes(axes: Axes) -> None:
    z = np.linspace(-10, 6, 321)
    p = 1 / (1 + np.exp(-z))
    axes.plot(z, 1 - p, color=BLUE, lw=2, label="cross entropy: 1 − p")
    axes.plot(z, 2 * (1 - p) ** 2 * p, color=ORANGE, lw=2, label="squared error: 2 (1 − p)² p")
    axes.annotate("confidently\nwrong: nearly\nno slope", (-9.9, 0.1), color=ORANGE, fontsize=9)
    axes.set(title="size of the slope, label 1", xlabel="logit z", ylim=(-0.03, 1.35))
    axes.legend(loc="upper right", fontsize=9)


def _draw_steps(axes: Axes) -> None:
    for shift, (loss, color) in zip((-0.2, 0.2), (("cross entropy", BLUE), ("squared error", ORANGE)), strict=True):
        cells = [(STUDY, start, loss, "steps to 2 % of the best", "value") for start in STARTS]
        sd = [value(*cell, "sd") for cell in cells]
        axes.bar(np.arange(2) + shift, [value(*cell) for cell in cells], 0.38, yerr=sd, color=color, label=loss,
                 error_kw={"ecolor": GRAY, "capsize": 3})  # fmt: skip
    axes.set_xticks(range(2), ["even start", "confidently\nwrong start"])
    axes.set(title="steps to 2 % of the best", ylabel="gradient steps")
    axes.legend(loc="upper left", fontsize=9)


def _draw_errors(axes: Axes) -> None:
    for shift, (answer, color) in zip((-0.27, 0, 0.27), ANSWERS.items(), strict=True):
        cells = [(STUDY, noise, answer, "RMSE (years)", "value") for noise in ("normal noise", "two likely answers")]
        sd = [value(*cell, "sd") for cell in cells]
        axes.bar(np.arange(2) + shift, [value(*cell) for cell in cells], 0.25, yerr=sd, color=color, label=answer,
                 error_kw={"ecolor": GRAY, "capsize": 3})  # fmt: skip
    axes.set_xticks(range(2), ["normal noise", "two likely\nanswers"])
    axes.set(title="regression", ylabel="RMSE, years", ylim=(0, 31))
    axes.legend(loc="upper left", fontsize=9)
