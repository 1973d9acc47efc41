"""Formulas of 01-action-units."""

import numpy as np
import sympy as sp


def model(classes: int = 3, units: int = 2) -> tuple[sp.Matrix, sp.Matrix, sp.Matrix, sp.Matrix]:
    """Strengths, weights, biases and the logs of the probabilities."""
    s = sp.Matrix(sp.symbols(f"s:{units}", real=True))
    w = sp.Matrix(classes, units, sp.symbols(f"w:{classes * units}", real=True))
    b = sp.Matrix(sp.symbols(f"b:{classes}", real=True))
    z = b + w * s
    total = sum(sp.exp(value) for value in z)
    return s, w, b, z.applyfunc(lambda value: value - sp.log(total))


def test_log_odds_are_a_sum_over_units() -> None:
    s, w, b, log_p = model()
    expected = b[0] - b[1] + sum((w[0, k] - w[1, k]) * s[k] for k in range(2))
    assert sp.simplify(log_p[0] - log_p[1] - expected) == 0


def test_gradient_of_a_vote_with_respect_to_a_unit() -> None:
    s, w, _, log_p = model()
    y = sp.Matrix([*sp.symbols("y:2"), 0])
    y[2] = 1 - y[0] - y[1]
    loss = -sum(y[c] * log_p[c] for c in range(3))
    for k in range(2):
        expected = sum((sp.exp(log_p[c]) - y[c]) * w[c, k] for c in range(3))
        assert sp.simplify(sp.diff(loss, s[k]) - expected) == 0


def test_mixed_units_with_weights_mixed_back_give_the_same_evidence() -> None:
    s, w, b, _ = model()
    mixing = sp.Matrix([[2, 1], [1, 1]])
    assert sp.simplify(b + w * mixing.inv() * (mixing * s) - (b + w * s)) == sp.zeros(3, 1)


def spread(points: np.ndarray, labels: np.ndarray) -> float:
    """1 - tr(S_t^-1 S_b) / (C - 1)."""
    classes = np.unique(labels)
    centers = np.stack([points[labels == c].mean(0) for c in classes])[np.searchsorted(classes, labels)]
    total, between = np.cov(points.T, bias=True), np.cov(centers.T, bias=True)
    return float(1 - np.trace(np.linalg.solve(total, between)) / (len(classes) - 1))


def test_spread_is_0_where_classes_are_points_and_1_where_they_coincide() -> None:
    labels = np.repeat([0, 1, 2], 100)
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])[labels]
    noise = np.tile(np.random.default_rng(0).normal(size=(100, 2)), (3, 1))
    assert abs(spread(corners, labels)) < 1e-12
    assert abs(spread(noise, labels) - 1) < 1e-12
