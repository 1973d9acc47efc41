"""Robust PCA by accelerated alternating projections onto sparse matrices and onto matrices of one rank."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mien.errors import InputError
from mien.lowrank.alm import growing
from mien.lowrank.decomposition import Decomposition, Problem, row_blocks
from mien.lowrank.matrices import Array, expect_count
from mien.lowrank.partial_svd import LowRank, orthogonalise

UNOBSERVED = "'X' must be observed everywhere for method 'projections'. Got missing (NaN, masked) entries; take 'ialm'."
_FIRST, _SPREADS = 18 * 1.4826, 6 * 1.4826
_SAMPLE = 50_000
_CLEAR, _DECAY = 1.5, 0.6
_SLOW, _STILL = 0.3, 1e-6
_GROWTH, _FELT, _TRIES = 1.3, 1e-3, 4
_CLOSE, _POLISH, _STALLED = 6 * 1.4826, 60, 1e-2
_LEVERAGE, _SIMPLE = 0.5, 0.7


class _Parts(NamedTuple):
    """Where the projections came to; `plausible` is what `_plausible` says of parts that add up to X."""

    low: LowRank
    sparse: Array
    missed: float
    plausible: bool


def alternating_projections(problem: Problem, rank: int | None = None) -> Decomposition:
    """Gross errors are what stands out of X - L; L is what has the rank in the rest.

    The step to the rank goes through the tangent space, so it costs three products with `rank` columns. The threshold
    is 18 robust standard deviations of X and falls to 6 of X - L, which a minority of gross errors does not move:
    nobody has to know their number or the incoherence. The rank, unless given, grows whenever the residual falls
    slowly, by the singular values that are clearly above white noise as strong as the residual, and not below half of
    the first of them. Converged means that the parts add up to X within `tol` and are plausible, see `_plausible`.
    Where they are not, it starts again from the convex optimum, cut to the ranks after which its singular values fall
    most; where none of these is plausible, the first answer is returned, not converged.
    Source: Cai, Cai & Wei (2019), algorithm 2.
    """
    most = min(problem.X.shape)
    if rank is not None:
        expect_count(rank, "rank", f"None or a whole number from 1 to {most}", most)
    if problem.observed is not None:
        raise InputError(UNOBSERVED)
    history: list[float] = []
    first = parts = _alternate(problem, rank, None, history)
    if not parts.plausible:
        for start in _convex_starts(problem, rank, history):
            parts = _alternate(problem, None, start, history)
            if parts.plausible:
                break
    low, sparse, missed, plausible = parts if parts.plausible else first
    objective = float(low.values.sum()) + problem.lam * float(np.abs(sparse).sum(dtype=np.float64))
    gap, steps = float("nan"), len(history)
    return Decomposition(
        low.dense(), sparse, len(low.values), steps, missed, objective, gap, plausible, np.array(history)
    )


def _convex_starts(problem: Problem, rank: int | None, history: list[float]) -> Iterator[LowRank]:
    """The low-rank part of the convex problem, cut where its singular values fall most, most likely rank first."""
    if len(history) >= problem.max_iter:
        return
    left, values, right = np.linalg.svd(growing(problem, _GROWTH, history).low_rank, full_matrices=False)
    values = values[: max(1, int((values > _FELT * values[0]).sum()))]
    falls = values / np.append(values[1:], _FELT * values[0])
    for kept in [rank] if rank else 1 + np.argsort(-falls, kind="stable")[:_TRIES]:
        yield LowRank(left[:, :kept] * values[:kept], right[:kept], values[:kept])


def _alternate(problem: Problem, rank: int | None, start: LowRank | None, history: list[float]) -> _Parts:
    """Trim and project until the parts add up to X or stand still; from `start` on, at its rank."""
    X, rng, steps = problem.X, np.random.default_rng(0), len(history)
    rows = rng.integers(len(X), size=max(1, _SAMPLE // X.shape[1]))
    A, bound, settled, missed = np.empty_like(X), 0.0, False, np.inf
    low, fixed = LowRank.zeros(X) if start is None else start, start is not None or rank is not None
    if start is None:
        missed, bound = _trim(problem, A, low, rows, _FIRST, 0.0)
        low = _leading(A, rank, 0, rng)
    limit = problem.max_iter if start is None else min(problem.max_iter, steps + _POLISH)
    while len(history) < limit and not settled:
        before, (missed, bound) = (
            missed,
            _trim(problem, A, low, rows, _SPREADS if start is None else _CLOSE, _DECAY * bound),
        )
        history.append(missed)
        settled = missed <= problem.aim
        if not settled and abs(before - missed) <= _SLOW * missed:
            fresh = low if fixed else _leading(A, None, len(low.values), rng)
            grown = len(fresh.values) > len(low.values)
            if not grown and abs(before - missed) <= (_STILL if start is None else _STALLED) * missed:
                break
            low = fresh if grown else low
        if not settled:
            low = _tangent_step(A, low)
    np.subtract(X, A, out=A)
    low = low.without_dust(problem.dust)
    return _Parts(low, A, missed, settled and _plausible(low, A))


def _plausible(low: LowRank, sparse: Array) -> bool:
    """Whether the parts are far simpler than X, so that no accident makes them add up to it.

    At most half of the entries are errors; rank (m + n - rank) numbers of L and the errors are at most 0.7 m n
    together; each row and column has more right entries than the rank; and no direction of L hangs on few rows or
    columns, as one does that took in some of the errors.
    """
    kept, rank = sparse == 0, len(low.values)
    (m, n), right = kept.shape, int(kept.sum())
    if 2 * right < m * n or min(m, n) == 1 or not rank:
        return bool(2 * right >= m * n)
    if right == m * n:
        return bool(rank < min(m, n))
    if rank * (m + n - rank) + m * n - right > _SIMPLE * m * n:
        return False
    held = min(int(kept.sum(0).min()), int(kept.sum(1).min())) > rank
    return held and _is_spread(low.left) and _is_spread(low.right.T)


def _is_spread(vectors: Array) -> bool:
    """Whether the span of vectors (n, r) leans on no row more than that of random ones, or than by half."""
    n, rank = vectors.shape
    leverage = float(np.square(np.linalg.qr(vectors)[0]).sum(1).max())
    if leverage <= _LEVERAGE or rank == n:
        return leverage <= _LEVERAGE
    usual = np.random.default_rng(0).beta(rank / 2, (n - rank) / 2, (200, n)).max(1)
    return bool(leverage <= np.quantile(usual, 0.95))


def _trim(problem: Problem, A: Array, low: LowRank, rows: Array, spreads: float, least: float) -> tuple[float, float]:
    """A is X with L in the place of what stands out; the residual that is left, relative to X."""
    X = problem.X
    spread = float(np.median(np.abs(X[rows] - low.left[rows] @ low.right)))
    bound = max(spreads * spread, least, 64 * float(np.finfo(X.dtype).eps) * problem.largest)
    missed = 0.0
    for block in row_blocks(X.shape):
        now = low.left[block] @ low.right
        rest = X[block] - now
        wrong = np.abs(rest) > bound
        np.putmask(rest, wrong, 0)
        missed += float(np.vdot(rest, rest))
        A[block] = X[block]
        np.putmask(A[block], wrong, now)
    return missed**0.5 / problem.size, bound


def _leading(A: Array, rank: int | None, known: int, rng: np.random.Generator) -> LowRank:
    """The leading part of A: of this rank, or all singular values clearly above white noise, `s (sqrt m + sqrt n)`.

    The standard deviation s of the noise is that of what the leading part leaves.
    """
    (m, n), block = A.shape, min(rank or known + 12, min(A.shape))
    energy = float(np.vdot(A, A))
    start = rng.standard_normal((n, block))
    while True:
        start = np.linalg.qr(A.T @ (A @ start.astype(A.dtype)))[0]
        basis = np.linalg.qr(A @ start)[0]
        turn, values, right = np.linalg.svd(basis.T @ A, full_matrices=False)
        rest = max(0.0, energy - float(np.square(values, dtype=np.float64).sum()))
        free = max(1, (m - block) * (n - block))
        half = 0.5 * float(values[known]) if known < block else 0.0
        edge = max(half, _CLEAR * (rest / free) ** 0.5 * (m**0.5 + n**0.5), 1e-6 * float(values[0]))
        count = rank or int((values > edge).sum())
        if count < block or rank or block == min(A.shape):
            return LowRank(basis @ turn[:, :count] * values[:count], right[:count], values[:count])
        fresh = rng.standard_normal((n, min(block, min(A.shape) - block)))
        start, block = np.hstack([right.T, fresh]), block + fresh.shape[1]


def _across(image: Array) -> tuple[Array, Array]:
    """Q (m, r) and R (r, r), not triangular, of the image (m, r)."""
    basis, factor = orthogonalise(image)
    basis = basis @ factor.astype(image.dtype)
    return basis, basis.T @ image


def _tangent_step(A: Array, low: LowRank) -> LowRank:
    """The best matrix of the rank of L to A projected onto the tangent space of such matrices at L."""
    rank = len(low.values)
    if not rank:
        return low
    left, right = low.left / low.values, low.right
    columns, rows = A @ right.T, left.T @ A
    core = left.T @ columns
    across, upper = _across(columns - left @ core)
    down, lower = _across((rows - core @ right).T)
    small = np.block([[core, lower.T], [upper, np.zeros((rank, rank), A.dtype)]])
    turn, values, back = np.linalg.svd(small)
    turn, values, back = turn[:, :rank], values[:rank], back[:rank]
    return LowRank(np.hstack([left, across]) @ turn * values, back @ np.vstack([right, down.T]), values)
