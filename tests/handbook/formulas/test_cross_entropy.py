"""Formulas of page 15: gradients, Hessian, targets that do not sum to 1, smoothing, the stable forms."""

import sympy as sp

z = sp.symbols("z0:3", real=True)
y = sp.symbols("y0:3", real=True)
x, t = sp.symbols("x t", real=True)
S = sum(sp.exp(value) for value in z)
P = [sp.exp(value) / S for value in z]
LOSS = sum(-target * value for target, value in zip(y, z, strict=True)) + sum(y) * sp.log(S)
"""- sum y log p, with log p = z - log S."""


def test_softmax_gradient() -> None:
    for k in range(3):
        assert sp.simplify(sp.diff(LOSS, z[k]) - (sum(y) * P[k] - y[k])) == 0
    hard = LOSS.subs({y[0]: 0, y[1]: 1, y[2]: 0})
    assert sp.simplify(sp.diff(hard, z[1]) - (P[1] - 1)) == 0


def test_softmax_gradient_by_the_jacobian() -> None:
    for i in range(3):
        slopes = [sp.diff(P[k], z[i]) for k in range(3)]
        assert all(sp.simplify(slopes[k] - P[k] * (int(i == k) - P[i])) == 0 for k in range(3))
        long_way = sum(-y[k] / P[k] * slopes[k] for k in range(3))
        assert sp.simplify(long_way - (sum(y) * P[i] - y[i])) == 0


def test_example_with_numbers() -> None:
    values = dict(zip((*z, *y), (2, 1, -1, 0, 1, 0), strict=True))
    assert [round(float(p.subs(values)), 3) for p in P] == [0.705, 0.259, 0.035]
    assert round(float(LOSS.subs(values)), 3) == 1.349
    assert [round(float(sp.diff(LOSS, k).subs(values)), 3) for k in z] == [0.705, -0.741, 0.035]


def test_temperature_divides_the_gradient() -> None:
    T = sp.symbols("T", positive=True)
    warm = LOSS.subs({k: k / T for k in z}, simultaneous=True)
    softened = P[0].subs({k: k / T for k in z}, simultaneous=True)
    assert sp.simplify(sp.diff(warm, z[0]) - (sum(y) * softened - y[0]) / T) == 0


def test_hessian_is_a_variance() -> None:
    p, v = sp.symbols("p0:3", positive=True), sp.symbols("v0:3", real=True)
    matrix = sp.diag(*p) - sp.Matrix(p) * sp.Matrix(p).T
    form = (sp.Matrix(v).T * matrix * sp.Matrix(v))[0]
    mean = sum(a * b for a, b in zip(p, v, strict=True))
    variance = sum(a * (b - mean) ** 2 for a, b in zip(p, v, strict=True))
    rest = sp.expand(form - variance).subs(p[2], 1 - p[0] - p[1])
    assert sp.expand(rest) == 0


def test_sigmoid_gradient() -> None:
    p = 1 / (1 + sp.exp(-x))
    loss = -t * sp.log(p) - (1 - t) * sp.log(1 - p)
    assert sp.simplify(sp.diff(p, x) - p * (1 - p)) == 0
    assert sp.simplify(sp.diff(loss, x) - (p - t)) == 0
    assert sp.simplify(sp.exp(x) / (sp.exp(x) + 1) - p) == 0


def test_smoothing_ends_at_a_finite_gap() -> None:
    e, K = sp.symbols("e K", positive=True)
    right, wrong = 1 - e + e / K, e / K
    assert sp.simplify(sp.log(right / wrong) - sp.log(1 + K * (1 - e) / e)) == 0
    assert sp.simplify((right / wrong).subs({e: sp.Rational(1, 10), K: 2})) == 19


def test_stable_form_on_both_sides() -> None:
    positive, negative = sp.symbols("a", positive=True), -sp.symbols("a", positive=True)
    for value in (positive, negative):
        p = 1 / (1 + sp.exp(-value))
        written = -t * sp.log(p) - (1 - t) * sp.log(1 - p)
        stable = sp.Max(value, 0) - value * t + sp.log(1 + sp.exp(-sp.Abs(value)))
        difference = (written - stable).subs({sp.symbols("a", positive=True): sp.Rational(7, 3), t: sp.Rational(2, 5)})
        assert abs(difference.evalf(30)) < 1e-25
