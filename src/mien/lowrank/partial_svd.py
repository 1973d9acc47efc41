"""Singular value thresholding of a matrix that changes little from call to call."""

from typing import NamedTuple, Self

import numpy as np

from mien.lowrank.matrices import Array
from mien.lowrank.nuclear import power_norm

_GRAM_SIDE = 32
_CHUNK = 2_000_000
_SPARE = 4
_INDEPENDENT = 1e-3
_EIGEN_SIDE, _MARGIN = 256, 1e-6


class LowRank(NamedTuple):
    """A matrix (m, n) of rank r as `left @ right`, with its singular values (r,)."""

    left: Array
    right: Array
    values: Array

    @classmethod
    def zeros(cls, like: Array) -> Self:
        """The zero matrix of the shape and precision of another."""
        m, n = like.shape
        return cls(np.zeros((m, 0), like.dtype), np.zeros((0, n), like.dtype), np.zeros(0))

    def dense(self) -> Array:
        """The matrix itself, (m, n)."""
        return np.asarray(self.left @ self.right)

    def without_dust(self, size: float) -> Self:
        """Without the smallest singular values, whose root of summed squares is at most `size`."""
        tails = np.sqrt(np.cumsum(np.square(self.values[::-1])))[::-1]
        rank = int((tails > size).sum())
        return type(self)(self.left[:, :rank], self.right[:rank], self.values[:rank])


