"""Two small kernels against one large by their widths, and the time of networks by their counts."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogFormatter
from numpy.typing import NDArray

from mien.studies.convolutions.latency import ENGINES, Times
from mien.studies.convolutions.series import INCEPTIONS, SHORT, Network
from mien.studies.convolutions.verdicts import sizes

Spot = NDArray[np.float64]
MIDDLES: Mapping[str, Callable[[Spot], Spot]] = {
    "middle = C_out": lambda t: 9 * (1 + t) / 25,
    "middle = C_in": lambda t: 9 * (1 + t) / (25 * t),
    "middle = root(C_in C_out)": lambda t: 9 * (1 + t) / (25 * np.sqrt(t)),
}
"""Weights of two 3x3 by those of one 5x5, at t = C_out / C_in."""
UNITS = {"parameters": "millions", "MACs": "millions", "bytes moved": "MB"}
COLOURS = {True: "C0", False: "C1"}
SIDES = ((1, 0), (-1, 0), (0, -1), (0, 1), (0.8, -0.8), (-0.8, 0.8), (0.8, 0.8), (-0.8, -0.8), (0, -2), (0, 2))


def draw(networks: Mapping[str, Network], times: Times) -> Figure:
    """The turning points, and three counts against time."""
    figure = Figure(figsize=(13, 10), layout="constrained")
    panels = figure.subplots(2, 2)
    _draw_middles(panels[0, 0])
    for axes, what in zip(panels.flat[1:], ("parameters", "MACs", "bytes moved"), strict=True):
        _draw_times(axes, what, networks, times)
    panels[0, 1].legend(fontsize=9, loc="upper left")
    return figure


def _draw_middles(axes: Axes) -> None:
    t = np.geomspace(1 / 8, 8, 121)
    for name, share in MIDDLES.items():
        axes.loglog(t, share(t), label=name)
    axes.axhline(1, color="k", lw=1)
    for turn in (16 / 9, 9 / 16):
        axes.plot(turn, 1, "ko", ms=5)
        axes.annotate(f"{turn:.2f}", (turn, 1), (4, 6), textcoords="offset points", fontsize=9)
    axes.plot(1, 0.72, "ko", ms=5)
    axes.annotate("18 / 25", (1, 0.72), (0, -14), textcoords="offset points", fontsize=9, ha="center")
    ticks = (0.125, 0.25, 0.5, 1, 2, 4, 8)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks((0.5, 1, 2, 3), ("0.5", "1", "2", "3"))
    axes.minorticks_off()
    axes.set(
        title="weights of two 3x3 by those of one 5x5", xlabel="C_out / C_in", ylabel="share; above 1 the 5x5 wins"
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)


def _draw_times(axes: Axes, what: str, networks: Mapping[str, Network], times: Times) -> None:
    """Filled: the first engine, with names; hollow: the other."""
    names = list(dict.fromkeys(name for name, _ in times))
    axes.set(title=f"{what} and time of a picture, one thread", xlabel=f"{what}, {UNITS[what]}", ylabel="ms")
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(LogFormatter(minor_thresholds=(1.2, 0.6)))
    axes.grid(alpha=0.15, which="both")
    for engine, face in zip(ENGINES, (None, "none"), strict=True):
        for family in (True, False):
            members = [name for name in names if (name in INCEPTIONS) == family]
            x = [sizes(networks[name].report)[what] / 1e6 for name in members]
            y = [times[name, engine].milliseconds.mean for name in members]
            label = f"{'Inception' if family else 'MobileNet'}, {engine}"
            axes.plot(x, y, "o", color=COLOURS[family], mfc=face or COLOURS[family], ms=6, label=label)
    axes.margins(0.12)
    places = {
        (name, engine): (sizes(networks[name].report)[what] / 1e6, timed.milliseconds.mean)
        for (name, engine), timed in times.items()
    }
    if places:
        _name_points(axes, places)


def _name_points(axes: Axes, places: Mapping[tuple[str, str], tuple[float, float]]) -> None:
    """The name of each point of the first engine, at the side that is farthest from all other points and names."""
    spots = {case: axes.transData.transform(place) for case, place in places.items()}
    taken = list(spots.values())
    for (name, engine), spot in spots.items():
        if engine != ENGINES[0]:
            continue
        width = 7.0 * len(SHORT[name])
        sides = [spot + (dx * (9 + width / 2), dy * 14) for dx, dy in SIDES]
        centre = max(sides, key=lambda side: min(_gap(side, other, width) for other in taken if other is not spot))
        taken += [centre - (width / 3, 0), centre, centre + (width / 3, 0)]
        colour, offset = COLOURS[name in INCEPTIONS], 0.72 * (centre - spot)
        axes.annotate(
            SHORT[name], places[name, engine], offset, textcoords="offset points", fontsize=9, ha="center", va="center",
            color=colour,
        )  # fmt: skip


def _gap(centre: Spot, other: Spot, width: float) -> float:
    """Distance in pixels from the box of a name to a point."""
    wide, high = np.maximum(np.abs(centre - other) - (width / 2, 7), 0)
    return float(np.hypot(wide, high))
