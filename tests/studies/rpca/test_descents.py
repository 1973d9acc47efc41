"""Descents: a subgradient is one, and each comes near the optimum without exact zeros."""

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.rpca import descents as study
from mien.studies.rpca.traces import Instance, follow, make_instance, objective


@pytest.fixture(scope="module")
def instance() -> Instance:
    return make_instance(20, 0.05, 0)


def test_a_subgradient_bounds_the_objective_from_below(instance: Instance) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        L, other = rng.standard_normal((2, 20, 20))
        value, slope = study.subgradient(instance.X, L)
        assert value == pytest.approx(objective(instance.X, L))
        assert objective(instance.X, other) >= value + np.vdot(slope, other - L) - 1e-9
    flat = study.subgradient(instance.X, instance.X)[1]
    assert np.linalg.norm(flat, 2) == pytest.approx(1)


def descents(instance: Instance) -> dict[str, Iterator[np.ndarray]]:
    return {
        "falling": study.falling_steps(instance, 0.03),
        "polyak": study.polyak_steps(instance),
        "stochastic": study.stochastic_passes(instance, 2, 0.5, 0),
    }


@pytest.mark.parametrize("name", ["falling", "polyak", "stochastic"])
def test_near_but_not_exact(instance: Instance, name: str) -> None:
    found = follow(instance, descents(instance)[name], 200)
    assert found.gaps[-1] < 0.03 < 0.2 < found.gaps[0]
    assert np.count_nonzero(found.sparse) == found.sparse.size


def test_batches_touch_each_entry_once() -> None:
    """With a step too small to move, the mean change of a pass is the slope of the bound."""
    instance = make_instance(20, 0.05, 1)
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((20, 3)) / 20**0.5 for _ in range(2))
    moved = next(study.stochastic_passes(instance, 3, 1e-7, 0)) - left @ right.T
    pull = np.sign(left @ right.T - instance.X) * 20**0.5
    slope = (20 * left + pull @ right) @ right.T + left @ (20 * right + pull.T @ left).T
    np.testing.assert_allclose(moved, -1e-7 / 20 * slope, rtol=1e-4, atol=1e-13)


def test_equal_seeds_give_equal_passes(instance: Instance) -> None:
    a, b = (next(study.stochastic_passes(instance, 2, 0.5, seed)) for seed in (1, 1))
    assert (a == b).all()
