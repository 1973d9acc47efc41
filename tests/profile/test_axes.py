"""The algebra of axes: reshapes in any grouping, periods, unions, what is picked; against brute index arrays."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

from mien.profile.axes import Axis, joined, nothing, permuted, picked, pixels, spread, transposed, union, window
from mien.profile.reshape import reshaped

SHAPES = [
    (1, 2, 6, 4),
    (1, 2, 24),
    (2, 6, 4),
    (48,),
    (1, 2, 3, 2, 4),
    (2, 1, 6, 1, 4),
    (6, 8),
    (1, 2, 6, 2, 2),
    (4, 12),
]


@pytest.mark.parametrize(("middle", "after"), itertools.product(SHAPES, SHAPES))
@pytest.mark.parametrize("dim", [2, 3])
def test_reshapes_are_those_of_the_whole_array(middle: tuple[int, ...], after: tuple[int, ...], dim: int) -> None:
    before = SHAPES[0]
    axis = reshaped(reshaped(pixels(before[dim], dim, 4), before, middle), middle, after)
    whole = np.broadcast_to(pixels(before[dim], dim, 4).first, before).reshape(after)
    assert (np.broadcast_to(axis.first, after) == whole).all()
    assert (np.broadcast_to(axis.last, after) == whole).all()


def test_a_map_keeps_its_stride_through_tokens_and_back() -> None:
    axis = window(pixels(32, 2, 4), 2, 8, 8, 1, 0, 4)
    tokens = reshaped(axis, (1, 5, 4, 3), (1, 5, 12))
    back = reshaped(permuted(tokens, [0, 2, 1]), (1, 12, 5), (1, 4, 3, 5))
    assert (tokens.dim, back.dim, back.stride, back.size) == (2, 1, 8, 8)


def test_periods_of_transposed_windows() -> None:
    up = transposed(window(pixels(20, 0, 1), 0, 3, 2, 1, 1, 10), 0, 4, 4, 1, 0, 40)
    assert (up.stride, up.period) == (Fraction(1, 2), 4)
    beyond = window(up, 0, 3, 1, 1, 30, 100)
    inside = beyond.first[31:60]
    assert (beyond.first[31 + 4 : 64] - inside == 2).all()  # the same step inside and out


def test_union_is_the_hull_and_keeps_what_is_aligned() -> None:
    line = pixels(9, 2, 3)
    wide, shifted = window(line, 2, 5, 1, 1, 2, 9), window(line, 2, 3, 1, 1, 0, 7)
    assert union([line, wide], 3).aligned
    assert union([line, wide], 3).size == 5
    assert not union([window(line, 2, 1, 1, 1, 0, 7), shifted], 3).aligned
    assert union([line, nothing(line, 3)], 3).size == 1


def test_spread_over_all_positions_is_everything() -> None:
    axis = spread(pixels(9, 2, 3), [2])
    assert (axis.whole, axis.size, axis.dim) == (True, 0, None)
    assert spread(pixels(9, 2, 3), [1]).size == 1


def test_tokens_that_see_nothing_stand_before_those_that_do() -> None:
    line = pixels(4, 1, 2)
    both = joined([nothing(line, 2), line], 1, [1, 4])
    assert both.first.shape == (1, 5)
    assert picked(both, 1, 0).size == 0
    assert picked(both, 1, slice(1, None)).first.tolist() == [[0, 1, 2, 3]]


def test_picking_with_a_step_is_a_stride() -> None:
    axis: Axis = picked(pixels(9, 1, 2), 1, slice(1, None, 3), 3)
    assert (axis.stride, axis.padding, axis.first.tolist()) == (3, -1, [[1, 4, 7]])
