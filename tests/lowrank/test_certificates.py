"""What is called converged is right, on small matrices with large errors; the gap is a bound."""

import numpy as np
import pytest
from tests.lowrank.problems import Array, distance

from mien.lowrank import principal_component_pursuit
from mien.lowrank.partial_svd import spectral_bound

SHAPES = ((30, 20), (50, 30), (60, 60), (100, 50), (200, 100))
SHARES = (0.02, 0.05, 0.1, 0.2)


def small_problem(m: int, n: int, rank: int, share: float, seed: int) -> tuple[Array, Array]:
    """Gaussian factors, and errors of 5 to 15 with random signs."""
    rng = np.random.default_rng([m, n, rank, int(share * 100), seed])
    low_rank = rng.standard_normal((m, rank)) @ rng.standard_normal((rank, n))
    errors = rng.choice([-1, 1], (m, n)) * rng.uniform(5, 15, (m, n))
    return low_rank, np.where(rng.random((m, n)) < share, errors, 0)


def certified_and_wrong(shape: tuple[int, int], seeds: range) -> tuple[int, list[tuple[int, float, int]]]:
    """How many of all ranks and shares are called converged, and which of these are wrong."""
    converged, wrong = 0, []
    for rank in range(1, 6):
        for share in SHARES:
            for seed in seeds:
                low_rank, sparse = small_problem(*shape, rank, share, seed)
                found = principal_component_pursuit(low_rank + sparse, method="projections")
                converged += found.converged
                if found.converged and distance(found.low_rank, low_rank) > 1e-4:
                    wrong.append((rank, share, seed))
    return converged, wrong


def test_small_matrices() -> None:
    converged, wrong = certified_and_wrong((60, 60), range(1))
    assert not wrong
    assert converged >= 10


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_nine_hundred_small_matrices(shape: tuple[int, int]) -> None:
    assert not certified_and_wrong(shape, range(9))[1]


@pytest.mark.parametrize("method", ["ialm", "projections"])
def test_the_order_in_memory_changes_nothing(method: str) -> None:
    X = np.add(*small_problem(50, 30, 3, 0.1, 0))
    rows, columns = (principal_component_pursuit(part, method=method) for part in (X, np.asfortranarray(X)))
    assert rows.rank == columns.rank
    assert (rows.low_rank == columns.low_rank).all()


def test_noise_is_not_called_converged() -> None:
    X = np.random.default_rng(0).standard_normal((60, 40))
    assert not principal_component_pursuit(X, method="projections").converged


@pytest.mark.parametrize("shape", [(300, 280), (40, 900), (280, 300)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_the_bound_is_above_the_spectral_norm_and_near(shape: tuple[int, int], scale: float) -> None:
    A = scale * np.random.default_rng(1).standard_normal(shape) / 40
    norm = max(0.5, float(np.linalg.norm(A, 2)))
    assert norm <= spectral_bound(A, 0.5) <= 1.3 * norm


def test_masked_and_missing_objects_are_not_observed() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas.NA is its own")
    X = np.add(*small_problem(60, 60, 2, 0.05, 0))
    hidden = np.random.default_rng(0).random(X.shape) < 0.1
    expected = principal_component_pursuit(X, observed=~hidden).low_rank
    wild = np.where(hidden, 1e6, X)
    objects = X.astype(object)
    objects[hidden] = pandas.NA
    for given in (np.ma.MaskedArray(wild, hidden), objects, pandas.DataFrame(objects)):
        np.testing.assert_array_equal(principal_component_pursuit(given).low_rank, expected)
