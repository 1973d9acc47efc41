"""How the solvers of robust PCA come near the optimum, how a step grows, and which zeros are zeros."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mien.studies.rpca.traces import Trace
from mien.studies.rpca.verdicts import GENERAL, INTERIOR, NEWTON, OURS, SGD, STEP, Case, Results, largest

COLOURS = {name: f"C{k}" for k, name in enumerate((*OURS, *GENERAL, NEWTON))}


def draw(results: Results, traces: Mapping[Case, Trace | None]) -> Figure:
    """Gap by steps and by processor time at the largest n of SGD, cost of a step by n, singular values of L."""
    figure = Figure(figsize=(12, 8.5), layout="constrained")
    by_step, by_time, growth, values = figure.subplots(2, 2).flat
    n = largest(results, SGD)
    shown = {name: trace for (size, name), trace in traces.items() if size == n and trace is not None}
    small = largest(results, INTERIOR)
    slow = traces.get((small, INTERIOR))
    for name, trace in shown.items():
        by_step.loglog(trace.steps, trace.gaps, **_style(name))
        by_time.loglog(trace.seconds, trace.gaps, **_style(name))
    if slow is not None and INTERIOR not in shown:
        label = f"{INTERIOR}, n = {small}"
        by_step.loglog(slow.steps, slow.gaps, **_style(INTERIOR) | {"label": label})
        by_time.loglog(slow.seconds, slow.gaps, **_style(INTERIOR) | {"label": label})
    by_step.set(title=f"gap by steps, n = {n}, first seed", xlabel="steps (SGD: passes)", ylabel="relative gap")
    by_time.set(title=f"gap by time, n = {n}, first seed", xlabel="processor seconds", ylabel="relative gap")
    _draw_growth(growth, results)
    _draw_values(values, shown, n)
    for axes in figure.axes:
        axes.grid(alpha=0.3)
    handles = {text: line for axes in figure.axes for line, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, fontsize=8)
    return figure


def _style(name: str) -> dict[str, str]:
    return {"color": COLOURS[name], "ls": "-" if name in OURS else "--", "marker": ".", "label": name}


def _draw_growth(axes: Axes, results: Results) -> None:
    for name in COLOURS:
        sizes = [n for n, other in results if other == name]
        if sizes:
            axes.loglog(sizes, [results[n, name][STEP].mean for n in sizes], **_style(name))
    axes.set(title="cost of a step, mean over seeds", xlabel="n", ylabel="ms")
    sizes = sorted({n for n, _ in results})
    axes.set_xticks(sizes, [str(n) for n in sizes])
    axes.minorticks_off()


def _draw_values(axes: Axes, shown: Mapping[str, Trace], n: int) -> None:
    for name, trace in shown.items():
        singular = np.linalg.svd(trace.low_rank, compute_uv=False)
        axes.semilogy(range(1, len(singular) + 1), np.maximum(singular, 1e-17), **_style(name))
    axes.set(title=f"singular values of L at the end, n = {n}", xlabel="number", ylabel="value")
