"""Formulas of page 11: 1x1 in front, strips, scaled sums, one branch a channel."""

import sympy as sp

from mien.profile import profile
from mien.train.backbones.base import conv_bn

C, C1, C2, B, K, n = sp.symbols("C C1 C2 B K n", positive=True)


def test_narrowing_pays_below_the_stated_width() -> None:
    whole, narrowed = 25 * C1 * C2, C1 * B + 25 * B * C2
    [limit] = sp.solve(sp.Eq(narrowed, whole), B)
    assert sp.simplify(limit - 25 * C1 * C2 / (C1 + 25 * C2)) == 0
    block = {C1: 192, B: 16, C2: 32}
    assert (narrowed.subs(block), whole.subs(block)) == (15872, 153600)


def test_counts_of_block_3a_are_those_of_the_profiler() -> None:
    from torch import nn

    narrow = nn.Sequential(nn.Conv2d(192, 16, 1, bias=False), nn.Conv2d(16, 32, 5, padding=2, bias=False))
    wide = nn.Conv2d(192, 32, 5, padding=2, bias=False)
    assert [profile(net, (1, 192, 28, 28)).parameters for net in (narrow, wide)] == [15872, 153600]
    assert profile(conv_bn(192, 64, 1), (1, 192, 28, 28)).receptive_field == (1, 1)


def test_strips_are_two_of_n() -> None:
    share = sp.simplify(2 * n * C * C / (n**2 * C * C))
    assert share == 2 / n
    assert [share.subs(n, side) for side in (3, 7)] == [sp.Rational(2, 3), sp.Rational(2, 7)]


def test_variance_of_scaled_sums() -> None:
    v, w, a = sp.symbols("v w a", positive=True)
    variance = v
    for _ in range(20):
        variance += a**2 * w  # independent parts
    assert sp.simplify(variance - (v + 20 * a**2 * w)) == 0
    assert variance.subs(a, sp.Rational(1, 10)) == v + w / 5


def test_separable_share() -> None:
    assert sp.simplify((K**2 * C + C * C2) / (K**2 * C * C2) - (1 / C2 + 1 / K**2)) == 0
