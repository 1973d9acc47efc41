"""Formulas of page 9: the two thresholds, the factored nuclear norm, the smoothed kink."""

import sympy as sp

lam, mu, eps = sp.symbols("lam mu eps", positive=True)
s, t = sp.symbols("s t", real=True)


def test_soft_threshold_minimizes_each_entry() -> None:
    loss = lam * s + mu / 2 * (s - t) ** 2  # where s > 0
    [best] = sp.solve(sp.diff(loss, s), s)
    assert sp.simplify(best - (t - lam / mu)) == 0
    # It beats s = 0 by a square, so it is the answer wherever it is positive.
    gain = mu / 2 * t**2 - loss.subs(s, best)
    assert sp.simplify(gain - mu / 2 * (t - lam / mu) ** 2) == 0


def test_zero_is_a_minimum_between_the_thresholds() -> None:
    right, left = (sp.diff(sign * lam * s + mu / 2 * (s - t) ** 2, s).subs(s, 0) for sign in (1, -1))
    assert sp.simplify(right - (lam - mu * t)) == 0  # at least 0 where t <= lam / mu
    assert sp.simplify(left + (lam + mu * t)) == 0  # at most 0 where t >= -lam / mu


def test_nuclear_norm_is_the_least_mean_square_of_factors() -> None:
    a, value = sp.symbols("a value", positive=True)  # one singular value, split as a and value / a
    cost = (a**2 + (value / a) ** 2) / 2
    [best] = [root for root in sp.solve(sp.diff(cost, a), a) if root.is_positive]
    assert sp.simplify(cost.subs(a, best) - value) == 0
    assert sp.simplify(sp.diff(cost, a, 2).subs(a, best)) == 4


def test_smoothed_kink_is_sharp_at_zero_and_flat_far_away() -> None:
    second = sp.diff(sp.sqrt(s**2 + eps**2), s, 2)
    assert sp.simplify(second.subs(s, 0) - 1 / eps) == 0
    assert sp.limit(second, s, sp.oo) == 0
