"""Panels: each draws one kind of comparison on the axes that it is given. Colors are those of Okabe & Ito."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mien import metrics
from mien.geometry import Array

BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, GREY = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c"
)  # fmt: skip
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, "#000000")
_LONGEST_LEGEND = len(SERIES)

Values = NDArray[Any]
Scored = tuple[Array, NDArray[np.bool_]]
"""Scores (N,) and whether each is of a positive (N,)."""
Bar = tuple[str, float, float | None, float | None]
"""Name, value, and the ends of its interval where it has one."""


def _finish(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)


def scatter(
    axes: Axes, truth: Values, value: Values, title: str, labels: tuple[str, str], diagonal: bool = True
) -> None:
    """Value (N,) against truth (N,), a line where both agree."""
    axes.plot(truth, value, ".", color=BLUE, markersize=4, alpha=float(np.clip(150 / max(len(truth), 1), 0.12, 0.8)))
    if diagonal and len(truth):
        ends = [min(truth.min(), value.min()), max(truth.max(), value.max())]
        axes.plot(ends, ends, color="black", linewidth=1, label="no error")
        axes.legend(loc="upper left", fontsize=9)
    _finish(axes, title, *labels)


def error_by(
    axes: Axes, at: Values, error: Values, edges: Values, title: str, labels: tuple[str, str], signed: bool = True
) -> None:
    """Mean size and mean (bias) of the error (N,) in bins of `at` (N,), with the number of faces in each.

    The last bin has both its edges; signed: errors have a direction, so that there is a bias.
    """
    which = np.where(at == edges[-1], len(edges) - 2, np.searchsorted(edges, at, side="right") - 1)
    bins = [k for k in range(len(edges) - 1) if (which == k).any()]
    parts = [error[which == k] for k in bins]
    place = range(len(bins))
    bars = axes.bar(place, [np.abs(part).mean() for part in parts], color=SKY, width=0.75, label="mean absolute error")
    axes.bar_label(bars, [f"{len(part)}" for part in parts], fontsize=8)
    if signed:
        axes.plot(place, [part.mean() for part in parts], "o-", color=VERMILION, markersize=5, label="bias")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.legend(fontsize=9)
    axes.set_xticks(place, [f"{edges[k]:.3g} to {edges[k + 1]:.3g}" for k in bins], rotation=40, ha="right", fontsize=8)
    axes.margins(y=0.12)
    _finish(axes, f"{title} (faces above)", *labels)


def coverage(axes: Axes, bands: Mapping[str, NDArray[np.bool_]], wanted: float) -> None:
    """Share of truths inside their interval by band, with its 95 % Wilson interval, and the share that is wanted."""
    for y, inside in enumerate(bands.values()):
        share = inside.mean()
        low, high = wilson(share, len(inside))
        axes.plot([low, high], [y, y], color=BLUE, linewidth=2)
        axes.plot(share, y, "o", color=BLUE)
    axes.axvline(wanted, color=VERMILION, linestyle="--", linewidth=1.2)
    names = [f"{name} ({len(inside)})" for name, inside in bands.items()]
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.invert_yaxis()
    wish = f"share of true ages inside (dashed: wanted, {wanted:.0%})"
    _finish(axes, "Calibration of the interval", wish, "age that was read (faces)")


def wilson(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share of `count` (Wilson, JASA 1927).

    >>> [round(end, 3) for end in wilson(0.9, 100)]
    [0.826, 0.945]
    """
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * float(np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)))
    return middle - half, middle + half


def roc(axes: Axes, scored: Mapping[str, Scored], title: str = "ROC") -> None:
    """ROC of each name with both answers; where these are many, thin lines and their mean."""
    both = {name: (s, p) for name, (s, p) in scored.items() if 0 < p.sum() < len(p)}
    aucs = {name: metrics.roc_auc(*pair) for name, pair in both.items()}
    many = len(both) > _LONGEST_LEGEND
    for k, (name, pair) in enumerate(both.items()):
        style: dict[str, Any] = {"color": GREY, "alpha": 0.5, "linewidth": 0.9}
        if not many:
            style = {"color": SERIES[k], "linewidth": 1.8, "label": f"{name}: AUC {aucs[name]:.3f}"}
        axes.plot(*metrics.roc_curve(*pair), **style)
    if many:
        rate = np.linspace(0, 1, 201)
        mean = np.mean([np.interp(rate, *metrics.roc_curve(*pair)) for pair in both.values()], axis=0)
        average = float(np.mean(list(aucs.values())))
        axes.plot(rate, mean, color=BLUE, linewidth=2.2, label=f"mean of {len(both)}: AUC {average:.3f}")
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":", label="by chance")
    axes.legend(loc="lower right", fontsize=9)
    axes.set_aspect("equal")
    _finish(axes, title, "false positive rate", "true positive rate")


