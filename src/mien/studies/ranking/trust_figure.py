"""The figure of the study of trust in attractiveness scores."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from mien.studies.core.bootstrap import Estimate
from mien.studies.ranking.rater_agreement import MODEL, ONE, OTHERS, Agreement


def draw(
    results: Mapping[tuple[str, str], Mapping[str, Estimate]],
    raters: Agreement,
    shares: list[tuple[int, float, float]],
    measures: tuple[str, str],
    bound: float,
) -> Figure:
    """Rank correlation by group, change of the score by change of the picture, raters, predicted against seen shares.

    found: by set and group; measures: the names of both in it; bound: of a change.
    """
    rank, change = measures
    figure = Figure(figsize=(13, 9), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(2, 1))
    groups, changes = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    bars, lines = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
    for axes, measure, wanted in ((groups, rank, False), (changes, change, True)):
        names = list(dict.fromkeys(group for (_, group), metrics in results.items() if (change in metrics) == wanted))
        for k, one_set in enumerate(dict.fromkeys(name for name, _ in results)):
            cells = {
                group: metrics[measure]
                for (name, group), metrics in results.items()
                if name == one_set and measure in metrics
            }
            cells = {group: cell for group, cell in cells.items() if group in names}
            value = np.array([cell.value for cell in cells.values()])
            ends = np.abs(np.array([[cell.low, cell.high] for cell in cells.values()]).reshape(-1, 2).T - value)
            places = [names.index(group) + 0.2 * (k - 0.5) for group in cells]
            axes.errorbar(places, value, ends, fmt="o", ms=4, capsize=2, label=one_set)
        axes.set_xticks(range(len(names)), names, rotation=35, ha="right", fontsize=8)
        axes.grid(alpha=0.3)
    groups.set(title="rank correlation with the mean rating (95 % interval)", ylim=(None, 1))
    groups.legend(loc="lower right", title="test set")
    changes.set(title="change of the score when the picture changes, in SD of the pool", ylim=(0, None))
    changes.axhline(bound, color="black", lw=1, ls=":")
    names = [MODEL, OTHERS, ONE]
    value = np.array([raters.shares[name].value for name in names])
    ends = np.abs(np.array([[raters.shares[name].low, raters.shares[name].high] for name in names]).T - value)
    bars.bar(["the score", "mean of\nall others", "one other\nrater"], value, yerr=ends, capsize=4, color="tab:blue")
    bars.set(title="a rater's comparisons foretold", ylim=(0.5, 0.85))
    count, mean, seen = np.array(shares).T
    lines.plot([0.5, 0.9], [0.5, 0.9], color="black", lw=1, ls=":")
    lines.scatter(mean, seen, s=15 + 200 * count / count.max())
    lines.set(title="raters who prefer the higher score", xlabel="share foretold", ylabel="share seen (mebeauty)")
    return figure
