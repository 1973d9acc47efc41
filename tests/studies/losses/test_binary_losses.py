"""Cross entropy and squared error of a sigmoid answer: slopes by hand, convexity, torch's own densities."""

import math

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.losses.binary_losses import CE, MSE, likelihoods, loss_along, not_convex, slope


def test_slopes_by_hand() -> None:
    p = 1 / (1 + math.exp(8))
    assert slope(CE, -8) == pytest.approx(p - 1)
    assert slope(MSE, -8) == pytest.approx(2 * (p - 1) * p * (1 - p))


def test_only_the_squared_error_is_not_convex() -> None:
    assert not_convex(CE, 0, 10) == 0
    assert not_convex(MSE, 0, 10) > 0.5


def test_losses_are_likelihoods() -> None:
    assert max(likelihoods(0).values()) < 1e-12


def test_along_one_weight_cross_entropy_has_one_valley_and_the_squared_error_a_hill_too() -> None:
    turns = {}
    for loss in (CE, MSE):
        _, value = loss_along(loss)
        rising = value[1:] > value[:-1]
        turns[loss] = int((rising[1:] != rising[:-1]).sum())
    assert turns[CE] == 1
    assert turns[MSE] > 1
