"""Formulas of 05-age."""

import sympy as sp
from sympy.stats import Beta, E

f, y, r, top, c = sp.symbols("f y r A c", positive=True)


def test_l2_gives_the_mean_and_l1_the_median() -> None:
    ages, shares = [10, 20, 60], [sp.Rational(1, 5), sp.Rational(1, 2), sp.Rational(3, 10)]
    square = sum(share * (f - age) ** 2 for age, share in zip(ages, shares, strict=True))
    assert sp.solve(sp.diff(square, f), f) == [sum(a * s for a, s in zip(ages, shares, strict=True))]
    distance = {at: sum(share * abs(at - age) for age, share in zip(ages, shares, strict=True)) for at in range(71)}
    assert min(distance, key=distance.get) == 20


def test_cross_entropy_is_least_at_the_truth_and_blind_to_order() -> None:
    p, q = sp.symbols("p:3", positive=True), sp.symbols("q:3", positive=True)
    multiplier = sp.symbols("nu")
    lagrangian = -sum(a * sp.log(b) for a, b in zip(p, q, strict=True)) + multiplier * (sum(q) - 1)
    at_truth = dict(zip(q, p, strict=True))
    assert all(sp.diff(lagrangian, b).subs(at_truth).subs(multiplier, 1) == 0 for b in q)
    hard = -sp.log(q[0])
    assert hard.subs({q[1]: q[2], q[2]: q[1]}, simultaneous=True) == hard


def test_ranks_sum_to_the_expectation() -> None:
    p = sp.symbols("p:5")
    tails = sum(sum(p[k + 1 :]) for k in range(5))
    assert sp.expand(tails - sum(k * share for k, share in enumerate(p))) == 0


def test_a_label_between_two_bins_is_given_back() -> None:
    low, high = sp.symbols("low high")
    right = (y - low) / (high - low)
    assert sp.simplify((1 - right) * low + right * high - y) == 0


def test_wrong_labels_pull_the_mean() -> None:
    uniform = sp.integrate(f / top, (f, 0, top))
    mean = (1 - r) * y + r * uniform
    assert sp.expand(mean - ((1 - r) * y + r * top / 2)) == 0
    assert mean.subs({y: 20, r: sp.Rational(3, 10), top: 90}) == sp.Rational(55, 2)


def test_adam_does_not_see_the_scale_of_the_loss() -> None:
    first, second = sp.symbols("m v", positive=True)
    assert sp.simplify(c * first / sp.sqrt(c**2 * second) - first / sp.sqrt(second)) == 0


def test_mixup_shrinks_the_variance_of_labels() -> None:
    alpha = sp.symbols("alpha", positive=True)
    expected = (alpha + 1) / (2 * alpha + 1)
    share = Beta("lambda", alpha, alpha)
    factor = sp.gammasimp(sp.simplify(E(share**2 + (1 - share) ** 2)))
    for value in (sp.Rational(2, 5), 1, 3):
        assert abs(sp.N(factor.subs(alpha, value) - expected.subs(alpha, value))) < 1e-9
    assert round(float(expected.subs(alpha, 0.4)), 2) == 0.78
