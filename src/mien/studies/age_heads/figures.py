"""The figure of `age-heads`."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mien.studies.age_heads.measures import BIAS, DECADES, MAE, OWN, SPREADS, WIDTH, decade_name
from mien.studies.age_heads.runs import METHODS, Settings
from mien.studies.age_heads.verdicts import Results
from mien.studies.core.finding import Measured
from mien.tasks.calibration import COVERAGE

NAMES = [method.name for method in METHODS]
WATCHED = ("l2", "l1", "laplace", "dex", "coral", "dldl", "mean_variance")


def draw(results: Results, curves: Mapping[str, Sequence[float]], settings: Settings) -> Figure:
    """Errors, errors by decade, bias, intervals and learning of all heads."""
    figure = Figure(figsize=(15, 9.5), layout="constrained")
    (error, bias, width), (decades, coverage, speed) = figure.subplots(2, 3)
    clean = settings.shares[0]
    for share, mark in zip(settings.shares, "osD^v"[: len(settings.shares)], strict=True):
        _points(error, [results[share, name][MAE] for name in NAMES], NAMES, mark, f"{share:.0%} wrong labels")
    error.set(title="error on clean labels", xlabel="MAE (years)")
    error.set_ylim(len(NAMES) + 0.7, -0.5)
    error.legend(loc="lower center", ncols=3, fontsize=8)
    _points(bias, [results[clean, name][BIAS] for name in NAMES], NAMES)
    bias.axvline(0, color="gray", lw=1)
    bias.set(title="bias", xlabel="answer less age (years)")
    _points(width, [results[clean, name][WIDTH] for name in NAMES], NAMES)
    width.set(title="conformal 90 % interval", xlabel="mean width (years)")
    spread = [name for name in NAMES if name.split(",")[0] in SPREADS]
    _points(coverage, [results[clean, name][OWN] for name in spread], spread)
    coverage.axvline(COVERAGE, color="gray", lw=1)
    coverage.set(title="the head's own 90 % interval", xlabel="share of ages that it covers")
    _map(decades, results, clean)
    for name in WATCHED:
        speed.plot(np.arange(len(curves[name])) * settings.every, curves[name], label=name)
    speed.axhline(settings.goal, color="gray", lw=1, ls="--")
    speed.set(title="learning", xlabel="steps", ylabel="MAE (years)")
    speed.legend(fontsize=8)
    speed.grid(alpha=0.3)
    return figure


def _points(axes: Axes, cells: list[Measured], names: list[str], mark: str = "o", label: str = "") -> None:
    """Mean and spread of each name, one a line, first at the top."""
    means, spreads = [cell.mean for cell in cells], [cell.spread for cell in cells]
    axes.errorbar(means, range(len(cells)), xerr=spreads, fmt=mark, capsize=3, label=label or None)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(alpha=0.3)


def _map(axes: Axes, results: Results, clean: float) -> None:
    """MAE by head and decade; the colour is its ratio to the mean of all heads, which the numbers hide."""
    values = np.array([[results[clean, name][decade_name(start)].mean for start in DECADES] for name in NAMES])
    axes.imshow(values / values.mean(0) - 1, cmap="RdBu_r", vmin=-0.6, vmax=0.6, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        axes.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=8)
    axes.set_yticks(range(len(NAMES)), NAMES)
    axes.set_xticks(range(len(DECADES)), [f"{start}+" for start in DECADES])
    axes.set(title="MAE (years), blue: below the mean of the heads", xlabel="age, by decade")
