"""Recovery of what has few values from few random measurements, by the least norm; and how many theory asks for."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from scipy.optimize import minimize_scalar

from mien.lowrank import singular_value_threshold, soft_threshold
from mien.lowrank.matrices import Array

Shrink = Callable[[Array, float], Array]
FOUND = 1e-3
NORM, SQUARES = "norm", "least squares"


def shrink_entries(x: Array, threshold: float) -> Array:
    """Proximal step of L1 on x (n^2,)."""
    return soft_threshold(x, threshold)


def shrink_values(x: Array, threshold: float) -> Array:
    """Proximal step of the nuclear norm on x (n^2,) as a square matrix."""
    side = round(len(x) ** 0.5)
    return singular_value_threshold(x.reshape(side, side), threshold).ravel()


def least_norm(A: Array, b: Array, shrink: Shrink, steps: int = 500) -> Array:
    """`min norm(x) subject to A x = b` for A (m, n^2) with m < n^2, by Douglas-Rachford splitting.

    In turn: the proximal step of the norm, and the projection onto the solutions of A x = b. Source: Eckstein &
    Bertsekas (1992); for the nuclear norm Cai, Candes & Shen (2010) and Recht, Fazel & Parrilo (2010).

    >>> least_norm(np.array([[1.0, 2.0, 0.0, 0.0]]), np.array([2.0]), shrink_entries).round(4).tolist()
    [0.0, 1.0, 0.0, 0.0]
    """
    basis, factor = np.linalg.qr(A.T)
    known = np.linalg.solve(factor.T, b)

    def project(x: Array) -> Array:
        return np.asarray(x + basis @ (known - basis.T @ x))

    state = project(np.zeros(A.shape[1]))
    threshold = 2 * float(np.abs(state).mean())
    for _ in range(steps):
        low = shrink(state, threshold)
        move = project(2 * low - state) - low
        state = state + move
        if np.linalg.norm(move) <= 1e-6 * np.linalg.norm(low):
            break
    return project(low)


def truth(rng: np.random.Generator, side: int, rank: int, sparse: bool) -> Array:
    """x (n^2,): a matrix of a rank, or a vector with as many entries as that matrix has free numbers."""
    if not sparse:
        return (rng.standard_normal((side, rank)) @ rng.standard_normal((rank, side))).ravel()
    x = np.zeros(side**2)
    x[rng.permutation(side**2)[: freedom(side, rank)]] = rng.standard_normal(freedom(side, rank))
    return x


def freedom(side: int, rank: int) -> int:
    """Free numbers of an n x n matrix of rank r, `r (2 n - r)`.

    >>> freedom(10, 1)
    19
    """
    return rank * (2 * side - rank)


def success(rng: np.random.Generator, side: int, rank: int, sparse: bool, count: int) -> dict[str, bool]:
    """Whether `count` Gaussian measurements give x back, by the least norm and by least squares."""
    x = truth(rng, side, rank, sparse)
    A = rng.standard_normal((count, len(x)))
    b = A @ x
    answers = {
        NORM: least_norm(A, b, shrink_entries if sparse else shrink_values),
        SQUARES: np.linalg.lstsq(A, b, rcond=None)[0],
    }
    return {name: bool(np.linalg.norm(estimate - x) < FOUND * np.linalg.norm(x)) for name, estimate in answers.items()}


def shares(side: int, rank: int, sparse: bool, counts: Sequence[int], trials: int, seed: int) -> dict[str, list[float]]:
    """Share of trials that are recovered at each number of measurements, by the least norm and by least squares."""
    rng = np.random.default_rng([seed, rank])
    cells = [[success(rng, side, rank, sparse, count) for _ in range(trials)] for count in counts]
    return {name: [float(np.mean([trial[name] for trial in cell])) for cell in cells] for name in (NORM, SQUARES)}


def half(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Measurements at which half is recovered, on the line between two counts; NaN if never.

    >>> half((10, 20, 30), [0.0, 0.25, 0.75])
    25.0
    """
    pairs = list(zip((0, *counts), (0.0, *shares), strict=True))
    for (before, low), (count, share) in pairwise(pairs):
        if share >= 0.5:
            return before + (count - before) * (0.5 - low) / (share - low)
    return float("nan")


def needed(side: int, rank: int, sparse: bool) -> float:
    """Measurements at which recovery turns from unlikely to likely: the statistical dimension of the descent cone.

    `min_t E dist(g, t dnorm(x))^2`; for L1 with k of N entries `k (1 + t^2) + (N - k) E max(|g| - t, 0)^2`, for the
    nuclear norm `r (2 n - r + t^2) + E sum_i max(s_i(G) - t, 0)^2` with G (n - r, n - r). By 2000 draws.
    Source: Amelunxen, Lotz, McCoy & Tropp (2014), propositions 4.5 and 4.7.
    """
    rng, free = np.random.default_rng(0), freedom(side, rank)
    if sparse:
        draws, fixed, rest = np.abs(rng.standard_normal(200_000)), free, side**2 - free
    else:
        other = side - rank
        draws = np.linalg.svd(rng.standard_normal((2000, other, other)), compute_uv=False).ravel()
        fixed, rest = rank, other
    spread = minimize_scalar(
        lambda t: fixed * t**2 + rest * float((np.maximum(draws - t, 0) ** 2).mean()), bounds=(0, 20), method="bounded"
    )
    return float(free + spread.fun)
