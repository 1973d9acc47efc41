"""Formulas of page 16: likelihoods, best answers, slopes, convexity."""

import sympy as sp
from sympy.stats import Normal, density

z, f, m = sp.symbols("z f m", real=True)
p, s = sp.symbols("p s", positive=True)
y = sp.symbols("y", real=True)
SIGMOID = 1 / (1 + sp.exp(-z))


def entropy(probability: sp.Expr, target: sp.Expr) -> sp.Expr:
    """Cross entropy of a Bernoulli label."""
    return -target * sp.log(probability) - (1 - target) * sp.log(1 - probability)


def test_negative_log_likelihood_of_normal_noise() -> None:
    loss = sp.expand_log(-sp.log(density(Normal("e", f, s))(y)), force=True)
    assert sp.simplify(sp.diff(loss - (y - f) ** 2 / (2 * s**2), f)) == 0


def test_both_are_proper() -> None:
    assert sp.solve(sp.diff((1 - m) * f**2 + m * (1 - f) ** 2, f), f) == [m]
    assert sp.solve(sp.diff(m * entropy(p, 1) + (1 - m) * entropy(p, 0), p), p) == [m]


def test_slopes() -> None:
    assert sp.simplify(sp.diff(entropy(SIGMOID, y), z) - (SIGMOID - y)) == 0
    square = 2 * (SIGMOID - y) * SIGMOID * (1 - SIGMOID)
    assert sp.simplify(sp.diff((SIGMOID - y) ** 2, z) - square) == 0
    at = {z: -8, y: 1}
    assert [round(float(value.subs(at)), 6) for value in (SIGMOID, SIGMOID - y)] == [0.000335, -0.999665]
    assert round(-float(square.subs(at)), 5) == 0.00067


def test_slope_of_the_square_is_largest_at_a_third() -> None:
    slope = sp.factor(sp.diff((1 - p) ** 2 * p, p))
    assert sp.expand(slope - (1 - p) * (1 - 3 * p)) == 0


def test_second_derivatives() -> None:
    assert sp.simplify(sp.diff(entropy(SIGMOID, y), z, 2) - SIGMOID * (1 - SIGMOID)) == 0
    second = 2 * p * (1 - p) * (p * (1 - p) + (p - y) * (1 - 2 * p))
    assert sp.simplify(sp.diff((SIGMOID - y) ** 2, z, 2) - second.subs(p, SIGMOID)) == 0
    assert sp.factor((second / (2 * p * (1 - p))).subs(y, 1)) - sp.factor((1 - p) * (3 * p - 1)) == 0
