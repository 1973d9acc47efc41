"""Formulas of 08-normalized-l1."""

import sympy as sp

y, h, t, m, f = sp.symbols("y h t m f", positive=True)
SCALE = 2 + y / 5
WEIGHT = 1 / SCALE


def test_slope_of_the_weight() -> None:
    slope = sp.diff(WEIGHT, y)
    assert sp.simplify(slope + sp.Rational(1, 5) / SCALE**2) == 0
    assert slope.subs(y, 0) == -sp.Rational(1, 20)
    assert sp.simplify(sp.diff(slope, y)).is_positive


def test_gradients_of_one_piece_are_apart_by_less_than_the_bound() -> None:
    apart = WEIGHT.subs(y, 0) - WEIGHT.subs(y, 45)
    assert round(float(apart), 3) == 0.409
    assert apart <= sp.Rational(1, 20) * 90 / 2


def test_the_mean_over_a_piece_is_of_second_order() -> None:
    weight = sp.Function("w")
    expansion = sum(sp.diff(weight(m), m, k) * t**k / sp.factorial(k) for k in range(4))
    mean = sp.integrate(weight(m) - expansion, (t, -h / 2, h / 2)) / h
    assert sp.simplify(mean + sp.diff(weight(m), m, 2) * h**2 / 24) == 0


def test_log_scale_of_the_label_has_no_gradient() -> None:
    assert sp.diff(sp.log(SCALE), f) == 0


def test_what_is_estimated_is_the_median_of_the_weighted_density() -> None:
    below, above = (sp.integrate(1 / y, limits) for limits in ((y, 10, f), (y, f, 30)))
    cost = sp.integrate((f - y) / y, (y, 10, f)) + sp.integrate((y - f) / y, (y, f, 30))
    assert sp.simplify(sp.diff(cost, f) - (below - above)) == 0
    assert sp.solve(sp.diff(cost, f), f) == [10 * sp.sqrt(3)]
    assert round(float(10 * sp.sqrt(3)), 1) == 17.3


def test_log_age_to_first_order_and_further_out() -> None:
    error = sp.symbols("e")
    assert sp.series(sp.log(y + error) - sp.log(y), error, 0, 2).removeO() == error / y
    logs = [sp.Abs(sp.log(value / y)) for value in (y / 2, 2 * y)]
    normalized = [sp.Abs(value - y) / y for value in (y / 2, 2 * y)]
    assert sp.simplify(logs[0] - logs[1]) == 0
    assert sp.simplify(normalized[1] / normalized[0]) == 2
