"""Robust PCA by solvers for any convex problem: an interior-point method for cones, and what a Newton step costs."""

from importlib import import_module
from importlib.util import find_spec
from time import process_time
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from mien.studies.rpca.traces import Instance, Trace, timed

TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-8)


def has_cvxpy() -> bool:
    """Whether the interior-point method can run."""
    return find_spec("cvxpy") is not None


def interior_point(instance: Instance) -> Trace:
    """`min (tr P + tr Q) / 2 + lam 1^T T` with `[[P, L], [L^T, Q]]` positive semi-definite and `|X - L| <= T`.

    By cvxpy and Clarabel on one thread. Its steps are followed by asking for ever more digits; translation by cvxpy is
    not timed. Source: Fazel, Hindi & Boyd (2001), section 3; Goulart & Chen (2024).
    """
    cvxpy: Any = import_module("cvxpy")
    X, n = instance.X, len(instance.X)
    low_rank, sparse = cvxpy.Variable(X.shape), cvxpy.Variable(X.shape)
    cost = cvxpy.normNuc(low_rank) + n**-0.5 * cvxpy.norm1(cvxpy.vec(sparse, order="F"))
    problem = cvxpy.Problem(cvxpy.Minimize(cost), [low_rank + sparse == X])
    steps, seconds, gaps = list[int](), list[float](), list[float]()
    for tolerance in TOLERANCES:
        options = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), tolerance) | {"max_threads": 1}
        data, chain, inverse = problem.get_problem_data(cvxpy.CLARABEL, solver_opts=options)
        start = process_time()
        answer = chain.solve_via_data(problem, data, solver_opts=options)
        seconds.append(process_time() - start)
        problem.unpack_results(answer, chain, inverse)
        steps.append(int(problem.solver_stats.num_iters))
        gaps.append(min([instance.gap(low_rank.value), *gaps[-1:]]))
    return Trace(tuple(steps), tuple(seconds), tuple(gaps), low_rank.value, sparse.value)


def newton_bytes(n: int) -> float:
    """Memory of the dense Hessian of the n^2 entries of L in float64, `8 n^4`.

    >>> newton_bytes(1000)
    8000000000000.0
    """
    return 8.0 * n**4


def newton_seconds(n: int, seed: int) -> float:
    """Processor seconds of one Newton system of n^2 unknowns, by Cholesky: `n^6 / 3` multiplications.

    The Hessian is made up: that of f is zero or not there at all, see the study.
    """
    rng, unknowns = np.random.default_rng(seed), n * n
    factor = rng.standard_normal((unknowns, 8))
    hessian = factor @ factor.T + np.eye(unknowns)
    gradient = rng.standard_normal(unknowns)
    return timed(lambda: cho_solve(cho_factor(hessian, check_finite=False), gradient, check_finite=False))[0]
