"""Principal component pursuit: the front door to the solvers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from mien.errors import expect
from mien.lowrank.alm import admm, exact_alm, inexact_alm
from mien.lowrank.decomposition import Decomposition, Problem
from mien.lowrank.matrices import as_matrix, expect_count, expect_number, fill_missing
from mien.lowrank.projections import alternating_projections
from mien.lowrank.proximal import proximal_gradient

Method = Literal["ialm", "ealm", "admm", "apg", "projections"]
_SOLVERS: Mapping[str, Callable[[Problem], Decomposition]] = {
    "ialm": inexact_alm,
    "ealm": exact_alm,
    "admm": admm,
    "apg": proximal_gradient,
}


def principal_component_pursuit(
    X: ArrayLike,
    lam: float | None = None,
    method: Method = "ialm",
    *,
    observed: ArrayLike | None = None,
    rank: int | None = None,
    tol: float | None = None,
    max_iter: int = 1000,
) -> Decomposition:
    """Split a matrix (m, n) into a low-rank and a sparse part.

    `min ||L||_* + lam ||S||_1  subject to  L + S = X` over the observed entries, by the `method`

    - `ialm`: inexact augmented Lagrangian, the fastest of the convex ones;
    - `ealm`: exact augmented Lagrangian;
    - `admm`: alternating directions with a fixed penalty, for the exact optimum;
    - `apg`: accelerated proximal gradient with continuation;
    - `projections`: accelerated alternating projections, not convex: no `lam`, hard thresholds, all observed.

    `lam` is `1 / sqrt(max(m, n) * observed share)` unless given. Entries that are NaN, masked, `pandas.NA`, or where
    `observed` (m, n) is False are missing: the low-rank part fills them in, the sparse part is 0. `rank` is for the
    projections, which else estimate it. `tol` bounds the relative residual: 1e-7, in single precision 1e-6. The
    convex methods are also held to a relative duality gap of 0.001: where one stops with a wider one, slower steps
    follow. What `max_iter` iterations do not reach is returned with `converged` False. Precision follows X;
    integers become float64. Raises InputError for empty, infinite or non-numeric matrices, options out of range,
    and where nothing is observed.
    Source: Candes, Li, Ma & Wright (2011), equation 1.1 and, for missing entries, 1.5.

    >>> X = np.outer([1.0, 2, 3, 4, 5, 6], [1.0, -1, 2, -2, 1])
    >>> X[2, 3] += 10
    >>> parts = principal_component_pursuit(X)
    >>> parts.rank, np.argwhere(parts.sparse).tolist(), round(float(parts.sparse[2, 3]), 4), parts.converged
    (1, [[2, 3]], 10.0, True)
    """
    expect(method in get_args(Method), "method", f"one of {', '.join(get_args(Method))}", method)
    projected = method == "projections"
    expect(not projected or lam is None, "lam", "None for method 'projections'", lam)
    expect(projected or rank is None, "rank", f"None for method {method!r}, which finds it", rank)
    if projected:
        return _solve(lambda problem: alternating_projections(problem, rank), X, None, observed, tol, max_iter)
    return _solve(_SOLVERS[method], X, lam, observed, tol, max_iter)


def stable_pursuit(
    X: ArrayLike,
    noise: float,
    lam: float | None = None,
    *,
    observed: ArrayLike | None = None,
    tol: float | None = None,
    max_iter: int = 1000,
) -> Decomposition:
    """Split a matrix (m, n) whose every entry also has Gaussian noise of standard deviation `noise`, in the units of X.

    `min ||L||_* + lam ||S||_1 + ||X - L - S||_F^2 / (2 mu)` by accelerated proximal gradient, with
    `mu = (sqrt m + sqrt n) noise`, the spectral norm of the noise; the noise stays in the residual. The rest is as in
    `principal_component_pursuit`, but that `tol` (1e-6) bounds how far the parts still move in an iteration. Raises
    InputError where the noise is not above 0. Source: Zhou, Li, Wright, Candes & Ma (2010), equation 4, whose mu,
    `sqrt(2 max(m, n)) noise`, lets some noise through.

    >>> rng = np.random.default_rng(0)
    >>> X = np.outer(rng.normal(size=40), rng.normal(size=30)) + 0.01 * rng.normal(size=(40, 30))
    >>> X[rng.random(X.shape) < 0.03] += 5
    >>> parts = stable_pursuit(X, noise=0.01)
    >>> parts.rank, int((np.abs(parts.sparse) > 1).sum()), parts.converged
    (1, 39, True)
    """
    expect_number(noise, "noise")
    return _solve(proximal_gradient, X, lam, observed, tol or 1e-6, max_iter, noise)


def _solve(
    solver: Callable[[Problem], Decomposition],
    X: ArrayLike,
    lam: float | None,
    observed: ArrayLike | None,
    tol: float | None,
    max_iter: int,
    noise: float = 0.0,
) -> Decomposition:
    """Pose the problem in rows that lie together in memory and at a middling scale, and undo the scale in the answer.

    Columns that lie together are copied, not solved as rows: the answer does not depend on the order in memory.
    """
    X, seen = fill_missing(as_matrix(X, finite=False), observed)
    single = X.dtype == np.float32
    longest, share = max(X.shape), 1.0 if seen is None else float(seen.mean(dtype=np.float64))
    lam = (longest * share) ** -0.5 if lam is None else lam
    tol = (1e-6 if single else 1e-7) if tol is None else tol
    expect_number(lam, "lam", "a number above 0, or None for 1 / sqrt(max(m, n) * observed share)")
    expect_number(tol, "tol", "between 0 and 1", below=1)
    expect_count(max_iter, "max_iter")
    scale = float(max(X.max(), -X.min()))
    if scale == 0:
        return Decomposition(np.zeros_like(X), np.zeros_like(X), 0, 0, 0.0, 0.0, 0.0, True, np.zeros(0))
    scale = 1.0 if 1e-6 < scale < 1e6 else scale
    X = np.ascontiguousarray(X if scale == 1 else X / X.dtype.type(scale))
    solution = solver(Problem(X, seen, lam, tol, max_iter, (X.shape[0] ** 0.5 + X.shape[1] ** 0.5) * noise / scale))
    if scale == 1:
        return solution
    low_rank, sparse = (part * part.dtype.type(scale) for part in (solution.low_rank, solution.sparse))
    return replace(solution, low_rank=low_rank, sparse=sparse, objective=solution.objective * scale)
