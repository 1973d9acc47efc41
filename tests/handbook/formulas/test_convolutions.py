"""Formulas of page 13: counts of a convolution, two 3x3 against one 5x5, separable, strips, strides."""

import pytest
import sympy as sp
from torch import nn

from mien.profile import profile

C, C1, C2, M, K, n = sp.symbols("C C1 C2 M K n", positive=True)
PAIR, ONE = 9 * M * (C1 + C2), 25 * C1 * C2


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 2])
def test_counts_are_those_of_the_profiler(bias: bool, groups: int) -> None:
    found = profile(nn.Conv2d(6, 8, 3, padding=1, groups=groups, bias=bias), (1, 6, 5, 7))
    products = 9 * 6 // groups
    assert found.parameters == products * 8 + 8 * bias
    assert found.multiplications == 5 * 7 * 8 * products
    assert found.additions == 5 * 7 * 8 * (products - 1 + bias)


def test_turning_point_is_25_of_18_of_the_harmonic_mean() -> None:
    [turn] = sp.solve(sp.Eq(PAIR, ONE), M)
    assert sp.simplify(turn / (2 * C1 * C2 / (C1 + C2)) - sp.Rational(25, 18)) == 0


def test_turning_points_of_three_middles() -> None:
    assert sp.simplify((PAIR / ONE).subs({M: C, C1: C, C2: C})) == sp.Rational(18, 25)
    assert sp.solve(sp.Eq(PAIR.subs(M, C2), ONE), C2) == [16 * C1 / 9]
    assert sp.solve(sp.Eq(PAIR.subs(M, C1), ONE), C2) == [9 * C1 / 16]
    t = sp.symbols("t", positive=True)  # the root of C2 / C1
    roots = sp.solve(sp.Eq((PAIR / ONE).subs({M: C1 * t, C2: C1 * t**2}), 1), t)
    assert sorted(round(float(root**2), 2) for root in roots) == [0.18, 5.53]


def pair(first: int, second: int) -> nn.Sequential:
    """Two 3x3 with these strides."""
    layers = [nn.Conv2d(4, 4, 3, stride, padding=1, bias=False) for stride in (first, second)]
    return nn.Sequential(*layers)


@pytest.mark.parametrize(("strides", "products", "field"), [((1, 2), 45, 5), ((2, 1), 18, 7), ((1, 1), 18, 5)])
def test_which_of_the_pair_strides(strides: tuple[int, int], products: int, field: int) -> None:
    found = profile(pair(*strides), (1, 4, 32, 32))
    side = 32 // (strides[0] * strides[1])
    assert found.macs == products * 4 * 4 * side**2
    assert found.receptive_field == (field, field)


def test_separable_and_strips() -> None:
    assert sp.simplify((K**2 * C1 + C1 * C2) / (K**2 * C1 * C2) - (1 / C2 + 1 / K**2)) == 0
    assert sp.simplify(2 * n * C**2 / (n**2 * C**2)) == 2 / n


def test_kernel_of_two_3x3_has_17_free_numbers() -> None:
    a, b = sp.symbols("a0:9"), sp.symbols("b0:9")
    product = [sp.Integer(0)] * 25
    for k in range(9):
        for m in range(9):
            product[5 * (k // 3 + m // 3) + k % 3 + m % 3] += a[k] * b[m]
    values = dict(zip((*a, *b), (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61), strict=True))
    assert sp.Matrix(product).jacobian([*a, *b]).subs(values).rank() == 17
