"""Robust PCA by accelerated alternating projections onto sparse matrices and onto matrices of one rank."""

import numpy as np

from mien.errors import Words, expect
from mien.lowrank.decomposition import Decomposition, Problem, row_blocks
from mien.lowrank.nuclear import Array
from mien.lowrank.partial_svd import LowRank, orthogonalise

_FIRST, _SPREADS = 18 * 1.4826, 6 * 1.4826
_SAMPLE = 50_000
_CLEAR, _DECAY = 1.5, 0.6
_SLOW, _STILL = 0.3, 1e-6


def alternating_projections(problem: Problem, rank: int | None = None) -> Decomposition:
    """Gross errors are what stands out of X - L; L is what has the rank in the rest.

    The step to the rank goes through the tangent space, so it costs three products with `rank` columns. The threshold
    is 18 robust standard deviations of X and falls to 6 of X - L, which a minority of gross errors does not move:
    nobody has to know their number or the incoherence. The rank, unless given, grows whenever the residual falls
    slowly, by the singular values that are clearly above white noise as strong as the residual, and not below half of
    the first of them. Converged means that the parts add up to X within `tol`, or that L stands still and nothing above
    noise remains, and that at most half of the entries are errors.
    Source: Cai, Cai & Wei (2019), algorithm 2.
    """
    X, rng, most = problem.X, np.random.default_rng(0), min(problem.X.shape)
    fits = rank is None or (isinstance(rank, (int, np.integer)) and 1 <= rank <= most)
    expect(fits, "rank", f"None or a whole number from 1 to {most}", rank)
    whole = problem.observed is None
    expect(whole, "X", "observed everywhere for method 'projections'", Words("missing entries; take 'ialm'"))
    rows = rng.integers(len(X), size=max(1, _SAMPLE // X.shape[1]))
    A, history, settled = np.empty_like(X), list[float](), False
    missed, bound = _trim(problem, A, LowRank.zeros(X), rows, 0.0)
    low = _leading(A, rank, 0, rng)
    while len(history) < problem.max_iter and not settled:
        before, (missed, bound) = missed, _trim(problem, A, low, rows, _DECAY * bound)
        history.append(missed)
        settled = missed <= problem.aim
        if not settled and abs(before - missed) <= _SLOW * missed:
            fresh = low if rank else _leading(A, None, len(low.values), rng)
            grown = len(fresh.values) > len(low.values)
            settled = not grown and abs(before - missed) <= _STILL * missed
            low = fresh if grown else low
        if not settled:
            low = _tangent_step(A, low)
    np.subtract(X, A, out=A)
    low, settled = low.without_dust(problem.dust), settled and 2 * int(np.count_nonzero(A)) <= A.size
    objective = float(low.values.sum()) + problem.lam * float(np.abs(A).sum(dtype=np.float64))
    return Decomposition(
        low.dense(), A, len(low.values), len(history), missed, objective, float("nan"), settled, np.array(history)
    )


def _trim(problem: Problem, A: Array, low: LowRank, rows: Array, least: float) -> tuple[float, float]:
    """A is X with L in the place of what stands out; the residual that is left, relative to X."""
    X = problem.X
    spread = float(np.median(np.abs(X[rows] - low.left[rows] @ low.right)))
    bound = max((_SPREADS if least else _FIRST) * spread, least, 64 * float(np.finfo(X.dtype).eps) * problem.largest)
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
        found = rank or int((values > edge).sum())
        if found < block or rank or block == min(A.shape):
            return LowRank(basis @ turn[:, :found] * values[:found], right[:found], values[:found])
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
