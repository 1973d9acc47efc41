"""The envelope on a line and on two planes, rivals along a ray, and where recovery sets in."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mien.lowrank.matrices import Array
from mien.studies.nuclear_norm.envelopes import MATRICES, RIVALS, VECTORS, biconjugate, cost
from mien.studies.nuclear_norm.recoveries import freedom

SHOWN = ("the norm", "1.05 times the norm", "norm + 0.05 sum of squares", "sum of squares", "sum of square roots")


def draw(
    shares: Mapping[tuple[str, int], Array],
    predicted: Mapping[tuple[str, int], float],
    counts: Sequence[int],
    side: int,
) -> Figure:
    """Two rows: the envelope; rivals, and the share of recoveries of matrices and of vectors."""
    figure = Figure(figsize=(13, 8), layout="constrained")
    panels = figure.subplots(2, 3)
    _draw_line(panels[0, 0])
    _draw_plane(panels[0, 1], "vectors (a, b), matrices diag(a, b)", lambda a, b: np.diag([a, b]))
    _draw_plane(panels[0, 2], "matrices [[a, b], [b, a]]", lambda a, b: np.array([[a, b], [b, a]]))
    _draw_rivals(panels[1, 0])
    for axes, kind in zip(panels[1, 1:], (MATRICES, VECTORS), strict=True):
        ranks = [rank for name, rank in shares if name == kind.cost]
        image = np.stack([shares[kind.cost, rank] for rank in ranks], 1)
        mesh = axes.pcolormesh(range(len(ranks)), range(len(counts)), image, cmap="gray", vmin=0, vmax=1)
        theory = np.interp([predicted[kind.cost, rank] for rank in ranks], counts, range(len(counts)))
        axes.plot(range(len(ranks)), theory, "C1o-", label="theory: half of them")
        names = [str(rank if kind is MATRICES else freedom(side, rank)) for rank in ranks]
        axes.set_xticks(range(len(ranks)), names)
        axes.set_yticks(range(len(counts)), [str(count) for count in counts])
        axes.set(title=f"share recovered by the least {kind.norm}", xlabel=kind.cost, ylabel="measurements")
        axes.legend(fontsize=8, loc="lower right")
        figure.colorbar(mesh, ax=axes)
    return figure


def _draw_line(axes: Axes) -> None:
    x = np.linspace(-1.5, 1.5, 121)
    envelope = [biconjugate(VECTORS, np.array([value]), np.zeros(1), steps=5) for value in x]
    axes.plot(x, envelope, lw=4, alpha=0.5, label="biconjugate, found by ascent")
    axes.plot(x, np.abs(x), "k--", lw=1, label="norm: |x|")
    axes.plot(x[x != 0], np.ones((x != 0).sum()), "C3", label="cost: 1 but at 0")
    axes.plot([0], [1], "o", color="C3", mfc="w")
    axes.plot([0], [0], "o", color="C3")
    axes.axvspan(-1, 1, color="C2", alpha=0.1, label="size at most 1")
    axes.set(title="one value", xlabel="x", ylim=(-0.05, 2.5))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


def _draw_plane(axes: Axes, title: str, make: Callable[[float, float], Array]) -> None:
    """Found biconjugate on the ball (colours) against the norm (lines), and where the cost is 0, 1 and 2."""
    grid = np.linspace(-1.2, 1.2, 37)
    spectra = [[MATRICES.values(make(a, b)) for a in grid] for b in grid]
    inside = np.array([[s.max() <= 1 + 1e-12 for s in row] for row in spectra])
    norm = np.array([[s.sum() for s in row] for row in spectra])
    envelope = np.full_like(norm, np.nan)
    for k, m in zip(*np.nonzero(inside), strict=True):
        envelope[k, m] = biconjugate(MATRICES, make(grid[m], grid[k]), np.eye(2) / 2, steps=5)
    mesh = axes.contourf(grid, grid, envelope, levels=np.linspace(0, 2, 11))
    axes.contour(grid, grid, norm, levels=[0.4, 0.8, 1, 1.2, 1.6, 2], colors="k", linewidths=0.7)
    low = np.array([[cost(s) < 2 for s in row] for row in spectra])
    rows, columns = np.nonzero(low)
    axes.plot(grid[columns], grid[rows], "C3.", ms=3, label="cost 1 (0 in the middle)")
    axes.set(title=title, xlabel="a", ylabel="b", aspect="equal")
    axes.legend(fontsize=8, loc="upper right")
    axes.figure.colorbar(mesh, ax=axes, label="biconjugate; lines: norm")


def _draw_rivals(axes: Axes) -> None:
    t = np.linspace(0, 1.5, 151)
    for name in SHOWN:
        axes.plot(t, [RIVALS[name](np.full(3, value)) for value in t], label=name)
    axes.plot([0, 1e-9, 1.5], [0, 3, 3], "k", lw=2.5, label="cost")
    axes.axvspan(0, 1, color="C2", alpha=0.1, label="size at most 1")
    axes.set(title="three equal values", xlabel="each value", ylabel="function", ylim=(0, 4.5))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
