"""The nuclear norm and the two thresholds that robust PCA is made of.

The nuclear norm is to the rank what the L1 norm is to the number of non-zero entries: the largest convex function
below it on the unit ball of the spectral norm (Fazel, Hindi & Boyd, 2001). Its proximal step shrinks singular values,
that of the L1 norm shrinks entries.
"""

import numpy as np
from numpy.typing import ArrayLike

from mien.errors import expect
from mien.lowrank.matrices import Array, as_array, as_matrix, expect_number

_EXACT_SIDE = 256


def nuclear_norm(X: ArrayLike) -> float:
    """Sum of the singular values of a finite matrix (m, n), `||X||_* = sum_i s_i(X)`.

    Raises InputError for anything else. Source: Fazel, Hindi & Boyd (2001).

    >>> nuclear_norm([[3.0, 0.0], [0.0, -4.0]])
    7.0
    """
    return float(np.linalg.svd(as_matrix(X), compute_uv=False).sum(dtype=np.float64))


def spectral_norm(X: ArrayLike, tol: float = 1e-6) -> float:
    """Largest singular value of a finite matrix (m, n), `||X||_2 = s_1(X)`.

    Matrices whose shorter side is above 256 are measured by block power iteration until the value changes by less than
    the relative `tol`; the answer is then never above the truth. Raises InputError for a matrix that is not finite.

    >>> spectral_norm([[3.0, 0.0], [0.0, -4.0]])
    4.0
    """
    X = as_matrix(X)
    expect_number(tol, "tol")
    if min(X.shape) <= _EXACT_SIDE:
        return float(np.linalg.norm(X, 2))
    return power_norm(X, tol, 1000)


def power_norm(X: Array, tol: float, max_iter: int) -> float:
    """Lower estimate of the spectral norm from at most `max_iter` steps of block power iteration."""
    block = np.random.default_rng(0).standard_normal((X.shape[1], 4)).astype(X.dtype)
    before = 0.0
    for _ in range(max_iter):
        image = X @ np.linalg.qr(block)[0]
        norm = float(np.linalg.norm(image, 2))
        if norm - before <= tol * norm:
            break
        before, block = norm, X.T @ (image / norm)
    return norm


def soft_threshold(X: ArrayLike, threshold: ArrayLike) -> Array:
    """Shrink every entry towards 0, `sign(x) max(|x| - threshold, 0)`: the proximal step of `threshold ||X||_1`.

    X has any shape; `threshold` is a number or an array of that shape, at least 0, else InputError is raised.
    Source: Donoho (1995).

    >>> soft_threshold([-3.0, 0.5, 2.0], 1.0).tolist()
    [-2.0, 0.0, 1.0]
    """
    X = as_array(X)
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    bound = as_array(threshold, "threshold")
    expect(bound.dtype.kind in "fiub" and bool((bound >= 0).all()), "threshold", "at least 0", threshold)
    bound = bound.astype(X.dtype)
    return np.asarray(X - np.clip(X, -bound, bound))


def singular_value_threshold(X: ArrayLike, threshold: float) -> Array:
    """Shrink the singular values, `U max(s - threshold, 0) V^T`: the proximal step of `threshold ||X||_*`.

    X is a finite matrix (m, n) and `threshold` at least 0, else InputError is raised. Exact, by a full decomposition.
    Source: Cai, Candes & Shen (2010), equation 2.2.

    >>> singular_value_threshold([[3.0, 0.0], [0.0, -1.0]], 2.0).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    expect_number(threshold, "threshold", "a number of at least 0", above=-np.finfo(float).tiny)
    left, values, right = np.linalg.svd(as_matrix(X), full_matrices=False)
    rank = int((values > threshold).sum())
    return np.asarray((left[:, :rank] * (values[:rank] - threshold)) @ right[:rank])
