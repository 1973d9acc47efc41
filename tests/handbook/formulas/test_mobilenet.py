"""Formulas of page 12: separable counts, the inverted residual, h-swish and its slopes."""

import sympy as sp
from torch import nn

from mien.profile import profile
from mien.train.backbones.base import Build
from mien.train.backbones.mobilenet.blocks import SqueezeExcite
from mien.train.backbones.mobilenet.v2 import Bottleneck

C, C1, C2, K, t = sp.symbols("C C1 C2 K t", positive=True)
x = sp.symbols("x", real=True)


def test_separable_share_and_part_of_the_pointwise() -> None:
    share = (K**2 * C1 + C1 * C2) / (K**2 * C1 * C2)
    assert sp.simplify(share - (1 / C2 + 1 / K**2)) == 0
    assert round(float(share.subs({K: 3, C2: 512})), 3) == 0.113
    assert round(float((C2 / (K**2 + C2)).subs({K: 3, C2: 512})), 2) == 0.98
    assert [sp.Rational(1, 9) < share.subs({K: 3, C2: width}) < sp.Rational(1, 8) for width in (128, 1024)] == [1, 1]


def test_inverted_residual_has_the_products_of_the_formula() -> None:
    formula = C * t * C + K**2 * t * C + t * C * C
    assert sp.simplify(formula - t * C * (2 * C + K**2)) == 0
    module, _ = Bottleneck(6, 64, 1).build(Build(64))
    assert profile(module, (1, 64, 1, 1)).macs == formula.subs({C: 64, t: 6, K: 3})


def test_squeeze_excite_has_half_the_square_of_the_channels() -> None:
    weights = sum(layer.weight.numel() for layer in SqueezeExcite(64).modules() if isinstance(layer, nn.Conv2d))
    assert weights == 64**2 / 2


def test_h_swish_and_its_slopes() -> None:
    middle = x * (x + 3) / 6
    assert (middle.subs(x, -3), middle.subs(x, 3)) == (0, 3)
    slope = sp.diff(middle, x)
    assert (slope.subs(x, -3), slope.subs(x, 3)) == (-sp.Rational(1, 2), sp.Rational(3, 2))
    whole = x * sp.Min(sp.Max(x + 3, 0), 6) / 6
    assert [whole.subs(x, value) for value in (-4, -1, 1, 5)] == [0, middle.subs(x, -1), middle.subs(x, 1), 5]
