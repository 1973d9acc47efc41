"""Formulas of 04-svm."""

import numpy as np
import pytest
import sympy as sp
from sklearn.svm import SVC

N = 3


def test_the_lagrangian_becomes_the_dual() -> None:
    w = sp.Matrix(sp.symbols("w:2", real=True))
    b, cost = sp.symbols("b C", real=True)
    x = [sp.Matrix(sp.symbols(f"x{i}_:2", real=True)) for i in range(N)]
    y, alpha, mu, xi = (sp.symbols(f"{name}:{N}", real=True) for name in ("y", "alpha", "mu", "xi"))
    lagrangian = w.dot(w) / 2 + cost * sum(xi)
    lagrangian -= sum(alpha[i] * (y[i] * (w.dot(x[i]) + b) - 1 + xi[i]) + mu[i] * xi[i] for i in range(N))

    best = sum((alpha[i] * y[i] * x[i] for i in range(N)), sp.zeros(2, 1))
    assert [sp.expand(sp.diff(lagrangian, w[k]) - (w - best)[k]) for k in range(2)] == [0, 0]
    assert sp.expand(sp.diff(lagrangian, b) + sum(a * label for a, label in zip(alpha, y, strict=True))) == 0
    assert sp.expand(sp.diff(lagrangian, xi[0]) - (cost - alpha[0] - mu[0])) == 0

    balance = {alpha[N - 1] * y[N - 1]: -sum(alpha[i] * y[i] for i in range(N - 1))}
    value = lagrangian.subs(dict(zip(mu, [cost - a for a in alpha], strict=True))).subs(dict(zip(w, best, strict=True)))
    dual = sum(alpha) - sum(alpha[i] * alpha[j] * y[i] * y[j] * x[i].dot(x[j]) for i in range(N) for j in range(N)) / 2
    assert sp.expand(sp.expand(value - dual + b * sum(alpha[i] * y[i] for i in range(N)))) == 0
    assert sp.expand(b * sum(alpha[i] * y[i] for i in range(N)).subs(balance)) == 0


def test_distance_of_the_planes() -> None:
    w = sp.Matrix(sp.symbols("w:2", positive=True))
    step = sp.symbols("t")
    assert sp.simplify(w.dot(step * w / w.norm()) - step * w.norm()) == 0
    assert sp.solve(w.dot(step * w / w.norm()) - 2, step)[0].equals(2 / w.norm())


def test_kernel_of_squares() -> None:
    x, z = sp.Matrix(sp.symbols("x1 x2")), sp.Matrix(sp.symbols("z1 z2"))
    phi = [sp.Matrix([v[0] ** 2, sp.sqrt(2) * v[0] * v[1], v[1] ** 2]) for v in (x, z)]
    assert sp.expand(phi[0].dot(phi[1]) - x.dot(z) ** 2) == 0


@pytest.fixture
def points() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.repeat([-1.0, 1.0], 40)
    return rng.normal(size=(80, 2)) + labels[:, None], labels


def test_support_vectors_by_their_place(points: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = points
    machine = SVC(kernel="linear", C=0.5, tol=1e-8).fit(x, y)
    alpha = np.zeros(len(y))
    alpha[machine.support_] = np.abs(machine.dual_coef_[0])
    place = y * machine.decision_function(x)
    np.testing.assert_allclose(alpha[place > 1 + 1e-4], 0)
    np.testing.assert_allclose(alpha[place < 1 - 1e-4], 0.5)
    np.testing.assert_allclose((alpha * y) @ x, machine.coef_[0], atol=1e-6)


def test_for_small_c_the_direction_is_the_difference_of_means(points: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = points
    machine = SVC(kernel="linear", C=1e-5, tol=1e-10).fit(x, y)
    difference = x[y > 0].mean(0) - x[y < 0].mean(0)
    cosine = machine.coef_[0] @ difference / np.linalg.norm(machine.coef_) / np.linalg.norm(difference)
    assert cosine > 1 - 1e-6
    assert len(machine.support_) == len(y)
