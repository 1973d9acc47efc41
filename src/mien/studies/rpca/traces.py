"""A robust PCA problem whose optimum is known, and how a solver comes near it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from time import process_time
from typing import TypeVar

import numpy as np

from mien.lowrank import nuclear_norm, principal_component_pursuit
from mien.lowrank.matrices import Array
from mien.lowrank.pursuit import Method

FLOOR = 1e-12
LIMIT = 1000
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """X = low_rank + sparse, each (n, n), of one rank; the least objective, and by what part it may be too high."""

    low_rank: Array
    sparse: Array
    rank: int
    optimum: float
    doubt: float

    @property
    def X(self) -> Array:
        """The matrix that is given."""
        return self.low_rank + self.sparse

    def gap(self, low_rank: Array) -> float:
        """Relative excess of the objective at L and S = X - L, which is feasible whatever L is."""
        return max(objective(self.X, low_rank) / self.optimum - 1, FLOOR)


def objective(X: Array, low_rank: Array) -> float:
    """`||L||_* + ||X - L||_1 / sqrt(n)`.

    >>> objective(np.eye(4), np.zeros((4, 4)))
    2.0
    """
    return float(nuclear_norm(low_rank) + np.abs(X - low_rank).sum() / len(X) ** 0.5)


def make_instance(n: int, share: float, seed: int) -> Instance:
    """Rank n / 20 and a share of gross errors of +-1, as Candes et al. (2011), section 4.1.

    The least objective is that of the true parts or of ADMM, whichever is lower; the dual of ADMM bounds it from below.
    """
    rng, rank = np.random.default_rng(seed), max(1, n // 20)
    low_rank = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, n)) / n
    sparse = np.where(rng.random((n, n)) < share, rng.choice([-1.0, 1.0], (n, n)), 0)
    X = low_rank + sparse
    solution = principal_component_pursuit(X, method="admm", tol=1e-9, max_iter=5000)
    optimum = min(objective(X, low_rank), objective(X, solution.low_rank))
    return Instance(low_rank, sparse, rank, optimum, solution.gap)


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """At some steps: processor seconds until then and least relative gap so far; and the parts at the end."""

    steps: tuple[int, ...]
    seconds: tuple[float, ...]
    gaps: tuple[float, ...]
    low_rank: Array
    sparse: Array

    def reaches(self, level: float) -> tuple[float, float]:
        """Steps and seconds until the gap is at most `level`; NaN where it never is."""
        hits = zip(self.steps, self.seconds, self.gaps, strict=True)
        return next(((float(step), spent) for step, spent, gap in hits if gap <= level), (np.nan, np.nan))


def marks(last: int) -> list[int]:
    """Steps from 1 to `last`, each at most a sixth or 1 above the one before.

    >>> marks(15)
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15]
    """
    limits = [1]
    while limits[-1] < last:
        limits.append(min(last, max(limits[-1] + 1, limits[-1] * 7 // 6)))
    return limits


def follow(instance: Instance, iterates: Iterator[Array], last: int) -> Trace:
    """Take `last` low-rank parts (n, n) out of an iteration; only its own work is timed."""
    steps, seconds, gaps, spent = marks(last), list[float](), list[float](), 0.0
    for step in range(1, last + 1):
        start = process_time()
        low_rank = next(iterates)
        spent += process_time() - start
        if step == steps[len(gaps)]:
            seconds.append(spent)
            gaps.append(min([instance.gap(low_rank), *gaps[-1:]]))
    return Trace(tuple(steps), tuple(seconds), tuple(gaps), low_rank, instance.X - low_rank)


def pursue(instance: Instance, method: Method) -> Trace:
    """One of our solvers, started afresh for each number of steps until it stops by itself."""
    X, steps, seconds, gaps = instance.X, list[int](), list[float](), list[float]()
    for last in marks(LIMIT):
        spent, solution = timed(partial(principal_component_pursuit, X, method=method, max_iter=last))
        steps.append(solution.iterations)
        seconds.append(spent)
        gaps.append(min([instance.gap(solution.low_rank), *gaps[-1:]]))
        if solution.converged or solution.iterations < last:
            break
    return Trace(tuple(steps), tuple(seconds), tuple(gaps), solution.low_rank, solution.sparse)


def timed(solve: Callable[[], Answer]) -> tuple[float, Answer]:
    """Least processor seconds of two calls, and the answer."""
    spent = np.inf
    for _ in range(2):
        start = process_time()
        answer = solve()
        spent = min(spent, process_time() - start)
    return spent, answer


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Exponent a of costs = c sizes^a by least squares of the logarithms; NaN for fewer than two sizes.

    >>> round(slope([10, 20, 40], [1.0, 8.0, 64.0]), 6)
    3.0
    """
    if len(sizes) < 2:
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])
