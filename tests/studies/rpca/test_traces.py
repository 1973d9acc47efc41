"""Gaps are those of feasible points, and a trace says when a level was reached."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.lowrank import nuclear_norm
from mien.studies.rpca import traces as study


@pytest.fixture(scope="module")
def instance() -> study.Instance:
    return study.make_instance(40, 0.05, 0)


def test_the_optimum_is_that_of_the_true_parts(instance: study.Instance) -> None:
    value = nuclear_norm(instance.low_rank) + np.abs(instance.sparse).sum() / 40**0.5
    assert instance.optimum == pytest.approx(value, rel=1e-8)
    assert instance.gap(instance.low_rank) < 1e-8
    assert instance.doubt < 1e-6
    assert np.linalg.matrix_rank(instance.low_rank) == instance.rank == 2
    assert 0.02 < (instance.sparse != 0).mean() < 0.08


def test_the_gap_of_zero_by_hand(instance: study.Instance) -> None:
    value = np.abs(instance.X).sum() / 40**0.5
    assert instance.gap(np.zeros((40, 40))) == pytest.approx(value / instance.optimum - 1)


def test_marks_rise_to_the_last() -> None:
    found = study.marks(1000)
    assert found[:4] == [1, 2, 3, 4]
    assert found[-1] == 1000
    assert all(0 < b - a <= max(1, a / 6) for a, b in pairwise(found))


def test_follow_keeps_the_least_gap(instance: study.Instance) -> None:
    parts = [np.zeros((40, 40)), instance.low_rank, np.zeros((40, 40))]
    found = study.follow(instance, iter(parts), 3)
    assert found.gaps[0] > 0.1 > found.gaps[1] == found.gaps[2]
    assert (found.sparse == instance.X).all()
    assert found.reaches(1e-3) == (2.0, found.seconds[1])
    assert np.isnan(found.reaches(1e-15)).all()
    assert 0 <= found.seconds[0] <= found.seconds[1]


@pytest.mark.parametrize("method", ["ialm", "projections"])
def test_our_solvers_are_followed_until_they_stop(instance: study.Instance, method: str) -> None:
    found = study.pursue(instance, method)  # type: ignore[arg-type]
    assert found.gaps[-1] < 1e-6
    assert list(found.gaps) == sorted(found.gaps, reverse=True)
    assert ((found.sparse != 0) == (instance.sparse != 0)).all()


def test_slope() -> None:
    assert np.isnan(study.slope([10], [1.0]))
    assert study.slope([10, 100], [1.0, 1e3]) == pytest.approx(3)
