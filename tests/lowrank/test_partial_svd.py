"""The warm partial decomposition thresholds as the full one does."""

import numpy as np
import pytest

from mien.lowrank import singular_value_threshold
from mien.lowrank.partial_svd import LowRank, WarmSvd, exact_threshold


def decaying(m: int, n: int, rank: int, seed: int = 0) -> np.ndarray:
    """Singular values 10, 9, ... above noise of spectral norm 1."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.standard_normal((side, rank)))[0] for side in (m, n))
    noise = rng.standard_normal((m, n)) / (m**0.5 + n**0.5)
    return np.asarray((left * (10 - np.arange(rank) / rank * 5)) @ right.T + noise)


@pytest.mark.parametrize(("m", "n", "rank"), [(300, 200, 3), (200, 300, 30), (300, 50, 5), (200, 200, 120)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_repeated_calls_end_at_the_full_decomposition(m: int, n: int, rank: int, dtype: type) -> None:
    A, svd = decaying(m, n, rank).astype(dtype), WarmSvd((m, n))
    for _ in range(6):
        low = svd.threshold(A, 2.0)
    assert len(low.values) == rank
    assert low.dense().dtype == dtype
    np.testing.assert_allclose(
        low.dense(), singular_value_threshold(A, 2.0), atol=2e-5 if dtype == np.float32 else 1e-6
    )
    np.testing.assert_allclose(low.values, np.linalg.svd(low.dense())[1][:rank], rtol=1e-4)


def test_follows_a_rank_that_jumps() -> None:
    svd = WarmSvd((250, 220))
    for rank in (2, 60, 5, 0, 20):
        A = decaying(250, 220, rank) if rank else 0.1 * decaying(250, 220, 1)
        assert len(svd.threshold(A, 2.0).values) == rank


@pytest.mark.parametrize("A", [np.zeros((150, 140)), np.ones((150, 140)), np.diag(1.1 ** np.arange(140.0))])
def test_degenerate(A: np.ndarray) -> None:
    svd = WarmSvd(A.shape)
    for _ in range(9):
        low = svd.threshold(A, 100.0)
    np.testing.assert_allclose(low.dense(), singular_value_threshold(A, 100.0), atol=1e-6)


def test_exact_threshold_resolves_what_the_gram_matrix_cannot() -> None:
    A = np.diag([1.0, 1e-9, 1e-12])
    assert exact_threshold(A, 1e-10).values == pytest.approx([1, 9e-10])


def test_dust_is_left_out() -> None:
    low = LowRank(np.eye(4)[:, :3], np.eye(3), np.array([5.0, 0.3, 0.4]))
    assert len(low.without_dust(0.45).values) == 2
    assert len(low.without_dust(0.51).values) == 1
    assert len(LowRank.zeros(np.ones((2, 2))).without_dust(1.0).values) == 0
