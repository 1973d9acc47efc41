"""Formulas of 07-penalties."""

import numpy as np
import pytest
import sympy as sp

w, a = sp.symbols("w a", real=True)
lam, step = sp.symbols("lambda eta", positive=True)


def soft(value: float, threshold: float) -> float:
    return float(np.sign(value) * max(abs(value) - threshold, 0))


def test_l2_shrinks_by_a_factor() -> None:
    assert sp.solve(sp.diff((w - a) ** 2 / 2 + lam * w**2, w), w) == [a / (1 + 2 * lam)]


def test_l1_right_of_zero_and_its_slopes_at_zero() -> None:
    right, left = ((w - a) ** 2 / 2 + sign * lam * w for sign in (1, -1))
    assert sp.solve(sp.diff(right, w), w) == [a - lam]
    assert sp.diff(right, w).subs(w, 0) == lam - a
    assert sp.diff(left, w).subs(w, 0) == -lam - a


@pytest.mark.parametrize("target", [-2.5, -1.0, -0.3, 0.0, 0.9, 1.7])
def test_soft_threshold_is_the_minimizer(target: float) -> None:
    grid = np.linspace(-3, 3, 6001)
    cost = (grid - target) ** 2 / 2 + np.abs(grid)
    assert abs(grid[cost.argmin()] - soft(target, 1.0)) < 1e-3


def test_penalties_are_priors() -> None:
    normal = sp.sqrt(lam / sp.pi) * sp.exp(-lam * w**2)
    size = sp.symbols("r", positive=True)
    assert sp.simplify(sp.integrate(normal, (w, -sp.oo, sp.oo))) == 1
    assert sp.simplify(sp.integrate(w**2 * normal, (w, -sp.oo, sp.oo)) - 1 / (2 * lam)) == 0
    assert sp.simplify(2 * sp.integrate(lam / 2 * sp.exp(-lam * size), (size, 0, sp.oo))) == 1


def test_a_subgradient_step_misses_zero_and_a_proximal_one_lands() -> None:
    rate, weight, by_gradient, by_threshold = 0.1, 1.0, [0.04], [0.04]
    slope = 0.3
    for _ in range(20):
        by_gradient.append(by_gradient[-1] - rate * (slope + weight * np.sign(by_gradient[-1])))
        by_threshold.append(soft(by_threshold[-1] - rate * slope, rate * weight))
    assert 0 not in by_gradient
    assert by_threshold[1:] == [0.0] * 20


def test_weight_decay_is_a_factor_for_sgd() -> None:
    assert sp.expand(w - step * sp.diff(lam * w**2, w) - (1 - 2 * step * lam) * w) == 0


def test_identical_features() -> None:
    total = sp.symbols("c", positive=True)
    assert sp.solve(sp.diff(w**2 + (total - w) ** 2, w), w) == [total / 2]
    inside = sp.symbols("u", positive=True)
    assert sp.diff(inside + (total - inside), inside) == 0


def test_largest_useful_lambda() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 40, 5))
    largest = np.abs(x.T @ y).max() / 40
    rate = 40 / np.linalg.norm(x, 2) ** 2
    for factor, empty in ((1.01, True), (0.9, False)):
        weights = np.zeros((5, 5))
        for _ in range(200):
            moved = weights - rate * x.T @ (x @ weights - y) / 40
            weights = np.sign(moved) * np.maximum(np.abs(moved) - rate * factor * largest, 0)
        assert (not weights.any()) == empty