class WarmSvd:
    """Thresholds singular values by block subspace iteration that starts from the last call's right vectors.

    A call costs two products of the matrix with `block` columns. The block grows until its smallest singular value is
    below the threshold, so that none above it is cut off, and shrinks with the rank. Where it would hold more than half
    of the vectors, or a side of the matrix is short, all are computed from the Gram matrix of the short side.
    Source: Halko, Martinsson & Tropp (2011), algorithm 4.4; warm start as in Lin, Chen & Ma (2010), section 4.
    """

    def __init__(self, shape: tuple[int, int], block: int = 8) -> None:
        self._rng = np.random.default_rng(0)
        self._side = min(shape)
        self._vectors = self._rng.standard_normal((shape[1], min(block, self._side)))

    def threshold(self, A: Array, threshold: float) -> LowRank:
        """`U max(s - threshold, 0) V^T` of A (m, n)."""
        while self._side > _GRAM_SIDE and 2 * self._vectors.shape[1] <= self._side:
            block = self._vectors.shape[1]
            low = self._iterate(A, threshold)
            rank = len(low.values)
            self._resize(block + max(4, block // 2) if rank == block else rank)
            if rank < block:
                return low
        low = exact_threshold(A, threshold)
        if 2 * (len(low.values) + _SPARE) < self._side:
            self._vectors = low.right.T / np.linalg.norm(low.right, axis=1)
            self._resize(len(low.values))
        return low

    def _iterate(self, A: Array, threshold: float) -> LowRank:
        """One step of subspace iteration, and the Rayleigh-Ritz values in the space that it found."""
        image = A @ self._vectors.astype(A.dtype, copy=False)
        basis, factor = orthogonalise(image)
        rows = factor.T.astype(A.dtype) @ (basis.T @ A)
        squares, turn = np.linalg.eigh(gram(rows.T))
        values, turn = np.sqrt(np.maximum(squares[::-1], 0)), turn[:, ::-1]
        right = turn.T.astype(A.dtype) @ rows
        self._keep(right, values)
        rank = int((values > threshold).sum())
        kept = values[:rank] - threshold
        shrink = (kept / values[:rank])[:, None].astype(A.dtype)
        return LowRank(basis @ (factor @ turn[:, :rank]).astype(A.dtype), shrink * right[:rank], kept)

    def _keep(self, right: Array, values: Array) -> None:
        """Start the next call from these vectors; those that vanished are drawn anew."""
        alive = int((values > np.finfo(right.dtype).eps * values[0]).sum())
        known = (right[:alive] / values[:alive, None].astype(right.dtype)).T
        self._vectors = known if alive == len(values) else np.hstack([known, self._draw(len(values) - alive)])

    def _resize(self, rank: int) -> None:
        """Hold some columns more than the rank."""
        have, wanted = self._vectors.shape[1], rank + max(_SPARE, rank // 12)
        if wanted > have:
            self._vectors = np.hstack([self._vectors, self._draw(wanted - have)])
        elif wanted + _SPARE < have:
            self._vectors = self._vectors[:, :wanted]

    def _draw(self, count: int) -> Array:
        return np.asarray(self._rng.standard_normal((len(self._vectors), count)) / np.sqrt(len(self._vectors)))


def orthogonalise(image: Array) -> tuple[Array, Array]:
    """Basis (m, k) and factor (k, k) whose product is orthonormal and spans the image (m, k).

    By Cholesky's factor of the Gram matrix, which costs no pass over the image; by QR where its columns are too close
    to dependent for that.
    """
    products = gram(image)
    norms = np.sqrt(np.diag(products))
    if norms.min() > 0:
        try:
            lower = np.linalg.cholesky(products / np.outer(norms, norms))
        except np.linalg.LinAlgError:
            lower = np.zeros((1, 1))
        if np.diag(lower).min() > _INDEPENDENT:
            return image, np.linalg.inv(lower).T / norms[:, None]
    return np.linalg.qr(image)[0], np.eye(len(norms))


def exact_threshold(A: Array, threshold: float) -> LowRank:
    """`U max(s - threshold, 0) V^T` of A (m, n) from all its singular values.

    By the Gram matrix of the shorter side where its squared values still resolve the threshold, else by a full
    decomposition.
    """
    if A.shape[0] < A.shape[1]:
        other = exact_threshold(A.T, threshold)
        return LowRank(other.right.T, other.left.T, other.values)
    squares, vectors = np.linalg.eigh(gram(A))
    squares, vectors = squares[::-1], vectors[:, ::-1]
    if threshold**2 > 1e-12 * squares[0]:
        values = np.sqrt(np.maximum(squares, 0))
        rank = int((values > threshold).sum())
        right = vectors[:, :rank].T.astype(A.dtype)
        shrink = ((values[:rank] - threshold) / values[:rank]).astype(A.dtype)
        return LowRank((A @ right.T) * shrink, right, values[:rank] - threshold)
    left, values, rows = np.linalg.svd(A, full_matrices=False)
    rank = int((values > threshold).sum())
    kept = values[:rank] - threshold
    return LowRank(left[:, :rank] * kept, rows[:rank], kept.astype(np.float64))


def spectral_bound(A: Array, least: float) -> float:
    """A number not below `least` nor below the spectral norm of A (m, n), nearly as small as possible.

    `c^2 I - A^T A` has a Cholesky factor only where `||A||_2 < c`; what rounding can hide is added to c.
    """
    squares = gram(A if A.shape[0] >= A.shape[1] else A.T)
    total, side = float(np.trace(squares)), len(squares)
    hidden = 4 * sum(A.shape) * float(np.finfo(np.float64).eps) * total
    if side <= _EIGEN_SIDE:
        return max(least, float(np.sqrt(np.linalg.eigvalsh(squares)[-1] + hidden)))
    square, margin = max(least, power_norm(A, 1e-2, 10)) ** 2, _MARGIN
    while square * (1 + margin) < total:
        try:
            np.linalg.cholesky(square * (1 + margin) * np.eye(side) - squares)
        except np.linalg.LinAlgError:
            margin *= 4
        else:
            return float(np.sqrt(square * (1 + margin) + hidden))
    return max(least, float(np.sqrt(total + hidden)))


def gram(A: Array) -> Array:
    """`A^T A` (n, n) of A (m, n), summed in float64."""
    rows = max(1, _CHUNK // A.shape[1])
    total = np.zeros((A.shape[1], A.shape[1]))
    for start in range(0, len(A), rows):
        part = A[start : start + rows].astype(np.float64, copy=False)
        total += part.T @ part
    return total
