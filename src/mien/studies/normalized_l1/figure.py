"""The figure of `normalized-l1`."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mien.studies.core.finding import Measured
from mien.studies.normalized_l1.runs import (
    APART,
    BIAS,
    GRADIENT,
    LOSS,
    MEAN,
    MIDDLE,
    NUDGED,
    OLD,
    OLDEST,
    OTHER,
    RIVALS,
    YOUNG,
    bound,
    pieces_of,
    usual,
)
from mien.studies.normalized_l1.verdicts import Results

MARKS = ("o", "s", "D", "^")


def draw(results: Results, kinds: Sequence[str]) -> Figure:
    """Weights, deviations, answers, and the errors of the rivals on each kind of data."""
    figure = Figure(figsize=(15, 9), layout="constrained")
    axes = figure.subplots(2, 3)
    _weights(axes[0, 0])
    _deviations(axes[0, 1], results)
    _answers(axes[0, 2], results)
    for k, kind in enumerate(kinds):
        groups = [YOUNG, MIDDLE, OLD]
        _points(axes[1, k], [[results.errors[kind, method][name] for name in groups] for method in RIVALS], groups)
        axes[1, k].set(title=f"error: {kind}", ylabel="years")
    bias = [[results.errors[kind, method][BIAS] for kind in kinds] for method in RIVALS]
    _points(axes[1, 2], bias, list(kinds))
    axes[1, 2].axhline(0, color="gray", lw=1)
    axes[1, 2].set(title="bias", ylabel="answer less age (years)")
    axes[1, 2].legend(fontsize=8)
    if len(kinds) == 1:
        axes[1, 1].remove()
    return figure


def _weights(axes: Axes) -> None:
    age = torch.linspace(0, OLDEST, 901, dtype=torch.float64)
    axes.plot(age, 1 / usual(age), color="black", label="1 / s(age)")
    for count in (4, 16):
        edges, weights = pieces_of(count)
        axes.stairs(weights.numpy(), [0, *edges.tolist(), OLDEST], baseline=None, label=f"{count} pieces", lw=1.5)
    axes.set(title="weights", xlabel="age", ylabel="weight (1/years)")
    axes.legend()
    axes.grid(alpha=0.3)


def _deviations(axes: Axes, results: Results) -> None:
    counts = list(results.losses)
    for name, mark in zip((GRADIENT, LOSS, MEAN), MARKS, strict=False):
        axes.loglog(counts, [results.losses[count][name].mean for count in counts], marker=mark, label=name)
    axes.loglog(counts, [bound(count) for count in counts], "--", color="gray", label="bound of the gradient")
    axes.set(title="piecewise against normalised loss", xlabel="pieces")
    axes.legend()
    axes.grid(alpha=0.3)


def _answers(axes: Axes, results: Results) -> None:
    trained = {name: cell for name, cell in results.apart.items() if name not in (NUDGED, OTHER)}
    counts = [int(name.split()[0]) for name in trained]
    means, spreads = ([getattr(cell, part) for cell in trained.values()] for part in ("mean", "spread"))
    axes.errorbar(counts, means, spreads, marker="o", capsize=3, label="piecewise, same seed")
    for name, style in ((NUDGED, ":"), (OTHER, "--")):
        axes.axhline(results.apart[name].mean, color="gray", ls=style, label=name)
    axes.set_xscale("log")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    axes.set_yscale("log")
    axes.set(title="answers against those of the normalised loss", xlabel="pieces", ylabel=APART)
    axes.legend()
    axes.grid(alpha=0.3)


def _points(axes: Axes, cells: list[list[Measured]], names: list[str]) -> None:
    """One mark a rival beside each other at each name."""
    for k, (method, row) in enumerate(zip(RIVALS, cells, strict=True)):
        at = np.arange(len(names)) + 0.15 * (k - 1.5)
        axes.errorbar(at, [c.mean for c in row], [c.spread for c in row], fmt=MARKS[k], capsize=3, label=method)
    axes.set_xticks(range(len(names)), names)
    axes.grid(alpha=0.3)
