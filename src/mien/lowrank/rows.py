"""Rows in a known subspace, with gross errors: what the scores are and what does not fit."""

import numpy as np

from mien.lowrank.matrices import Array

_GROWTH = 1.25
_ROUNDS = 100


def explain_rows(X: Array, components: Array, observed: Array | None = None) -> tuple[Array, Array]:
    """Scores (N, r) and what is left (N, p) of rows (N, p), `min_c ||x - c V||_1` each, over the observed entries.

    `components` V (r, p) has orthonormal rows. Unlike the scores x V^T of PCA, these do not move with a minority of
    gross errors. By augmented Lagrangians with a penalty a row; each row is solved on its own.
    """
    lowest = np.finfo(X.dtype).tiny
    bound = np.maximum(np.abs(X).max(axis=1, keepdims=True), lowest)
    shift, scores = np.zeros_like(X), X @ components.T
    for _ in range(_ROUNDS):
        now = scores @ components
        target = X - now
        target += shift
        np.clip(target, -bound, bound, out=target)
        if observed is not None:
            target *= observed
        target += now
        scores = target @ components.T
        np.subtract(target, scores @ components, out=shift)
        shift /= _GROWTH
        bound /= _GROWTH
    rest = X - scores @ components
    return scores, rest if observed is None else rest * observed
