"""Rank and nuclear norm of matrices, L0 and L1 of vectors: one theory, by whatever has a spectrum.

The spectrum of a matrix are its singular values, that of a vector the sizes of its entries. The cost is the number of
values that are not zero, the norm their sum, the size the largest of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mien.lowrank.matrices import Array

_ZERO = 1e-9
Generator = np.random.Generator


@dataclass(frozen=True, slots=True)
class Kind:
    """What has a spectrum. split: X -> its values, and what makes an X with the same directions of other values."""

    cost: str
    norm: str
    split: Callable[[Array], tuple[Array, Callable[[Array], Array]]]
    sample: Callable[[Generator, int], Array]

    def values(self, X: Array) -> Array:
        """The spectrum, largest first; rounding errors of zeros are zeros."""
        values = np.sort(self.split(X)[0])[::-1]
        return np.where(values > _ZERO, values, 0.0)


def _split_matrix(X: Array) -> tuple[Array, Callable[[Array], Array]]:
    left, values, right = np.linalg.svd(X, full_matrices=False)
    return values, lambda other: (left * other) @ right


def _split_vector(x: Array) -> tuple[Array, Callable[[Array], Array]]:
    return np.abs(x), lambda other: np.where(x < 0, -1.0, 1.0) * other


def _of_size_one(kind: Kind, X: Array, rng: Generator, side: int) -> Array:
    """Some of the directions of X, with values that are uniform in 0..1."""
    values, rebuild = kind.split(X)
    kept = np.arange(len(values)) < rng.integers(1, side + 1)
    return rebuild(rng.random(len(values)) * kept)


def _matrix(rng: Generator, side: int) -> Array:
    return _of_size_one(MATRICES, rng.standard_normal((side, side + 2)), rng, side)


def _vector(rng: Generator, side: int) -> Array:
    return rng.permutation(_of_size_one(VECTORS, rng.standard_normal(side), rng, side))


MATRICES = Kind("rank", "nuclear norm", _split_matrix, _matrix)
VECTORS = Kind("L0", "L1", _split_vector, _vector)


def cost(values: Array) -> float:
    """Rank or L0: how many values are not zero.

    >>> cost(np.array([2.0, 0.5, 0.0]))
    2.0
    """
    return float(np.count_nonzero(values))


def conjugate(values: Array) -> float:
    """`sup_{X in the ball} <X, Y> - cost(X) = sum_i max(s_i - 1, 0)` of the spectrum s of Y.

    The best X has the directions of Y whose s_i is above 1, with the value 1. Source: Fazel (2002), section 5.1.
    """
    return float(np.maximum(values - 1, 0).sum())


def biconjugate(kind: Kind, X: Array, start: Array, reach: float = 20.0, steps: int = 200) -> float:
    """`sup_Y <X, Y> - conjugate(Y)` over Y of size up to `reach`, by proximal steps from `start`; it knows no norm.

    A step adds 100 X and takes what is above 1 back, by up to 100. Outside of the ball the supremum is infinite: what
    is found there grows with `reach`.
    """
    Y, best = start, -np.inf
    for _ in range(steps):
        values, rebuild = kind.split(Y + 100 * X)
        Y = rebuild(np.minimum(values - np.clip(values - 1, 0, 100), reach))
        best = max(best, float(np.vdot(X, Y)) - conjugate(kind.values(Y)))
    return best


def mixture(kind: Kind, X: Array) -> tuple[list[float], list[Array]]:
    """Weights and points whose mean is X in the ball; the points have values 0 or 1, and mean cost = norm of X.

    With s_1 >= s_2 >= ... the point k has the first k directions and the weight s_k - s_{k+1}; the zero has 1 - s_1. A
    convex function at most as high as the cost is so at each point, and by convexity at most the norm at X.
    """
    values, rebuild = kind.split(X)
    order = np.argsort(-values)
    weights = [1 - values[order[0]], *-np.diff([*values[order], 0.0])]
    ranks = np.argsort(order)
    return [float(weight) for weight in weights], [rebuild((ranks < k).astype(float)) for k in range(len(weights))]


RIVALS: Mapping[str, Callable[[Array], float]] = {
    "the norm": lambda s: float(s.sum()),
    "1.05 times the norm": lambda s: 1.05 * float(s.sum()),
    "norm + 0.05 sum of squares": lambda s: float(s.sum() + 0.05 * (s**2).sum()),
    "largest of norm and 1.2 size": lambda s: max(float(s.sum()), 1.2 * float(s.max())),
    "sum of squares": lambda s: float((s**2).sum()),
    "size": lambda s: float(s.max()),
    "sum of square roots": lambda s: float(np.sqrt(np.maximum(s, 0)).sum()),
}
"""Functions of a spectrum that might be held against the norm."""


def rivalry(kind: Kind, samples: list[Array], name: str) -> dict[str, float]:
    """Shares of the samples on the ball: above the norm, above the cost; and of segments on which it is not convex.

    Samples, the points they are mixtures of, and middles of pairs of samples are looked at.
    """
    rival = RIVALS[name]
    points = [*samples, *(point for X in samples for point in mixture(kind, X)[1][1:])]
    spectra = [kind.values(X) for X in points]
    pairs = [*pairwise(samples), *((X, 0 * X) for X in samples)]
    bent = [
        rival(kind.values((X + Z) / 2)) > (rival(kind.values(X)) + rival(kind.values(Z))) / 2 + _ZERO for X, Z in pairs
    ]
    return {
        "above the norm": float(np.mean([rival(s) > s.sum() + _ZERO for s in spectra])),
        "above the cost": float(np.mean([rival(s) > cost(s) + _ZERO for s in spectra])),
        "not convex": float(np.mean(bent)),
    }
