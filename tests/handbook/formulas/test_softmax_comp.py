"""Formulas of 04-softmax-comp."""

import math

import pytest
import sympy as sp

d, q, m = sp.symbols("d q m", positive=True)
z0, z1 = sp.symbols("z0 z1", real=True)


def sigmoid(value: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-value))


def expected(gap: sp.Expr, margin: sp.Expr, wrong: sp.Expr) -> sp.Expr:
    return (1 - wrong) * sp.Max(0, margin - gap) + wrong * sp.Max(0, margin + gap)


def test_softmax_of_two_is_a_sigmoid() -> None:
    softmax = sp.exp(z1) / (sp.exp(z0) + sp.exp(z1))
    assert sp.simplify(softmax - sigmoid(z1 - z0)) == 0


def test_gradient() -> None:
    s = sigmoid(z0)
    assert sp.simplify(sp.diff(s, z0) - s * (1 - s)) == 0
    assert (s * (1 - s)).subs(z0, 0) == sp.Rational(1, 4)


def test_without_margin_only_equal_scores_cost_nothing() -> None:
    assert sp.simplify(expected(d, 0, q) - q * d) == 0
    assert sp.simplify(expected(-d, 0, q) - (1 - q) * d) == 0
    assert expected(sp.Integer(0), 0, q) == 0


@pytest.mark.parametrize(("margin", "levels"), [(0.3, 4), (0.1, 11)])
def test_with_a_margin_the_optimum_is_the_margin(margin: float, levels: int) -> None:
    inside = (1 - q) * (m - d) + q * (m + d)
    assert sp.expand(inside - (m - (1 - 2 * q) * d)) == 0
    assert sp.simplify(inside.subs(d, m) - 2 * q * m) == 0
    values = {gap: expected(sp.Float(gap), margin, 0.2) for gap in (0, margin / 2, margin, 2 * margin)}
    assert min(values, key=values.get) == margin
    assert math.floor(1 + 1 / margin + 1e-9) == levels


def test_ranknet_learns_the_log_odds() -> None:
    loss = (1 - q) * sp.log(1 + sp.exp(-d)) + q * sp.log(1 + sp.exp(d))
    slope = sp.diff(loss, d)
    assert sp.simplify(slope - (sigmoid(d) - (1 - q))) == 0
    assert sp.simplify(slope.subs(d, sp.log((1 - q) / q))) == 0
    assert round(math.log(0.8 / 0.2), 2) == 1.39


def test_elo_is_a_step_of_gradient_ascent() -> None:
    outcome = sp.symbols("outcome")
    p = sigmoid(z1 - z0)
    likelihood = outcome * sp.log(p) + (1 - outcome) * sp.log(1 - p)
    assert sp.simplify(sp.diff(likelihood, z1) - (outcome - p)) == 0
