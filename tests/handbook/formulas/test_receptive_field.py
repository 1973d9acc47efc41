"""Formulas of page 14: the recurrence both ways, the unrolled sum, holes of dilation, the variance of a box kernel."""

import sympy as sp
from handbook_pages.figures.receptive_field import fields, seen
from torch import nn

from mien.profile import profile

K, d, s, RF, i, p = sp.symbols("K d s RF i p", positive=True)


def test_padding_cancels_in_the_recurrence() -> None:
    first, last = i * s - p, (i + RF - 1) * s - p + (K - 1) * d
    assert sp.expand(last - first + 1 - ((RF - 1) * s + (K - 1) * d + 1)) == 0


def test_backwards_and_forwards_agree_with_the_unrolled_sum() -> None:
    layers = [sp.symbols(f"K{k} d{k} s{k}", positive=True) for k in range(4)]
    back = sp.Integer(1)
    for kernel, dilation, stride in reversed(layers):
        back = (back - 1) * stride + (kernel - 1) * dilation + 1
    field, jump, unrolled = sp.Integer(1), sp.Integer(1), sp.Integer(1)
    for k, (kernel, dilation, stride) in enumerate(layers):
        field, jump = field + (kernel - 1) * dilation * jump, jump * stride
        unrolled += (kernel - 1) * dilation * sp.prod([layer[2] for layer in layers[:k]])
    assert sp.expand(back - field) == 0
    assert sp.expand(back - unrolled) == 0
    assert sp.diff(sp.expand(back), layers[-1][2]) == 0  # the last stride adds nothing


def test_example_of_the_page_is_what_the_profiler_says() -> None:
    net = nn.Sequential(nn.Conv2d(1, 1, 3, 2), nn.Conv2d(1, 1, 3, dilation=2), nn.MaxPool2d(2))
    assert fields() == [1, 2, 6, 13]
    assert profile(net, (1, 1, 64, 64)).receptive_field == (13, 13)


def test_holes() -> None:
    assert [len(seen(dilations)) ** 2 for dilations in ((2, 2), (1, 1, 1), (2, 2, 2), (1, 2, 3))] == [25, 49, 49, 169]
    assert seen((1, 2, 3)) == set(range(-6, 7))


def test_variance_of_a_box_kernel_and_the_width_of_sixteen_layers() -> None:
    x, m = sp.symbols("x m", integer=True, nonnegative=True)  # K = 2 m + 1 steps from -m to m
    variance = sp.summation(x**2, (x, -m, m)) / (2 * m + 1)
    assert sp.simplify(variance - ((2 * m + 1) ** 2 - 1) / sp.Integer(12)) == 0
    width = 4 * sp.sqrt(16 * variance.subs(m, 1))
    assert (1 + 16 * 2, round(float(width))) == (33, 13)
