"""Matrices whose low-rank and sparse parts are known."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def gross_errors(m: int, n: int, rank: int, share: float, seed: int = 0) -> tuple[Array, Array]:
    """Low rank and sparse part of Candes et al. (2011), section 4.1: Gaussian factors of variance 1/n, signs."""
    rng = np.random.default_rng(seed)
    low_rank = rng.standard_normal((m, rank)) @ rng.standard_normal((rank, n)) / max(m, n)
    sparse = np.where(rng.random((m, n)) < share, rng.choice([-1.0, 1.0], (m, n)), 0)
    return low_rank, sparse


def distance(found: Array, truth: Array) -> float:
    """Frobenius distance relative to the truth."""
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))
