"""Recovery by the least norm: the least norm is found, and sets in where theory puts it."""

import numpy as np
import pytest
from scipy.optimize import linprog

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.lowrank import nuclear_norm
from mien.studies.nuclear_norm import recoveries as study


def test_the_least_l1_norm_is_that_of_a_linear_program() -> None:
    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((6, 16)), rng.standard_normal(6)
    found = study.least_norm(A, b, study.shrink_entries, 5000)
    best = linprog(np.ones(32), A_eq=np.hstack([A, -A]), b_eq=b).fun
    np.testing.assert_allclose(A @ found, b, atol=1e-9)
    assert np.abs(found).sum() == pytest.approx(best, rel=1e-4)


def test_no_solution_has_a_lower_nuclear_norm() -> None:
    rng = np.random.default_rng(1)
    A, b = rng.standard_normal((8, 16)), rng.standard_normal(8)
    found = study.least_norm(A, b, study.shrink_values, 5000)
    np.testing.assert_allclose(A @ found, b, atol=1e-9)
    free = np.linalg.svd(A)[2][8:]
    for scale in (1e-3, 1e-1, 1.0):
        for _ in range(30):
            other = found + scale * rng.standard_normal(8) @ free
            assert nuclear_norm(other.reshape(4, 4)) > nuclear_norm(found.reshape(4, 4)) - 1e-5


@pytest.mark.parametrize("sparse", [False, True])
def test_truth(sparse: bool) -> None:
    x = study.truth(np.random.default_rng(0), 6, 2, sparse)
    assert study.freedom(6, 2) == 20
    assert np.count_nonzero(x) == (20 if sparse else 36)
    assert sparse or np.linalg.matrix_rank(x.reshape(6, 6)) == 2


@pytest.mark.parametrize("sparse", [False, True])
def test_enough_measurements_and_too_few(sparse: bool) -> None:
    found = study.shares(7, 1, sparse, (12, 44), 3, 0)
    assert found == {study.NORM: [0, 1], study.SQUARES: [0, 0]}


def test_theory_of_l1_against_its_known_value() -> None:
    """Donoho & Tanner: at k / N = 0.19 half of the recoveries are at m / N = 0.48 or so, and never below k."""
    assert 19 < study.needed(10, 1, sparse=True) < 60
    assert study.needed(10, 1, sparse=True) == pytest.approx(48, abs=3)
    assert study.needed(10, 1, sparse=False) < study.needed(10, 2, sparse=False) < 100


def test_half_on_the_line_between() -> None:
    assert study.half((10, 20), [0.0, 1.0]) == 15
    assert study.half((10, 20), [1.0, 1.0]) == 5
    assert np.isnan(study.half((10, 20), [0.0, 0.4]))
