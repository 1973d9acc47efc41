"""The box that holds a share: the smallest one, in the middle, and told where the picture cuts it."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

from mien.errors import InputError
from mien.profile.effective_field import EffectiveField


def field(weight: np.ndarray, box: tuple[int, int, int, int]) -> EffectiveField:
    return EffectiveField(weight / weight.sum(), box, np.zeros((*weight.shape, 3)))


@pytest.mark.parametrize(("box", "sides"), [((1, 2, 8, 9), (0, 3)), ((0, 1, 8, 9), (0, 2)), ((2, 0, 7, 9), (0, 4))])
def test_the_smallest_box_that_holds_a_share(box: tuple[int, int, int, int], sides: tuple[int, int]) -> None:
    weight = np.random.default_rng(0).random((9, 9))
    outside = np.ones_like(weight, dtype=bool)
    outside[box[0] : box[2], box[1] : box[3]] = False
    weight[outside] = 0
    found = field(weight, box)
    inside = found.holding(0.5)
    assert found.share_within(inside) >= 0.5
    assert (inside[0] + inside[2], inside[1] + inside[3]) == (box[0] + box[2], box[1] + box[3])
    smaller = (inside[0] + 1, inside[1] + 1, inside[2] - 1, inside[3] - 1)
    assert found.share_within(smaller) < 0.5
    assert found.holding(1) == box


def test_all_weight_in_the_middle() -> None:
    weight = np.zeros((7, 7))
    weight[3, 3] = 1
    assert field(weight, (-2, -2, 9, 9)).holding() == (3, 3, 4, 4)


def test_what_the_picture_cuts_is_told() -> None:
    even = field(np.ones((5, 5)), (-4, -4, 9, 9))
    assert not even.is_cut
    aside = field(np.ones((5, 5)), (-6, -6, 9, 9))
    assert aside.is_cut
    assert aside.share_within(aside.holding()) >= 0.95


def test_shares_outside_of_0_to_1() -> None:
    with pytest.raises(InputError, match="'share' must be above 0"):
        field(np.ones((3, 3)), (0, 0, 3, 3)).holding(0)
