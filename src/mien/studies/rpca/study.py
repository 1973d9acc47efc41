"""Why is robust PCA solved by augmented Lagrangians, and not by SGD, Newton or an interior-point method?

**Method.** `min ||L||_* + lam ||S||_1  subject to  L + S = X`, lam = 1 / sqrt(n), on n x n matrices of growing n, of
rank n / 20, of whose entries 5 % are wrong by +-1. On one thread, side by side, run: the solvers of `mien.lowrank`
(inexact and exact ALM, ADMM, accelerated proximal gradient, alternating projections); subgradient descent with steps
c / sqrt(k) and with Polyak's step, which is told the optimum; SGD on entries of L = U V^T, which is told twice the true
rank; an interior-point method (Clarabel by cvxpy, where that is installed) on small n; and the Cholesky solve of one
dense Newton system. Each L is judged with S = X - L, so that every point is feasible: the gap is
(f(L) - f*) / f* with f(L) = ||L||_* + lam ||X - L||_1, where f* comes from ADMM, held by its dual. A step of SGD is a
pass over all entries. Counted at the end are the rank (singular values above 1e-6 of the first) less the true one, the
entries of S that are zero where they should not be or the reverse, as S is and after |S| < 0.001 is cut off, and
|L - L*| / |L*|. On the smallest matrices the optimum is not always the true parts; "exact" is said of the
others. Steps of our solvers are found by starting afresh with a limit.

**Derivation.** *Newton.* f is a sum of kinks. Where ||X - L||_1 has a second derivative, it is 0, and the optimum lies
where neither term has one: S is to be exactly 0 on most entries, L to have singular values that are exactly 0. With the
kinks smoothed the Hessian of the n^2 entries has n^4 numbers, 8 n^4 bytes, and a step costs n^6 / 3 multiplications:
at n = 1000 these are 8 TB and 3e17 multiplications, and a smoothing weak enough to be true makes the Hessian as badly
conditioned as it is sharp.

*Interior point.* As a semi-definite program, L sits in a block of 2 n x 2 n; with |S| these are some 4 n^2 unknowns.
Ten to fifteen steps suffice for any number of digits, but each factors a system of O(n^2) unknowns: O(n^4) memory and
O(n^6) time. At n = 1000 that does not fit, where X takes 8 MB.

*Subgradients.* A step costs a full decomposition, O(n^3), as g = U V^T - lam sign(X - L) needs all of it. g does not
shrink near the kink, so the step has to: with c / sqrt(k) the gap falls as 1 / sqrt(k), a tenth of it
takes a hundred times the steps, and no entry or singular value becomes exactly 0. *SGD* cannot sample the nuclear norm,
which is no sum over entries: a stochastic step would still need the decomposition. On factors it can, at O(n^2 r) a
pass; but then the rank has to be known, the problem is no longer convex, and the noise of the samples forces steps as
1 / k.

*Augmented Lagrangians.* Each of the two terms alone has an exact minimiser: singular values are cut by a threshold,
entries are cut by a threshold, both to exact zeros. A round costs the r singular vectors that survive, O(n^2 r), and
because the penalty grows by a factor each round, the error falls by that factor: some twenty rounds. The step size is
the penalty; there is nothing to tune. ADMM keeps the penalty and the optimum; APG has the rate 1 / k^2 without
multipliers. Projections leave convexity for a start that is good enough.

**Source.** Candès, Li, Ma & Wright, J. ACM 2011; Lin, Chen & Ma, 2010 (ALM); Nesterov, "Introductory Lectures on Convex
Optimization", 2004, section 3.2 (subgradients); Boyd & Vandenberghe, "Convex Optimization", 2004, chapter 11 (interior
point); Srebro, Rennie & Jaakkola, NIPS 2005 (factors); Gemulla et al., KDD 2011 (SGD on entries).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Cell, Finding, Study, Table, gather
from mien.studies.core.sweep import sweep
from mien.studies.rpca.descents import falling_steps, polyak_steps, stochastic_passes
from mien.studies.rpca.figure import draw
from mien.studies.rpca.generic import has_cvxpy, interior_point, newton_seconds
from mien.studies.rpca.traces import Instance, Trace, follow, make_instance, pursue
from mien.studies.rpca.verdicts import (
    ADMM,
    APG,
    CUT,
    DOUBT,
    ENTIRE,
    ERROR,
    EXACT,
    FALLING,
    GAP,
    INTERIOR,
    LEVELS,
    NEWTON,
    PLAIN,
    POLYAK,
    PROJECTIONS,
    RANK,
    SGD,
    STEP,
    SUPPORT,
    TO_LEVEL,
    TRUTH,
    Case,
    Results,
    judge,
    times,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Sizes n, share of wrong entries, steps of the descents and their first sizes; the largest n of the slow ones."""

    sizes: tuple[int, ...] = (15, 30, 60, 120, 240, 480)
    share: float = 0.05
    steps: int = 600
    step: float = 0.03
    sgd_step: float = 0.5
    interior_limit: int = 30
    newton_limit: int = 60
    descent_limit: int = 240


