"""A stream of batches teaches the subspace."""

import numpy as np
import pytest

from mien.errors import InputError
from mien.lowrank import OnlinePursuit

RNG = np.random.default_rng(0)


def angle(components: np.ndarray, basis: np.ndarray) -> float:
    """Sine of the largest angle between the row spaces."""
    true = np.linalg.qr(basis.T)[0].T
    return float(np.linalg.norm(components - components @ true.T @ true, 2))


def batch(basis: np.ndarray, rows: int, share: float = 0.1) -> np.ndarray:
    clean = RNG.standard_normal((rows, len(basis))) @ basis
    return np.asarray(np.where(RNG.random(clean.shape) < share, RNG.uniform(-30, 30, clean.shape), clean))


@pytest.mark.parametrize("missing", [False, True])
def test_learns_the_subspace_where_pca_does_not(missing: bool) -> None:
    basis = RNG.standard_normal((3, 40))
    stream, seen = OnlinePursuit(rank=3), []
    for _ in range(20):
        rows = batch(basis, 60)
        seen.append(rows)
        stream.partial_fit(np.where(RNG.random(rows.shape) < 0.1 * missing, np.nan, rows))
    assert angle(stream.components_, basis) < 0.01
    assert angle(np.linalg.svd(np.vstack(seen))[2][:3], basis) > 0.05
    clean = RNG.standard_normal((5, 3)) @ basis
    broken = clean.copy()
    broken[:, ::13] += 50
    low_rank, sparse = stream.split(broken)
    assert np.abs(low_rank - clean).max() < 0.1 * np.abs(clean).max()
    assert ((np.abs(sparse) > 5) == (broken != clean)).all()
    np.testing.assert_allclose(stream.transform(broken) @ stream.components_, low_rank)


def test_forgets_an_old_subspace() -> None:
    first, then = RNG.standard_normal((2, 2, 30))
    found = {}
    for forget in (1.0, 0.5):
        stream = OnlinePursuit(rank=2, lam2=2.0, forget=forget)
        for basis in [first] * 10 + [then] * 10:
            stream.partial_fit(batch(basis, 40, 0))
        found[forget] = angle(stream.components_, then)
    assert 3 * found[0.5] < found[1.0]


def test_memory_does_not_grow() -> None:
    stream = OnlinePursuit(rank=2)
    sizes = set()
    for _ in range(5):
        stream.partial_fit(batch(np.ones((2, 10)) + np.eye(2, 10), 20))
        sizes.add(sum(value.nbytes for value in vars(stream).values() if isinstance(value, np.ndarray)))
    assert len(sizes) == 1
    assert stream.rows_seen_ == 100


def test_few_rows_and_zeros_are_answered() -> None:
    stream = OnlinePursuit(rank=3).partial_fit(np.zeros((1, 5)))
    assert np.isfinite(stream.partial_fit(np.ones((1, 5))).components_).all()


@pytest.mark.parametrize(
    "options", [{"rank": 0}, {"rank": 2, "lam1": 0}, {"rank": 2, "lam2": -1}, {"rank": 2, "forget": 0}]
)
def test_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"'{list(options)[-1]}' must be"):
        OnlinePursuit(**options)  # type: ignore[arg-type]


def test_refused_rows() -> None:
    stream = OnlinePursuit(rank=2)
    with pytest.raises(InputError, match="partial_fit first"):
        stream.transform(np.ones((2, 4)))
    with pytest.raises(InputError, match="at most 1"):
        stream.partial_fit(np.ones((3, 1)))
    stream.partial_fit(np.ones((3, 4)))
    with pytest.raises(InputError, match="rows of 4 entries"):
        stream.split(np.ones((3, 5)))
