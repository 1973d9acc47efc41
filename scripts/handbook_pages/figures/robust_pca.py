"""How far each solver is from the optimum after how much time, and what a step costs as the matrix grows."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import load, value
from handbook_pages.style import BLUE, GRAY, GREEN, INK, ORANGE, PURPLE, RED

STUDY = "rpca-solvers"
SOLVERS = {
    "inexact ALM": BLUE,
    "ADMM, fixed penalty": GREEN,
    "accelerated proximal gradient": PURPLE,
    "SGD on entries of U V^T": ORANGE,
    "subgradient, told f*": RED,
    "interior point (Clarabel)": GRAY,
    "Newton step, dense": INK,
}
GAPS = {"steps to 0.01": 1e-2, "steps to 0.001": 1e-3, "steps to 1e-06": 1e-6}
SIDE = "240"


def draw() -> Figure:
    """Gap against time at one size; time of a step against size."""
    figure = Figure(figsize=(9, 4.2))
    left, right = figure.subplots(1, 2)
    _draw_gaps(left)
    _draw_steps(right)
    handles = right.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    return figure


def _draw_gaps(axes: Axes) -> None:
    for solver, color in SOLVERS.items():
        if not any(row[:2] == [SIDE, solver] for row in load(STUDY)["table"]["rows"]):
            continue
        step = value(STUDY, SIDE, solver, "ms a step")
        ends = [(value(STUDY, SIDE, solver, name), gap) for name, gap in GAPS.items() if _reached(solver, name)]
        axes.plot([step * steps for steps, _ in ends], [gap for _, gap in ends], "o-", color=color)
    axes.set(
        xscale="log", yscale="log", title=f"{SIDE} x {SIDE}: time to a gap", xlabel="processor time, ms",
        ylabel="relative gap to the optimum",
    )  # fmt: skip
    axes.annotate("exact methods\ngo on to 1e-6", (9, 1.6e-6), fontsize=9)
    axes.annotate("SGD and subgradients\nstop here", (250, 1.8e-4), fontsize=9)


def _reached(solver: str, name: str) -> bool:
    rows = load(STUDY)["table"]
    row = next(row for row in rows["rows"] if row[:2] == [SIDE, solver])
    return row[rows["columns"].index(name)]["mean"] is not None


def _draw_steps(axes: Axes) -> None:
    for solver, color in SOLVERS.items():
        sizes = [row[0] for row in load(STUDY)["table"]["rows"] if row[1] == solver]
        times = [value(STUDY, size, solver, "ms a step") for size in sizes]
        axes.plot([int(size) for size in sizes], times, "o-", color=color, label=solver)
    axes.set(xscale="log", yscale="log", title="time of one step", xlabel="side n of the matrix", ylabel="ms")
    axes.set_xticks([15, 30, 60, 120, 240, 480], ["15", "30", "60", "120", "240", "480"])
    axes.minorticks_off()