Solver = Callable[[Instance, Settings, int], Trace]
SOLVERS: Mapping[str, Solver] = {
    PLAIN: lambda instance, settings, seed: pursue(instance, "ialm"),
    EXACT: lambda instance, settings, seed: pursue(instance, "ealm"),
    ADMM: lambda instance, settings, seed: pursue(instance, "admm"),
    APG: lambda instance, settings, seed: pursue(instance, "apg"),
    PROJECTIONS: lambda instance, settings, seed: pursue(instance, "projections"),
    FALLING: lambda instance, settings, seed: follow(instance, falling_steps(instance, settings.step), settings.steps),
    POLYAK: lambda instance, settings, seed: follow(instance, polyak_steps(instance), settings.steps),
    SGD: lambda instance, settings, seed: follow(
        instance, stochastic_passes(instance, 2 * instance.rank, settings.sgd_step, seed), settings.steps
    ),
    INTERIOR: lambda instance, settings, seed: interior_point(instance),
}


def cases(settings: Settings) -> list[Case]:
    """Which solver runs at which n."""
    limits = dict.fromkeys((FALLING, POLYAK, SGD), settings.descent_limit)
    limits |= {INTERIOR: settings.interior_limit if has_cvxpy() else 0, NEWTON: settings.newton_limit}
    most = max(settings.sizes)
    return [(n, name) for n in settings.sizes for name in (*SOLVERS, NEWTON) if n <= limits.get(name, most)]


def measure(settings: Settings, case: Case, seed: int) -> tuple[dict[str, float], Trace | None]:
    """What one solver does on one matrix."""
    n, name = case
    if name == NEWTON:
        return {STEP: 1e3 * newton_seconds(n, seed)}, None
    instance = make_instance(n, settings.share, seed)
    trace = SOLVERS[name](instance, settings, seed)
    metrics = {STEP: 1e3 * trace.seconds[-1] / trace.steps[-1], ENTIRE: trace.seconds[-1]}
    metrics |= {f"steps to {level:g}": trace.reaches(level)[0] for level in LEVELS}
    metrics |= {TO_LEVEL: trace.reaches(LEVELS[1])[1], GAP: trace.gaps[-1], DOUBT: instance.doubt}
    return metrics | {TRUTH: instance.gap(instance.low_rank)} | exactness(instance, trace), trace


def exactness(instance: Instance, trace: Trace) -> dict[str, float]:
    """Rank, support and error of the parts at the end."""
    values, true = np.linalg.svd(trace.low_rank, compute_uv=False), instance.sparse != 0
    error = np.linalg.norm(trace.low_rank - instance.low_rank) / np.linalg.norm(instance.low_rank)
    return {
        RANK: float((values > 1e-6 * values[0]).sum()) - instance.rank,
        SUPPORT: float(((trace.sparse != 0) != true).sum()),
        CUT: float(((np.abs(trace.sparse) >= 1e-3) != true).sum()),
        ERROR: float(error),
    }


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """Run all solvers on growing matrices."""
    with threadpool_limits(1):
        make_instance(min(settings.sizes), settings.share, 0)  # what is loaded at first use is not timed
        outcomes = sweep("rpca-solvers", cases(settings), seeds, partial(measure, settings))
    results = {case: gather([outcome[0] for outcome in runs]) for case, runs in outcomes.items()}
    traces = {case: results[0][1] for case, results in outcomes.items()}
    doubt = max([1e-9, *(max(cells[DOUBT].values) for cells in results.values() if DOUBT in cells)])
    return Finding(
        _table(results),
        draw(results, traces),
        judge(results, settings.steps),
        asdict(settings),
        f"own: n x n matrices of rank n / 20, {settings.share:.0%} of entries wrong by +-1; relative duality gap of f*"
        f", as ADMM reports it, at most {doubt:.0e}",
    )


def _table(results: Results) -> Table:
    columns = [STEP, *(f"steps to {level:g}" for level in LEVELS), GAP, RANK, SUPPORT, CUT, ERROR]
    rows: list[tuple[Cell, ...]] = []
    for (n, name), cells in results.items():
        rest: list[Cell] = [cells.get(column, "-") for column in columns]
        rows.append((str(n), name, *rest[:4], times(results, (n, name)), *rest[4:]))
    if not has_cvxpy():
        rows.append(("any", INTERIOR, "cvxpy is not installed", *["-"] * 9))
    return Table(("n", "solver", *columns[:4], f"times {PLAIN}", *columns[4:]), tuple(rows))


QUICK = Settings(sizes=(20, 40), steps=100, interior_limit=20, newton_limit=20, descent_limit=40)
STUDY = Study(__doc__, run, Settings(), QUICK)
