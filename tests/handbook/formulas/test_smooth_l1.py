"""Formulas of 06-smooth-l1."""

import math

import sympy as sp

e, beta, n, far = sp.symbols("e beta n D", positive=True)
NEAR, OUTSIDE = e**2 / (2 * beta), e - beta / 2


def huber(knee: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    return e**2 / 2, knee * (e - knee / 2)


def test_the_pieces_meet_in_value_and_slope() -> None:
    assert NEAR.subs(e, beta) == OUTSIDE.subs(e, beta) == beta / 2
    assert sp.diff(NEAR, e).subs(e, beta) == sp.diff(OUTSIDE, e) == 1


def test_gradients() -> None:
    assert sp.diff(e**2, e) == 2 * e
    assert sp.diff(NEAR, e) == e / beta
    assert [sp.diff(part, e) for part in huber(beta)] == [e, beta]


def test_huber_is_smooth_l1_times_its_knee() -> None:
    assert [sp.expand(part - beta * other) for part, other in zip(huber(beta), (NEAR, OUTSIDE), strict=True)] == [0, 0]
    assert sp.limit(OUTSIDE, beta, 0) == e
    assert sp.expand(beta * NEAR) == e**2 / 2


def test_influence_of_an_outlier() -> None:
    f = sp.symbols("f", positive=True)
    assert sp.solve(n * f + (f - far), f) == [far / (n + 1)]
    assert sp.solve(n * f / beta - 1, f) == [beta / n]


def test_likelihoods() -> None:
    b, v = sp.symbols("b v", positive=True)
    laplace, normal = sp.exp(-e / b) / (2 * b), sp.exp(-(e**2) / (2 * v)) / sp.sqrt(2 * sp.pi * v)
    assert sp.simplify(sp.diff(-sp.log(laplace), e) - 1 / b) == 0
    assert sp.simplify(sp.diff(-sp.log(normal), e) - e / v) == 0


def test_what_robustness_costs_under_normal_noise() -> None:
    assert round((math.pi / 2 - 1) * 100) == 57
    assert round(2 / math.pi * 100) == 64
    knee = 1.345
    inside = math.erf(knee / math.sqrt(2))
    density = math.exp(-(knee**2) / 2) / math.sqrt(2 * math.pi)
    square = inside - 2 * knee * density + knee**2 * (1 - inside)
    assert round(inside**2 / square, 2) == 0.95
