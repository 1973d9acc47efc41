"""Figures of the studies of routes."""

from collections.abc import Mapping
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mien.studies.core.bootstrap import Estimate
from mien.studies.routes.measures import ECE, F1
from mien.studies.routes.routes import DIRECT, EXACT, LANDMARKS, UNITS

Hits = Mapping[str, Mapping[str, Estimate]]
COLORS = {UNITS: "#0072b2", DIRECT: "#d55e00", LANDMARKS: "#009e73", EXACT: "#666666"}
"""Of Okabe & Ito."""


def draw_routes(
    results: Mapping[str, Hits],
    spreads: Mapping[tuple[str, str], Mapping[str, float]],
    curves: Mapping[str, Mapping[tuple[str, int], Estimate]],
) -> Figure:
    """macro-F1 and ECE by set of faces, spreads, and AUC against the number of labelled faces."""
    figure = Figure(figsize=(13, 8), layout="constrained")
    score, calibration, spread, *learning = figure.subplots(2, 3).flat
    for axes, measure in ((score, F1), (calibration, ECE)):
        _bars(axes, {faces: {name: hits[name][measure] for name in hits} for faces, hits in results.items()})
        axes.set_title(f"{measure}, 95 % interval")
    score.set_ylim(bottom=0.3)
    shown = [key for key in spreads if "spread" in key[1] or "variance explained" in key[1]]
    _bars(
        spread, {f"{what}: {faces}": {n: Estimate(v) for n, v in spreads[faces, what].items()} for faces, what in shown}
    )
    spread.set_title("spread of what the last layer sees")
    for axes, (category, curve) in zip(learning, curves.items(), strict=False):
        _curve(axes, curve)
        axes.set_title(f"a new category: {category}")
    for axes in learning[len(curves) :]:
        axes.axis("off")
    figure.axes[-1].legend(*score.get_legend_handles_labels(), loc="center")
    return figure


def draw_pose(
    yaw: Mapping[int, Hits], pitch: Mapping[int, Hits], voted: Mapping[str, Hits], error: Mapping[int, Estimate]
) -> Figure:
    """macro-F1 by yaw and pitch, the part lost, real faces turned away, and the landmarks' own error."""
    figure = Figure(figsize=(13, 8), layout="constrained")
    across, down, lost, real, points = figure.subplots(2, 3).flat[:5]
    figure.axes[5].axis("off")
    for axes, views, name in ((across, yaw, "yaw"), (down, pitch, "pitch")):
        _views(axes, {route: {a: hits[route][F1] for a, hits in views.items()} for route in views[0]})
        axes.set(title=f"{F1}, rendered faces", xlabel=f"{name}, degrees")
    losses = {r: {a: yaw[0][r][F1].relative_loss(hits[r][F1]) for a, hits in yaw.items() if a} for r in yaw[0]}
    _views(lost, losses)
    lost.axhline(0, color="black", lw=0.8)
    lost.set(title=f"part of {F1} lost since yaw 0", xlabel="yaw, degrees")
    _bars(real, {faces: {name: hits[name][F1] for name in hits} for faces, hits in voted.items()})
    real.set(title=f"{F1}, real faces", ylim=(0.3, 1))
    _views(points, {LANDMARKS: error})
    points.set(title="error of the landmark network, rendered faces", xlabel="yaw, degrees")
    points.set_ylabel("mean distance / outer eye distance")
    figure.axes[5].legend(*across.get_legend_handles_labels(), loc="center")
    return figure


def _bars(axes: Axes, groups: Mapping[str, Mapping[str, Estimate]]) -> None:
    """A dot with its interval for each route in each group."""
    for k, name in enumerate(next(iter(groups.values()))):
        cells = [group[name] for group in groups.values()]
        place = np.arange(len(cells)) + (k - 1) * 0.22
        axes.bar(place, [cell.value for cell in cells], 0.2, color=COLORS[name], label=name, alpha=0.8)
        known = [not np.isnan(cell.low) for cell in cells]
        if any(known):
            axes.errorbar(place, [cell.value for cell in cells], _reach(cells), fmt="none", ecolor="black", lw=1)
    axes.set_xticks(range(len(groups)), [fill(text, 13) for text in groups], fontsize=7)
    axes.grid(axis="y", alpha=0.3)


def _views(axes: Axes, lines: Mapping[str, Mapping[int, Estimate]]) -> None:
    for name, cells in lines.items():
        at, values = sorted(cells), [cells[angle] for angle in sorted(cells)]
        axes.errorbar(
            at, [v.value for v in values], _reach(values), color=COLORS[name], marker="o", capsize=3, label=name
        )
    axes.grid(alpha=0.3)


def _curve(axes: Axes, curve: Mapping[tuple[str, int], Estimate]) -> None:
    for name in dict.fromkeys(name for name, _ in curve):
        shots = sorted(k for route, k in curve if route == name and k)
        values = [curve[name, k] for k in shots]
        axes.errorbar(
            shots, [v.value for v in values], _reach(values), color=COLORS[name], marker="o", capsize=3, label=name
        )
        if (name, 0) in curve:
            axes.axhline(curve[name, 0].value, color=COLORS[name], ls="--", lw=1, label=f"{name}, rule without a label")
    axes.set(xscale="log", xlabel="labelled faces", ylabel="AUC")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)


def _reach(cells: list[Estimate]) -> list[list[float]]:
    """How far the intervals reach below and above the values; a value may lie outside of its own interval."""
    below = [max(cell.value - cell.low, 0) if not np.isnan(cell.low) else 0 for cell in cells]
    above = [max(cell.high - cell.value, 0) if not np.isnan(cell.high) else 0 for cell in cells]
    return [below, above]
