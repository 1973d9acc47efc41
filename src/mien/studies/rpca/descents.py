"""Robust PCA by general descent: subgradients of the whole objective, and stochastic ones of single entries.

The function is `f(L) = ||L||_* + lam ||X - L||_1` with lam = 1 / sqrt(n): the constraint is gone, and with it the need
for multipliers.
"""

from collections.abc import Iterator

import numpy as np

from mien.lowrank.matrices import Array
from mien.studies.rpca.traces import Instance

_ZERO = 1e-12


def subgradient(X: Array, low_rank: Array) -> tuple[float, Array]:
    """f(L) and a subgradient, `U V^T - lam sign(X - L)` with the singular vectors of L; one full decomposition.

    >>> subgradient(np.eye(1), np.zeros((1, 1)))[1].tolist()
    [[-1.0]]
    """
    left, values, right = np.linalg.svd(low_rank, full_matrices=False)
    rest, lam, kept = X - low_rank, len(X) ** -0.5, values > _ZERO
    value = float(values.sum() + lam * np.abs(rest).sum())
    return value, left[:, kept] @ right[kept] - lam * np.sign(rest)


def falling_steps(instance: Instance, first: float) -> Iterator[Array]:
    """Subgradient descent with the step `first / sqrt(k)`, from L = 0. Source: Shor (1985), section 2.2."""
    X = instance.X
    low_rank, step = np.zeros_like(X), 0
    while True:
        step += 1
        low_rank = low_rank - first / step**0.5 * subgradient(X, low_rank)[1]
        yield low_rank


def polyak_steps(instance: Instance) -> Iterator[Array]:
    """Subgradient descent that is told the optimum: the step is `(f - f*) / ||g||^2`. Source: Polyak (1969)."""
    X = instance.X
    low_rank = np.zeros_like(X)
    while True:
        value, direction = subgradient(X, low_rank)
        excess = max(value - instance.optimum, 0.0)
        low_rank = low_rank - excess / float(np.vdot(direction, direction)) * direction
        yield low_rank


def stochastic_passes(instance: Instance, rank: int, first: float, seed: int) -> Iterator[Array]:
    """L = U V^T after each pass over all entries, in batches of n of which no two share a row or a column.

    The nuclear norm does not split into entries; its bound `(||U||^2 + ||V||^2) / 2`, which is tight at the least
    factors (Srebro, Rennie & Jaakkola, 2005), does. `rank` is that of U and V (n, rank): a guess from outside, and the
    problem is no longer convex. The step is `first / (n (1 + pass / 3))`. Batches: Gemulla et al. (2011), section 4.
    """
    X, n, rng = instance.X, len(instance.X), np.random.default_rng(seed)
    left, right = (rng.standard_normal((n, rank)) / n**0.5 for _ in range(2))
    rows, done = np.arange(n), 0
    while True:
        size, order = first / (n * (1 + done / 3)), rng.permutation(n)
        for shift in rng.permutation(n):
            columns = np.roll(order, shift)
            across = right[columns]
            pull = n**0.5 * np.sign((left * across).sum(1) - X[rows, columns])[:, None]
            left, right[columns] = left - size * (left + pull * across), across - size * (across + pull * left)
        done += 1
        yield left @ right.T
