"""Is the norm the convex envelope of the cost on the ball? Checks on random matrices and vectors."""

from collections.abc import Mapping, Sequence

import numpy as np

from mien.lowrank.matrices import Array
from mien.studies.nuclear_norm.envelopes import Kind, biconjugate, conjugate, cost, mixture

BELOW, TOUCH, SEARCH = "least cost - norm", "distance of cost and norm, values 0 or 1", "random search - conjugate"
ATTAINED, TWICE = "distance of the conjugate and its maximiser", "distance of biconjugate and norm"
MEAN, MIXED = "distance of the mean of the mixture and X", "distance of the mean cost of the mixture and the norm"
BEYOND, SCALED, GROWTH = "size up to 3: norm above cost (share)", "norm / size - cost", "size 3: biconjugate, growth"
EQUAL = 1e-7
CHECKS: Mapping[str, tuple[str, float, float]] = {
    BELOW: ("at least 0", -EQUAL, np.inf),
    TOUCH: ("0", 0, EQUAL),
    SEARCH: ("at most 0", -np.inf, EQUAL),
    ATTAINED: ("0", 0, EQUAL),
    TWICE: ("0", 0, EQUAL),
    MEAN: ("0", 0, EQUAL),
    MIXED: ("0", 0, EQUAL),
    BEYOND: ("above 0", EQUAL, 1),
    SCALED: ("at most 0", -np.inf, EQUAL),
    GROWTH: ("1", 1 - EQUAL, 1 + EQUAL),
}
"""What each check should be, and between which numbers that holds; the worst of all samples, but for the share."""


def checks(kind: Kind, samples: Sequence[Array], rng: np.random.Generator) -> dict[str, float]:
    """The worst deviation of each check over all samples, which have a size of at most 1."""
    rows = [_on_the_ball(kind, X, rng) | _search(kind, samples, X.shape, rng) for X in samples]
    worst = {name: max(row[name] for row in rows) for name in rows[0]}
    return worst | {BELOW: min(row[BELOW] for row in rows)} | _outside(kind, samples, rng)


def _on_the_ball(kind: Kind, X: Array, rng: np.random.Generator) -> dict[str, float]:
    values, (weights, points) = kind.values(X), mixture(kind, X)
    norm, ends = float(values.sum()), [kind.values(point) for point in points]
    mean = sum(weight * point for weight, point in zip(weights, points, strict=True))
    return {
        BELOW: cost(values) - norm,
        TOUCH: max(abs(cost(end) - float(end.sum())) for end in ends),
        TWICE: abs(biconjugate(kind, X, rng.standard_normal(X.shape)) - norm),
        MEAN: float(np.abs(mean - X).max()),
        MIXED: abs(sum(weight * cost(end) for weight, end in zip(weights, ends, strict=True)) - norm),
    }


def _search(kind: Kind, samples: Sequence[Array], shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, float]:
    """Hold the conjugate at a random Y against the samples, and against the X that should be the best."""
    Y = 2 * rng.standard_normal(shape)
    values, rebuild = kind.split(Y)
    best, bound = rebuild((values > 1).astype(float)), conjugate(values)
    tried = [float(np.vdot(X, Y)) - cost(kind.values(X)) for X in samples[:20]]
    return {SEARCH: max(tried) - bound, ATTAINED: abs(float(np.vdot(best, Y)) - cost(kind.values(best)) - bound)}


def _outside(kind: Kind, samples: Sequence[Array], rng: np.random.Generator) -> dict[str, float]:
    large = [3 * X for X in samples]
    spectra = [kind.values(X) for X in large]
    X = large[0] * 3 / spectra[0].max()
    far, near = (biconjugate(kind, X, rng.standard_normal(X.shape), reach) for reach in (40.0, 20.0))
    return {
        BEYOND: float(np.mean([s.sum() > cost(s) + EQUAL for s in spectra])),
        SCALED: max(float(s.sum() / s.max()) - cost(s) for s in spectra),
        GROWTH: (far - near) / (20 * conjugate(kind.values(X))),
    }


def holds(name: str, values: Sequence[float]) -> bool:
    """Whether a check holds in each of its values.

    >>> holds(TOUCH, [0.0, 1e-12]), holds(TOUCH, [0.1])
    (True, False)
    """
    _, low, high = CHECKS[name]
    return all(low <= value <= high for value in values)
