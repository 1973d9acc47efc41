"""Formulas of page 17: margin, dual, slackness, kernel, ranking, collapse without a margin."""

import numpy as np
import pytest
import sympy as sp
from sklearn.svm import SVC


def test_street_is_two_over_the_length_of_w() -> None:
    w = sp.Matrix(sp.symbols("w0 w1", real=True))
    b, t = sp.symbols("b t", real=True)
    start = sp.Matrix(sp.symbols("x0 x1", real=True))
    step = start + t * w / w.norm()  # across the street
    [width] = sp.solve(sp.Eq((w.T * step)[0] + b, (w.T * start)[0] + b + 2), t)
    assert sp.simplify(width - 2 / w.norm()) == 0


def test_dual_is_the_lagrangian_at_its_stationary_point() -> None:
    n, C, b = 3, sp.symbols("C", positive=True), sp.symbols("b", real=True)
    a, slack, y = (sp.symbols(f"{name}0:{n}", real=True) for name in ("a", "t", "y"))
    x = [sp.Matrix(sp.symbols(f"x{i}0 x{i}1", real=True)) for i in range(n)]
    w = sum((a[i] * y[i] * x[i] for i in range(n)), sp.zeros(2, 1))
    r = [C - a[i] for i in range(n)]
    value = (w.T * w)[0] / 2 + C * sum(slack)
    value -= sum(a[i] * (y[i] * ((w.T * x[i])[0] + b) - 1 + slack[i]) + r[i] * slack[i] for i in range(n))
    dual = sum(a) - sum(a[i] * a[j] * y[i] * y[j] * (x[i].T * x[j])[0] for i in range(n) for j in range(n)) / 2
    rest = sp.expand(value - dual)
    assert sp.expand(rest + b * sum(a[i] * y[i] for i in range(n))) == 0  # sum a y = 0 at the optimum


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_three_kinds_of_samples_and_no_gap(kernel: str) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-1, 1.2, (40, 2)), rng.normal(1, 1.2, (40, 2))])
    y = np.repeat([-1, 1], 40)
    machine = SVC(kernel=kernel, gamma=0.5, C=1.0, tol=1e-8).fit(x, y)
    a = np.zeros(80)
    a[machine.support_] = np.abs(machine.dual_coef_[0])
    margin = y * machine.decision_function(x)
    assert (margin[a == 0] >= 1 - 1e-5).all()
    assert (margin[a > 1 - 1e-9] <= 1 + 1e-5).all()
    np.testing.assert_allclose(margin[(a > 1e-9) & (a < 1 - 1e-9)], 1, atol=1e-5)
    gram = x @ x.T if kernel == "linear" else np.exp(-0.5 * ((x[:, None] - x) ** 2).sum(2))
    length = (a * y) @ gram @ (a * y)
    assert length / 2 + np.maximum(0, 1 - margin).sum() == pytest.approx(a.sum() - length / 2, rel=1e-6)


def test_square_kernel_is_a_product_of_three_features() -> None:
    x, z = sp.symbols("x1 x2", real=True), sp.symbols("z1 z2", real=True)

    def features(v: tuple[sp.Symbol, ...]) -> sp.Matrix:
        return sp.Matrix([v[0] ** 2, sp.sqrt(2) * v[0] * v[1], v[1] ** 2])

    assert sp.expand((x[0] * z[0] + x[1] * z[1]) ** 2 - (features(x).T * features(z))[0]) == 0


def test_without_a_margin_zero_is_the_optimum() -> None:
    w = sp.symbols("w0 w1", real=True)
    C, d0, d1 = sp.symbols("C", positive=True), *sp.symbols("d0 d1", real=True)
    loss = (w[0] ** 2 + w[1] ** 2) / 2 + C * sp.Max(0, -(w[0] * d0 + w[1] * d1))
    assert loss.subs({w[0]: 0, w[1]: 0}) == 0  # both terms are at least 0


def test_small_c_points_from_one_mean_to_the_other() -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(-1, 1, (30, 3)), rng.normal(1, 1, (30, 3))])
    w = SVC(kernel="linear", C=1e-6).fit(x, np.repeat([-1, 1], 30)).coef_[0]
    means = x[30:].mean(0) - x[:30].mean(0)
    assert w @ means / np.linalg.norm(w) / np.linalg.norm(means) == pytest.approx(1, abs=1e-9)
