"""Formulas of 02-landmarks."""

import math

import sympy as sp

a, b, w, h, depth, lift, x, y, z = sp.symbols("a b w h delta ell x y z", positive=True)


def turned(point: tuple[sp.Expr, sp.Expr, sp.Expr], yaw: sp.Expr = 0, pitch: sp.Expr = 0) -> sp.Matrix:
    """Where the camera sees a point of a head that is turned about y, then about x."""
    about_y = sp.Matrix([[sp.cos(yaw), 0, sp.sin(yaw)], [0, 1, 0], [-sp.sin(yaw), 0, sp.cos(yaw)]])
    about_x = sp.Matrix([[1, 0, 0], [0, sp.cos(pitch), -sp.sin(pitch)], [0, sp.sin(pitch), sp.cos(pitch)]])
    return (about_x * about_y * sp.Matrix(point))[:2, 0]


def test_projection() -> None:
    assert turned((x, y, z), yaw=a) == sp.Matrix([x * sp.cos(a) + z * sp.sin(a), y])
    assert turned((x, y, z), pitch=b) == sp.Matrix([x, y * sp.cos(b) - z * sp.sin(b)])


def test_width_over_height_shrinks_by_the_cosine() -> None:
    width = (turned((w, y, z), yaw=a) - turned((-w, y, z), yaw=a))[0]
    height = (turned((x, y + h, z), yaw=a) - turned((x, y, z), yaw=a))[1]
    assert sp.simplify(width / height - 2 * w / h * sp.cos(a)) == 0
    assert round(1 - math.cos(math.radians(30)), 2) == 0.13
    assert sp.cos(sp.rad(60)) == sp.Rational(1, 2)


def test_no_similarity_of_the_picture_undoes_it() -> None:
    """A similarity keeps the ratio of two lengths; the turn changes it."""
    scale, angle = sp.symbols("k t", positive=True)
    similarity = scale * sp.Matrix([[sp.cos(angle), -sp.sin(angle)], [sp.sin(angle), sp.cos(angle)]])
    lengths = [(similarity * sp.Matrix(vector)).norm() for vector in ((2 * w, 0), (0, h))]
    assert sp.simplify(lengths[0] / lengths[1] - 2 * w / h) == 0


def test_two_widths_at_the_same_depth_keep_their_ratio() -> None:
    v = sp.symbols("v", positive=True)
    widths = [(turned((half, y, z), yaw=a) - turned((-half, y, z), yaw=a))[0] for half in (w, v)]
    assert sp.simplify(widths[0] / widths[1] - w / v) == 0


def test_a_nod_lifts_the_corners_of_the_mouth() -> None:
    corner, middle = turned((w, y, z - depth), pitch=b), turned((0, y, z), pitch=b)
    assert sp.simplify((corner - middle)[1] - depth * sp.sin(b)) == 0
    assert round(math.degrees(math.asin(0.5 / 2)), 1) == 14.5


def test_error_of_a_distance() -> None:
    """Along the line the difference of two independent errors has the variance 2 sigma^2."""
    from sympy.stats import Normal, variance

    sigma = sp.symbols("sigma", positive=True)
    assert variance(Normal("first", 0, sigma) - Normal("second", 0, sigma)) == 2 * sigma**2
