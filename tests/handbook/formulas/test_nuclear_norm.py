"""Formulas of page 10: conjugate and biconjugate of the rank on the ball, the mixture, the bound, the subgradient."""

import sympy as sp

R = sp.symbols("R", positive=True)


def conjugate(y: sp.Expr, radius: sp.Expr) -> sp.Expr:
    """sup of y x - [x > 0] over 0 <= x <= radius, linear in x: at one of the ends."""
    return sp.Max(0, y * radius - 1)


def test_conjugate_of_one_value() -> None:
    assert conjugate(sp.Rational(1, 2), 1) == 0
    assert conjugate(sp.Integer(3), 1) == 2
    x = sp.symbols("x", positive=True)
    assert sp.diff(3 * x - 1, x) == 3  # no maximum inside


def test_biconjugate_is_the_value_on_the_ball_and_infinite_outside() -> None:
    s, y = sp.symbols("s y", positive=True)
    below, above = s * y, s * y - (y * R - 1)  # y below and above 1 / R
    assert sp.simplify(below.subs(y, 1 / R) - s / R) == 0
    assert sp.simplify(above.subs(y, 1 / R) - s / R) == 0
    assert sp.diff(above, y) == s - R  # falls inside the ball, grows for ever outside


def test_mixture_of_projections_has_the_matrix_and_the_norm_as_means() -> None:
    a, b, c = sp.symbols("a b c", positive=True)
    values = [a + b + c, b + c, c]  # 1 >= s1 >= s2 >= s3
    weights = [values[0] - values[1], values[1] - values[2], values[2]]
    mean_of = [sum(weights[k] for k in range(i, 3)) for i in range(3)]
    assert [sp.simplify(m - v) for m, v in zip(mean_of, values, strict=True)] == [0, 0, 0]
    mean_rank = sum((k + 1) * weight for k, weight in enumerate(weights))
    assert sp.simplify(mean_rank - sum(values)) == 0


def test_nuclear_norm_of_nine_times_the_identity_is_nine_times_its_rank() -> None:
    matrix = 9 * sp.eye(4)
    assert sum(matrix.singular_values()) == 9 * matrix.rank()


def test_gradient_of_the_nuclear_norm_where_the_rank_is_full() -> None:
    a, b = sp.symbols("a b", positive=True)
    angle = sp.symbols("t", real=True)
    turn = sp.Matrix([[sp.cos(angle), -sp.sin(angle)], [sp.sin(angle), sp.cos(angle)]])
    x = sp.symbols("x0:4", real=True)
    # ||X||_* of a 2 x 2 matrix is sqrt(||X||_F^2 + 2 |det X|).
    norm = sp.sqrt(sum(v**2 for v in x) + 2 * (x[0] * x[3] - x[1] * x[2]))
    at = dict(zip(x, turn * sp.diag(a, b), strict=True))
    gradient = sp.Matrix(2, 2, [sp.diff(norm, v).subs(at) for v in x])
    assert sp.simplify(norm.subs(at) - (a + b)).subs({a: 2, b: 1, angle: sp.pi / 5}).evalf(20) < 1e-15
    assert sp.simplify((gradient - turn).subs({a: 2, b: 1, angle: sp.pi / 5})).evalf(20).norm() < 1e-15
