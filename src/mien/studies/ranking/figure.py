"""The figure of `ranking-losses`."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mien.studies.ranking.linear import RIDGE, SVM
from mien.studies.ranking.measures import ORDER, PLCC
from mien.studies.ranking.runs import COMP, GAP, HARD, HINGE, L2, MARGIN, METHODS, RANKNET, SHARE, TIES, Settings
from mien.studies.ranking.verdicts import Results, sets_of

ROWS = (L2, COMP, MARGIN, HINGE, RANKNET, TIES, SVM, RIDGE)
MARKS = {HARD: ("o", "C0", "hard: the higher mean wins"), GAP: ("s", "C1", "hard, weighted by the gap")}
MARKS |= {SHARE: ("D", "C2", "share of raters (Thurstone)")}
LINES = {COMP: "-", MARGIN: "--", HINGE: "-.", RANKNET: ":"}


def draw(results: Results, curves: Mapping[str, Sequence[float]], settings: Settings) -> Figure:
    """Pairs in order and PLCC on each set, and the spread of the scores while they are learnt."""
    figure = Figure(figsize=(15, 8.5), layout="constrained")
    sets = sets_of(results)
    panels = figure.subplots(len(sets), 3, squeeze=False)
    for (order, plcc, _), name in zip(panels, sets, strict=True):
        _points(order, results, f"{name} {ORDER}")
        order.set(title=f"{name}: test pairs in order", xlabel="share of pairs whose means differ surely")
        _points(plcc, results, f"{name} {PLCC}")
        plcc.set(title=f"{name}: correlation with the mean ratings", xlabel="PLCC, mean over both sexes")
        plcc.set_yticklabels([])
    _curves(panels[0, 2], curves, settings.every, (COMP, MARGIN))
    panels[0, 2].set_title("softmax-comp: spread of the scores (sigmoid)")
    _curves(panels[-1, 2], curves, settings.every, (HINGE, RANKNET))
    panels[-1, 2].set_title("hinge and RankNet: spread of the scores (raw)")
    panels[0, 0].legend(fontsize=8, loc="lower left")
    return figure


def _points(axes: Axes, results: Results, measure: str) -> None:
    """Mean and spread of each method, one loss a line, its targets one below the other."""
    targets = {method.name: (method.loss, method.target) for method in METHODS} | {n: (n, HARD) for n in (SVM, RIDGE)}
    for target, (mark, color, label) in MARKS.items():
        names = [name for name in results if targets[name][1] == target]
        place = [ROWS.index(targets[name][0]) + 0.22 * (list(MARKS).index(target) - 1) for name in names]
        cells = [results[name][measure] for name in names]
        axes.errorbar(
            [cell.mean for cell in cells], place, xerr=np.nan_to_num([cell.spread for cell in cells]),
            fmt=mark, color=color, ms=5, capsize=3, label=label,
        )  # fmt: skip
    for line in range(1, len(ROWS)):
        axes.axhline(line - 0.5, color="0.9", lw=0.8)
    axes.set_yticks(range(len(ROWS)), ROWS)
    axes.set_ylim(len(ROWS) - 0.5, -0.5)
    axes.grid(alpha=0.3, axis="x")


def _curves(axes: Axes, curves: Mapping[str, Sequence[float]], every: int, losses: tuple[str, ...]) -> None:
    """Mean over seeds of the spread of the scores of held-out faces."""
    for method in METHODS:
        if method.loss in losses:
            curve = np.maximum(curves[method.name], 1e-6)
            color = MARKS[method.target][1]
            axes.plot(np.arange(len(curve)) * every, curve, LINES[method.loss], color=color, label=method.name)
    axes.set(xlabel="steps", ylabel="standard deviation", yscale="log")
    axes.grid(alpha=0.3)
    axes.set_ylim(top=8 * axes.get_ylim()[1])
    axes.legend(fontsize=7, loc="upper right", ncols=2)
