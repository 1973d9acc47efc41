"""Principal component pursuit, exact or with noise, by accelerated proximal gradient."""

import numpy as np

from mien.lowrank.alm import certified
from mien.lowrank.decomposition import Decomposition, Problem, row_blocks
from mien.lowrank.partial_svd import LowRank, WarmSvd

_SHRINK = 0.9


def proximal_gradient(problem: Problem) -> Decomposition:
    """Minimise `mu (||L||_* + lam ||S||_1) + ||X - L - S||_F^2 / 2` while mu falls to its end.

    mu falls by a tenth an iteration from 0.99 ||X||_2. Where the problem has a `mu`, it ends there, when the parts move
    by no more than `tol`. Else it falls until the parts add up to X; that leaves them some way from the optimum, to
    which `certified` goes.
    Source: Lin, Ganesh, Wright, Wu, Chen & Ma (2009), algorithm 2; Zhou et al. (2010) for the noise.
    """
    low = before = LowRank.zeros(problem.X)
    svd, iterates = WarmSvd(problem.X.shape), _Iterates(problem)
    mu, weight, momentum = max(0.99 * problem.spectral, problem.mu), 1.0, 0.0
    history, settled = list[float](), False
    while len(history) < problem.max_iter and not settled:
        residual, moved = iterates.step(low, before, momentum, mu)
        history.append(residual)
        settled = mu == problem.mu and 0 < moved <= problem.tol if problem.mu else residual <= problem.aim
        if not settled:
            low, before = svd.threshold(iterates.A, mu / 2), low
            heavier = (1 + (4 * weight**2 + 1) ** 0.5) / 2
            weight, momentum, mu = heavier, (weight - 1) / heavier, max(_SHRINK * mu, problem.mu)
    return iterates.result(low, mu, history, settled)


class _Iterates:
    """The sparse part, the one before it, and the point A whose singular values are next; each (m, n)."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.sparse, self.earlier, self.A = (np.zeros_like(problem.X) for _ in range(3))

    def step(self, low: LowRank, before: LowRank, momentum: float, mu: float) -> tuple[float, float]:
        """Extrapolate, descend and threshold the sparse part; residual of the parts and how far they came, by ||X||."""
        problem, bound = self.problem, self.problem.lam * mu / 2
        missed = moved = 0.0
        for block in row_blocks(self.A.shape):
            now, sparse = low.left[block] @ low.right, self.sparse[block]
            rest = problem.X[block] - now
            rest -= sparse
            problem.mask(rest, block)
            missed += float(np.vdot(rest, rest))
            low_move, move = now - before.left[block] @ before.right, sparse - self.earlier[block]
            moved += float(np.vdot(low_move, low_move) + np.vdot(move, move))
            low_move *= momentum
            move *= momentum
            rest -= low_move
            rest -= move
            rest *= 0.5
            problem.mask(rest, block)
            now += low_move
            np.add(now, rest, out=self.A[block])
            self.earlier[block] = sparse
            rest += move
            rest += sparse
            np.subtract(rest, np.clip(rest, -bound, bound), out=sparse)
        return missed**0.5 / problem.size, moved**0.5 / problem.size

    def result(self, low: LowRank, mu: float, history: list[float], settled: bool) -> Decomposition:
        """The parts of the last step but one, which `low` belongs to; their residual over mu is the dual."""
        if not settled:
            self.step(low, low, 0.0, mu)
        for block in row_blocks(self.A.shape):
            dual = self.A[block]
            np.subtract(self.problem.X[block], low.left[block] @ low.right, out=dual)
            dual -= self.earlier[block]
            dual /= mu
        kept = low.without_dust(self.problem.dust)
        solution = self.problem.result(kept, self.earlier, self.A, history, settled)
        return solution if self.problem.mu else certified(self.problem, solution, history)
