"""Robust PCA of a stream: rows come in batches, and none is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from mien.errors import Words, expect
from mien.lowrank.matrices import Array, as_matrix, expect_count, expect_number, fill_missing
from mien.lowrank.nuclear import soft_threshold
from mien.lowrank.pursuit import principal_component_pursuit
from mien.lowrank.rows import explain_rows

_REFINE = 10
_NOISE = 0.1 * 1.4826


@dataclass(frozen=True, slots=True, eq=False)
class PartialSums:
    """Sums over some rows of a batch: squares (rank, rank), products (rank, p), how many rows, and after how many."""

    squares: Array
    products: Array
    rows: int
    after: int


class OnlinePursuit:
    """Learns the subspace of rows (N, p) that come in batches and are low rank plus sparse.

    Each row z is split by `min_{c, e} ||z - c V - e||^2 / 2 + lam1 ||c||^2 / 2 + lam2 ||e||_1`; then V (rank, p) is the
    minimiser over all rows so far, of which only the sums of `c^T c` and `c^T (z - e)` are kept: memory is
    `rank (rank + p)` numbers however long the stream. The rows of V are orthonormal, so `lam1` has no unit; `lam2` is
    in the units of the rows, how far off an entry counts as wrong, and unless given a tenth of the robust standard
    deviation of the first batch. That batch also gives the first V, by principal component pursuit: let it have a few
    times `rank` rows. `forget` below 1 is the weight of a batch when the next one comes, for a subspace that drifts;
    take a `lam2` as large as the drift there, or rows off the subspace pass for errors.
    Rows are in float64; NaN is a missing entry. Raises InputError for rows of another width, infinite entries, options
    out of range and use before the first batch. Source: Feng, Xu & Yan (2013), algorithm 1.

    >>> rng = np.random.default_rng(0)
    >>> basis, stream = rng.normal(size=(2, 30)), OnlinePursuit(rank=2)
    >>> for _ in range(20):
    ...     rows = rng.normal(size=(50, 2)) @ basis
    ...     rows[rng.random(rows.shape) < 0.05] = 10
    ...     stream = stream.partial_fit(rows)
    >>> low_rank, sparse = stream.split(rows)
    >>> stream.rows_seen_, stream.components_.shape, bool((np.abs(sparse[rows == 10]) > 1).all())
    (1000, (2, 30), True)
    """

    components_: Array
    lam2_: float
    _squares: Array
    _products: Array

    def __init__(self, rank: int, lam1: float = 1e-3, lam2: float | None = None, forget: float = 1.0) -> None:
        expect_count(rank, "rank")
        expect_number(lam1, "lam1")
        if lam2 is not None:
            expect_number(lam2, "lam2", "None or a number above 0")
        expect_number(forget, "forget", "above 0 and at most 1", below=np.nextafter(1, 2))
        self.rank, self.lam1, self.lam2, self.forget = rank, lam1, lam2, forget
        self.rows_seen_ = 0

    def partial_fit(self, X: ArrayLike) -> Self:
        """Learn from one more batch of rows (N, p)."""
        if not self.rows_seen_:
            self._start(*fill_missing(as_matrix(X, finite=False).astype(np.float64, copy=False)))
        return self.merge([self.sums(X)])

    def sums(self, X: ArrayLike) -> "PartialSums":
        """What rows (N, p) would add to the sums at the basis so far; nothing is learned."""
        rows, seen = fill_missing(as_matrix(X, finite=False).astype(np.float64, copy=False))
        scores, rest = self._explain(rows, seen)
        cleaned = scores @ self.components_ + np.clip(rest, -self.lam2_, self.lam2_)
        return PartialSums(scores.T @ scores, scores.T @ cleaned, len(rows), self.rows_seen_)

    def merge(self, parts: Iterable["PartialSums"]) -> Self:
        """Learn from one batch whose parts were summed elsewhere, by copies of this stream at the same basis.

        Exact: the rows of a batch are explained one by one, so sums over its parts are the sums over the batch.
        Streams that went on by themselves cannot be merged: their scores are coordinates in different bases, and how
        a row was split depends on the basis of its time. Raises InputError for sums at another basis.
        """
        self._squares, self._products = self.forget * self._squares, self.forget * self._products
        before = self.rows_seen_
        for part in parts:
            expect(part.after == before, "parts", f"sums at the basis after {before} rows", Words(f"{part.after} rows"))
            self._squares, self._products = self._squares + part.squares, self._products + part.products
            self.rows_seen_ += part.rows
        if not self._squares.any():
            return self
        ridge = self.lam1 * (np.trace(self._squares) / self.rank)
        basis = np.linalg.solve(self._squares + ridge * np.eye(self.rank), self._products)
        vectors, turn = np.linalg.qr(basis.T)
        self.components_ = vectors.T
        self._squares, self._products = turn @ self._squares @ turn.T, turn @ self._products
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Scores (N, rank) of rows (N, p), which gross errors do not move."""
        return self._explain(*self._checked(X))[0]

    def split(self, X: ArrayLike) -> tuple[Array, Array]:
        """Low-rank part (N, p), missing entries filled in, and sparse part (N, p) of rows, as learned so far."""
        scores, rest = self._explain(*self._checked(X))
        return scores @ self.components_, soft_threshold(rest, self.lam2_)

    def _checked(self, X: ArrayLike) -> tuple[Array, Array | None]:
        expect(self.rows_seen_ > 0, "OnlinePursuit", "given rows by partial_fit first", Words("no rows"))
        return fill_missing(as_matrix(X, finite=False).astype(np.float64, copy=False))

    def _start(self, rows: Array, seen: Array | None) -> None:
        width = rows.shape[1]
        expect(self.rank <= width, "rank", f"at most {width}, the width of the rows", self.rank)
        spread = _NOISE * float(np.median(np.abs(rows if seen is None else rows[seen > 0])))
        self.lam2_ = self.lam2 or spread or _NOISE * float(np.abs(rows).max()) or 1.0
        known = principal_component_pursuit(rows, observed=None if seen is None else seen > 0).low_rank
        fill = 1e-6 * np.abs(known).max() * np.random.default_rng(0).standard_normal((self.rank, width))
        self.components_ = np.linalg.svd(np.vstack([known, fill]), full_matrices=False)[2][: self.rank]
        self._squares, self._products = np.zeros((self.rank, self.rank)), np.zeros((self.rank, width))

    def _explain(self, rows: Array, seen: Array | None) -> tuple[Array, Array]:
        """Scores (N, rank) and what they leave (N, p), by alternation from where the errors have least weight."""
        width = self.components_.shape[1]
        expect(rows.shape[1] == width, "X", f"rows of {width} entries, as in the first batch", rows.shape)
        scores, rest = explain_rows(rows, self.components_, seen)
        for _ in range(_REFINE):
            cleaned = scores @ self.components_ + np.clip(rest, -self.lam2_, self.lam2_)
            scores = cleaned @ self.components_.T / (1 + self.lam1)
            rest = rows - scores @ self.components_
            if seen is not None:
                rest *= seen
        return scores, rest
