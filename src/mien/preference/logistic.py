"""Logistic regression with a normal prior, in coordinates where that prior is N(0, I)."""

import math

import numpy as np
from numpy.typing import NDArray

from mien.estimates import sigmoid

Vector = NDArray[np.float64]
CHARM = 1.0
"""Deviation, in log-odds, of what a person likes about a face beyond w . z."""
_NEWTON_STEPS, _TOLERANCE = 100, 1e-9


def shared_faces(a: Vector, b: Vector) -> Vector:
    """Charm times 1 for a and -1 for b (P, F), a column for each face that occurs more than once."""
    _, face, times = np.unique(np.concatenate([a, b]), axis=0, return_inverse=True, return_counts=True)
    columns = (face.reshape(2, -1, 1) == np.flatnonzero(times > 1)).astype(float)
    return np.asarray(CHARM * (columns[0] - columns[1]))


def maximum(design: Vector, offset: Vector, target: Vector) -> Vector:
    """The u (D,) of largest sum t f - log(1 + exp f) - u'u / 2, f = offset + design u."""

    def height(u: Vector) -> float:
        f = offset + design @ u
        return float(target @ f - np.logaddexp(0, f).sum() - u @ u / 2)

    u = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS):
        p = sigmoid(offset + design @ u)
        slope = design.T @ (target - p) - u
        step = np.linalg.solve(np.eye(len(u)) + (design.T * (p * (1 - p))) @ design, slope)
        here = height(u)
        # Far from the maximum the quadratic model overshoots: halve until it rises.
        while height(u + step) < here and np.abs(step).max() > _TOLERANCE:
            step = step / 2
        u = u + step
        if np.abs(step).max() <= _TOLERANCE:
            break
    return u


def normal_cdf(x: Vector) -> Vector:
    """P(N(0, 1) < x)."""
    return np.asarray(0.5 * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2))))
