"""Principal component pursuit by augmented Lagrangians: inexact, exact, and with a fixed penalty (ADMM).

All minimise `||L||_* + lam ||S||_1` subject to `L + S = X` over the observed entries, with the Lagrangian's dual Y and
penalty mu. With `W = Y / mu` and `T = X - L + W` one round is

    S = soft(T, lam / mu),   A = X - S + W = L + clip(T, lam / mu),   L = svt(A, 1 / mu),   W = A - L,

so that the dual is never stored: beside X only A is, and each row block of A is renewed in the cache.
"""

import numpy as np

from mien.lowrank.decomposition import CERTIFIED, Decomposition, Problem, row_blocks
from mien.lowrank.matrices import Array
from mien.lowrank.partial_svd import LowRank, WarmSvd

_GROWTH, _SLOWER, _LONG = 1.6, (1.3, 1.07, 1.02, 1.0), 10
_INNER, _INNER_ROUNDS = 1e-6, 30


def inexact_alm(problem: Problem) -> Decomposition:
    """One round a penalty, which grows by 1.6: fast. Where that ends away from the optimum, see `certified`.

    Where one side is ten times the other it grows by 1.3 at once: there a few more rounds gain much accuracy.
    The sparse part comes first: its threshold sees the whole matrix, where the other order starts from a low-rank part
    full of gross errors. Source: Lin, Chen & Ma (2010), algorithm 5.
    """
    history: list[float] = []
    long = max(problem.X.shape) >= _LONG * min(problem.X.shape)
    return certified(problem, growing(problem, _SLOWER[0] if long else _GROWTH, history), history, int(long))


def admm(problem: Problem, history: list[float] | None = None) -> Decomposition:
    """The penalty stays `mu = m n / (4 ||X||_1)`: exact; as fast as `inexact_alm` where L and S come back exactly.

    Elsewhere it can take hundreds of rounds (docs/lowrank.md, docs/studies/rpca-solvers.md). It stops when neither the
    parts miss X nor A moves by more than a quarter of `tol`.
    Source: Candes, Li, Ma & Wright (2011), algorithm 1, after Yuan & Yang (2009).
    """
    X = problem.X
    penalty = X.size / (4 * float(np.abs(X).sum(dtype=np.float64)))
    return _pursue(problem, np.zeros_like(X), LowRank.zeros(X), penalty, 1.0, [] if history is None else history)


def certified(problem: Problem, solution: Decomposition, history: list[float], tried: int = 0) -> Decomposition:
    """What was found, if its gap is narrow; else what a penalty finds that grows ever more slowly, or stays."""
    for growth in _SLOWER[tried:]:
        if solution.gap <= CERTIFIED or len(history) >= problem.max_iter:
            return solution
        solution = growing(problem, growth, history) if growth > 1 else admm(problem, history)
    return solution


def growing(problem: Problem, growth: float, history: list[float]) -> Decomposition:
    dual = problem.spectral / max(problem.spectral, problem.largest / problem.lam)
    A = problem.X * problem.X.dtype.type(growth * dual / 1.25)
    return _pursue(problem, A, LowRank.zeros(A), 1.25 / problem.spectral, growth, history)


def _pursue(
    problem: Problem, A: Array, low: LowRank, penalty: float, growth: float, history: list[float]
) -> Decomposition:
    svd, moved, settled = WarmSvd(A.shape), False, False
    while not settled and len(history) < problem.max_iter:
        residual, change = sparse_step(problem, A, low, penalty, growth)
        history.append(residual)
        settled = moved and max(residual, change) <= problem.aim
        if not settled:
            low, moved = svd.threshold(A, 1 / penalty), True
            penalty *= growth
    if not settled:
        sparse_step(problem, A, low, penalty, growth)
    return split(problem, A, low, penalty, history, settled)