def reliability(
    axes: Axes, probability: Values, happened: NDArray[np.bool_], title: str, labels: tuple[str, str]
) -> None:
    """Observed frequency against the predicted probability, with Wilson intervals, and the ECE."""
    predicted, share, counts = metrics.reliability(probability, happened)
    filled = counts > 0
    ends = np.array([wilson(s, int(n)) for s, n in zip(share[filled], counts[filled], strict=True)]).reshape(-1, 2)
    axes.vlines(predicted[filled], ends[:, 0], ends[:, 1], color=BLUE, linewidth=2)
    error = metrics.expected_calibration_error(probability, happened)
    axes.plot(predicted[filled], share[filled], "o-", color=BLUE, label=f"ECE {error:.3f}")
    parts = axes.inset_axes((0, 0, 1, 0.16))
    parts.bar((np.arange(len(counts)) + 0.5) / len(counts), counts, 0.9 / len(counts), color=GREY, alpha=0.35)
    parts.set_xlim(-0.03, 1.03)
    parts.axis("off")
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":", label="calibrated")
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    axes.legend(loc="upper left", fontsize=9)
    _finish(axes, title, *labels)


def confusion(axes: Axes, counts: NDArray[np.int64], classes: Sequence[str], title: str) -> None:
    """Counts (K, K), rows the true class; colors tell the share of the row."""
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    small = len(classes) > 12
    for (row, column), value in np.ndenumerate(counts):
        text = f"{value}" if small else f"{share[row, column]:.0%}\n{value}"
        colour = "white" if share[row, column] > 0.55 else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=6 if small else 9, color=colour)
    axes.set_xticks(range(len(classes)), classes, rotation=40, ha="right", fontsize=9)
    axes.set_yticks(
        range(len(classes)), [f"{c} ({n})" for c, n in zip(classes, counts.sum(1), strict=True)], fontsize=9
    )
    _finish(axes, title, "class that was read", "true class (faces)")
    axes.grid(visible=False)


def dots(axes: Axes, bars: Sequence[Bar], title: str, label: str, whole: float | None = None) -> None:
    """Values with their intervals, one below the other; a line at the value of all faces together."""
    for y, (_, value, low, high) in enumerate(bars):
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], color=BLUE, linewidth=2)
        axes.plot(value, y, "o", color=BLUE, markersize=5)
    if whole is not None:
        axes.axvline(whole, color=VERMILION, linestyle="--", linewidth=1.2)
        label += f"\n(dashed: all faces, {whole:.3g})"
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars], fontsize=8)
    axes.invert_yaxis()
    _finish(axes, title, label, "")


def cumulative(axes: Axes, error: Values, title: str, labels: tuple[str, str], end: float) -> None:
    """Share of faces (y) with at most this error (x), up to `end`."""
    ordered = np.sort(error)
    axes.step(ordered, np.arange(1, len(ordered) + 1) / len(ordered), where="post", color=BLUE, linewidth=1.8)
    for share in (0.5, 0.9):
        at = float(np.quantile(ordered, share))
        axes.plot(at, share, "o", color=VERMILION, markersize=5)
        axes.annotate(f"{share:.0%} within {at:.3g}", (at, share), (6, -12), textcoords="offset points", fontsize=9)
    axes.set(xlim=(0, end), ylim=(0, 1.02))
    _finish(axes, title, *labels)


def ranges(axes: Axes, groups: Sequence[tuple[float, float]], values: Sequence[Values], title: str) -> None:
    """Quartiles of the values that were read in each group, over the interval (gray) that is true for the group."""
    for x, ((low, high), part) in enumerate(zip(groups, values, strict=True)):
        axes.bar(x, high - low, bottom=low, color=GREY, alpha=0.35, width=0.8)
        first, middle, third = np.quantile(part, [0.25, 0.5, 0.75])
        axes.plot([x, x], [first, third], color=BLUE, linewidth=3)
        axes.plot(x, middle, "o", color=BLUE)
    names = [f"{low:.0f}–{high:.0f} ({len(part)})" for (low, high), part in zip(groups, values, strict=True)]
    axes.set_xticks(range(len(groups)), names, rotation=40, ha="right", fontsize=8)
    _finish(axes, title, "true age group, years (faces)", "age that was read, years: quartiles")
