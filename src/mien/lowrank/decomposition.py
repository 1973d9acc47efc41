"""What a pursuit is given and what it returns."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from mien.lowrank.matrices import Array
from mien.lowrank.nuclear import power_norm
from mien.lowrank.partial_svd import LowRank, spectral_bound

CERTIFIED = 1e-3
"""Largest relative duality gap at which a convex pursuit is called converged."""
_BLOCK = 1 << 17


def row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of so many rows of a matrix as fit in the cache of a processor core."""
    rows = max(16, _BLOCK // shape[1])
    return (slice(start, min(start + rows, shape[0])) for start in range(0, shape[0], rows))


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """A matrix X as low rank plus sparse.

    `low_rank`, `sparse` (m, n); `rank` of the low-rank part; `iterations` done; `residual`
    `||X - L - S||_F / ||X||_F` over the observed entries; `objective` `||L||_* + lam ||S||_1`, to which the stable
    pursuit adds `||X - L - S||_F^2 / 2 mu`; `gap`, an upper bound on the part of the objective by which it is above the
    smallest one that there is, NaN for a method that is not convex; `converged`, whether the method stopped as its
    tolerance asks with a gap of at most 0.001, of the projections whether the parts add up to X and are far simpler
    than it; `history` (iterations,) the residual at each iteration.
    """

    low_rank: Array
    sparse: Array
    rank: int
    iterations: int
    residual: float
    objective: float
    gap: float
    converged: bool
    history: Array


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A checked matrix X (m, n), 0 where it is not observed, with the weight `lam` and when to stop.

    `observed` is 1 or 0 in the precision of X, None where all is observed. `mu` weighs the two norms against half of
    the squared residual; at 0 the parts must add up to X.
    """

    X: Array
    observed: Array | None
    lam: float
    tol: float
    max_iter: int
    mu: float = 0.0
    size: float = field(init=False)
    spectral: float = field(init=False)
    largest: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", float(np.linalg.norm(self.X)))
        object.__setattr__(self, "spectral", power_norm(self.X, 1e-2, 10))
        object.__setattr__(self, "largest", float(max(self.X.max(), -self.X.min())))

    @property
    def aim(self) -> float:
        """Relative residual at which to stop; the rest of `tol` is for truncation."""
        return self.tol / 4

    @property
    def dust(self) -> float:
        """Norm of the singular values that are left out in the end."""
        return 0.75 * self.tol * self.size

    def mask(self, part: Array, block: slice) -> None:
        """Set to 0 what is not observed in this block of rows."""
        if self.observed is not None:
            part *= self.observed[block]

    def result(self, low: LowRank, sparse: Array, dual: Array, history: list[float], settled: bool) -> Decomposition:
        """The parts with their metrics; `dual` (m, n), any guess at the dual variable, is overwritten."""
        low_rank, missed, total = low.dense(), 0.0, 0.0
        for block in row_blocks(sparse.shape):
            rest = self.X[block] - low_rank[block]
            rest -= sparse[block]
            self.mask(rest, block)
            missed += float(np.vdot(rest, rest))
            total += float(np.abs(sparse[block]).sum(dtype=np.float64))
        objective = float(low.values.sum()) + self.lam * total + (missed / (2 * self.mu) if self.mu else 0.0)
        gap, residual = self.gap(objective, dual), missed**0.5 / self.size
        done = settled and gap <= CERTIFIED and (self.mu > 0 or residual <= self.tol)
        rank, steps = len(low.values), len(history)
        return Decomposition(low_rank, sparse, rank, steps, residual, objective, gap, done, np.array(history))

    def gap(self, objective: float, dual: Array) -> float:
        """Bound on the relative duality gap; the dual, `max <X, Y> - mu/2 ||Y||^2`, has `||Y||_2 <= 1`, `|Y| <= lam`.

        Y is divided by what its spectral norm is proven not to exceed, so its value is below every objective.
        """
        np.clip(dual, -self.lam, self.lam, out=dual)
        product = squares = 0.0
        for block in row_blocks(dual.shape):
            self.mask(dual[block], block)
            part = dual[block].astype(np.float64, copy=False)
            product += float(np.vdot(self.X[block].astype(np.float64, copy=False), part))
            squares += float(np.vdot(part, part))
        excess = spectral_bound(dual, 1.0)
        value = product / excess - self.mu / 2 * squares / excess**2
        return max(0.0, (objective - value) / objective)