def sparse_step(problem: Problem, A: Array, low: LowRank, penalty: float, growth: float) -> tuple[float, float]:
    """Renew A in place; what the parts miss of X, and at a fixed penalty how far A moved, relative to X."""
    X, bound = problem.X, problem.lam / penalty
    missed = moved = 0.0
    for block in row_blocks(X.shape):
        part, now = A[block], low.left[block] @ low.right
        before = part.copy() if growth == 1 else part
        part -= now
        part *= 1 / growth
        clipped = X[block] - now
        clipped += part
        np.clip(clipped, -bound, bound, out=clipped)
        problem.mask(clipped, block)
        problem.mask(part, block)
        part -= clipped
        missed += float(np.vdot(part, part))
        np.add(now, clipped, out=part)
        if growth == 1:
            before -= part
            moved += float(np.vdot(before, before))
    return missed**0.5 / problem.size, moved**0.5 / problem.size


def split(
    problem: Problem, A: Array, low: LowRank, penalty: float, history: list[float], settled: bool
) -> Decomposition:
    """The result whose sparse part is `soft(X - L + W, lam / mu)` with `W = A - L`; overwrites A."""
    bound, sparse = problem.lam / penalty, np.empty_like(A)
    low = low.without_dust(problem.dust)
    for block in row_blocks(A.shape):
        part, now = A[block], low.left[block] @ low.right
        part -= now
        total = problem.X[block] - now
        total += part
        np.subtract(total, np.clip(total, -bound, bound), out=sparse[block])
        problem.mask(sparse[block], block)
        part *= penalty
    return problem.result(low, sparse, A, history, settled)


def exact_alm(problem: Problem, growth: float = 6.0) -> Decomposition:
    """Solve for both parts at each dual, then renew the dual and let the penalty grow by `growth`.

    `history` counts the inner rounds; the last ones are those of the inexact method.
    Source: Lin, Chen & Ma (2010), algorithm 4.
    """
    X = problem.X
    dual = X / X.dtype.type(max(problem.spectral, problem.largest / problem.lam))
    penalty, low, svd, A = 0.5 / problem.spectral, LowRank.zeros(X), WarmSvd(X.shape), np.zeros_like(X)
    history: list[float] = []
    rounds = 0
    while len(history) < problem.max_iter:
        residual, change = _joint_step(problem, A, low, dual, penalty)
        low = svd.threshold(A, 1 / penalty)
        history.append(residual)
        rounds += 1
        if change <= _INNER or rounds == _INNER_ROUNDS:
            rounds = 0
            if _renew(problem, A, low, dual, penalty) <= problem.aim:
                break
            penalty *= growth
    del dual
    return certified(problem, _pursue(problem, A, low, penalty, _GROWTH, history), history)


def _renew(problem: Problem, A: Array, low: LowRank, dual: Array, penalty: float) -> float:
    """Y = mu (A - L); what the parts miss of X, relative to X, which is how far Y / mu moved."""
    missed = 0.0
    for block in row_blocks(A.shape):
        fresh = A[block] - low.left[block] @ low.right
        problem.mask(fresh, block)
        fresh *= penalty
        dual[block] -= fresh
        missed += float(np.vdot(dual[block], dual[block]))
        dual[block] = fresh
    return float(missed**0.5 / penalty / problem.size)


def _joint_step(problem: Problem, A: Array, low: LowRank, dual: Array, penalty: float) -> tuple[float, float]:
    """A = L + clip(X - L + Y / mu); what the parts miss of X, and how far A moved, relative to X."""
    bound, missed, moved = problem.lam / penalty, 0.0, 0.0
    for block in row_blocks(A.shape):
        now, shift = low.left[block] @ low.right, dual[block] / penalty
        clipped = problem.X[block] - now
        clipped += shift
        np.clip(clipped, -bound, bound, out=clipped)
        problem.mask(clipped, block)
        shift -= clipped
        missed += float(np.vdot(shift, shift))
        clipped += now
        A[block] -= clipped
        moved += float(np.vdot(A[block], A[block]))
        A[block] = clipped
    return missed**0.5 / problem.size, moved**0.5 / problem.size
