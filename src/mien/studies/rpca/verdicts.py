"""Words for what the solvers of robust PCA did, and the ratios of their times."""

from collections.abc import Mapping

import numpy as np

from mien.studies.core.finding import Measured, short
from mien.studies.rpca.generic import newton_bytes
from mien.studies.rpca.traces import slope

PLAIN, EXACT, ADMM = "inexact ALM", "exact ALM", "ADMM, fixed penalty"
APG, PROJECTIONS = "accelerated proximal gradient", "alternating projections"
FALLING, POLYAK = "subgradient, c / sqrt(k)", "subgradient, told f*"
SGD, INTERIOR, NEWTON = "SGD on entries of U V^T", "interior point (Clarabel)", "Newton step, dense"
OURS = (PLAIN, EXACT, ADMM, APG, PROJECTIONS)
GENERAL = (FALLING, POLYAK, SGD, INTERIOR)
LEVELS = (1e-2, 1e-3, 1e-6)
STEP, ENTIRE, TO_LEVEL, GAP = "ms a step", "CPU s in all", "CPU s to the level", "least gap"
RANK, SUPPORT, CUT, ERROR = "rank - true", "wrong zeros of S", "wrong zeros, cut", "error of L"
TRUTH, DOUBT = "gap of the true parts", "doubt of f*"

Case = tuple[int, str]
Results = Mapping[Case, Mapping[str, Measured]]


def ratios(results: Results, case: Case) -> tuple[Measured, bool]:
    """Processor time to a gap of 0.001 by that of inexact ALM, seed by seed; True where it is only a lower bound.

    A solver that does not come there is counted with all of its time.
    """
    cells, base = results[case], results[case[0], PLAIN][TO_LEVEL]
    known = np.array(cells[TO_LEVEL].values)
    spent = np.where(np.isnan(known), cells[ENTIRE].values, known)
    return Measured(tuple(float(value) for value in spent / base.values)), bool(np.isnan(known).any())


def times(results: Results, case: Case) -> str:
    """The ratio as a cell: `> 200` where the gap was not reached."""
    if TO_LEVEL not in results[case]:
        return "-"
    ratio, bound = ratios(results, case)
    return f"> {short(min(ratio.values))}" if bound else str(ratio)


def largest(results: Results, name: str) -> int:
    """The largest n that a solver was given; 0 if it did not run."""
    return max((n for n, other in results if other == name), default=0)


def is_exact(results: Results, name: str) -> bool:
    """Whether it found the true rank and support in each run on matrices whose optimum is the true parts."""
    runs = [cells for (n, other), cells in results.items() if other == name and max(cells[TRUTH].values) < LEVELS[2]]
    return bool(runs) and all(not np.any([cells[RANK].values, cells[SUPPORT].values]) for cells in runs)


def judge(results: Results, steps: int) -> str:
    """Words for times, exactness and growth; `steps` is what the descents were given."""
    given = [name for name in GENERAL if largest(results, name)]
    exact = [name for name in (*OURS, *GENERAL) if is_exact(results, name)]
    lines = [
        _headline(results, given, exact),
        _ours(results),
        *(_speed(results, name, steps) for name in given),
        f"Exact rank and exact zeros in every run whose optimum is the true parts: {', '.join(exact) or 'none'}.",
    ]
    if INTERIOR not in given:
        lines.append("The interior-point method did not run: cvxpy is not installed.")
    return "\n".join([*lines, _growth(results), *([_newton(results)] if largest(results, NEWTON) else [])])


def _headline(results: Results, given: list[str], exact: list[str]) -> str:
    cells = [
        f"{name} {times(results, (largest(results, name), name))} (n = {largest(results, name)})" for name in given
    ]
    slower = sum(min(ratios(results, (largest(results, name), name))[0].values) > 1 for name in given)
    return (
        f"Processor time to a relative gap of {LEVELS[1]:g} in multiples of inexact ALM: {'; '.join(cells)}; slower "
        f"than it are {slower} of {len(given)} general solvers. Exact rank and zeros are found by "
        f"{', '.join(name for name in given if name in exact) or 'none'} of these; inexact ALM "
        f"{'finds' if PLAIN in exact else 'does NOT find'} them."
    )


def _ours(results: Results) -> str:
    n = largest(results, PLAIN)
    cells = "; ".join(f"{name} {times(results, (n, name))}" for name in OURS[1:])
    return f"The same multiples of the other solvers of mien.lowrank, n = {n}: {cells}."


def _speed(results: Results, name: str, steps: int) -> str:
    n, level = largest(results, name), f"steps to {LEVELS[1]:g}"
    cells, base = results[n, name], results[n, PLAIN]
    came = f"{cells[level]} steps to a gap of {LEVELS[1]:g}"
    if np.isnan(cells[level].mean):
        came = f"no gap of {LEVELS[1]:g} within {steps} steps (least: {cells[GAP]})"
    ratio = short(cells[STEP].mean / base[STEP].mean)
    return f"{name}, n = {n}: {came}, inexact ALM {base[level]}; a step costs {ratio} times its step."


def _growth(results: Results) -> str:
    grown = []
    for name in dict.fromkeys(other for _, other in results):
        sizes = [n for n, other in results if other == name][-3:]
        power = slope(sizes, [results[n, name][STEP].mean for n in sizes])
        if not np.isnan(power):
            grown.append(f"{name} n^{power:.1f} ({sizes[0]} to {sizes[-1]})")
    return f"The time of a step grew as: {'; '.join(grown) or 'cannot be told from one size'}."


def _newton(results: Results) -> str:
    n = largest(results, NEWTON)
    spent = results[n, NEWTON][STEP].mean / 1e3
    days = spent * (1000 / n) ** 6 / 86400
    return (
        f"A Newton step on n^2 unknowns took {short(spent)} s at n = {n}, where its Hessian fills "
        f"{short(newton_bytes(n) / 1e6)} MB; at n = 1000 it fills {newton_bytes(1000) / 1e12:.0f} TB, and by n^6 the "
        f"step takes {short(days)} days."
    )
