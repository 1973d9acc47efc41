"""Shares, how sure they are, and chances of being the best, against direct integration."""

import numpy as np
import pytest

from mien.errors import InputError, ModelError
from mien.preference.pool import Preference, chances, prefer

CARD = {"coverage": 0.9, "preference": {"slope": 1.5, "error": 0.7}}


@pytest.mark.parametrize("gap", [-3.0, -0.4, 0.0, 0.3, 1.2, 9.0])
def test_share_and_majority_are_those_of_the_model(gap: float) -> None:
    d = gap + 0.7 * np.random.default_rng(0).standard_normal(400_000)
    share = 1 / (1 + np.exp(-1.5 * d))
    found = prefer(0.2 + gap, 0.2, CARD)
    assert found.share == pytest.approx(share.mean(), abs=0.01)
    assert found.majority == pytest.approx((share > 0.5).mean(), abs=0.005)
    assert (found.low, found.high) == pytest.approx(np.quantile(share, [0.05, 0.95]), abs=0.005)


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.0), (1.3, -0.2), (-4.0, 2.0)])
def test_b_beside_a_is_a_beside_b_turned(a: float, b: float) -> None:
    here, there = prefer(a, b, CARD), prefer(b, a, CARD)
    assert here.share + there.share == pytest.approx(1)
    names = ("share", "low", "high", "majority")
    assert [getattr(here.turned, n) for n in names] == pytest.approx([getattr(there, n) for n in names])
    assert here.low < here.share < here.high
    assert here.clear == there.clear


def test_equal_scores_are_too_close_to_tell() -> None:
    found = prefer(0.4, 0.4, CARD)
    assert (found.share, found.majority, found.clear) == (0.5, 0.5, False)
    assert prefer(3.0, 0.0, CARD).clear
    assert Preference(0.3, 0.1, 0.6, 0.2).clear


def test_a_larger_error_is_less_sure() -> None:
    found = [prefer(1, 0, {**CARD, "preference": {"slope": 1.5, "error": e}}) for e in (0.1, 0.5, 2.0)]
    assert found[0].share > found[1].share > found[2].share > 0.5
    assert found[0].majority > found[1].majority > found[2].majority > 0.5


@pytest.mark.parametrize(
    "card", [{}, {"coverage": 0.9}, {**CARD, "preference": {"slope": 1.0}}, {"preference": CARD["preference"]}]
)
def test_a_card_that_cannot_compare(card: dict) -> None:
    with pytest.raises(ModelError, match="'preference'"):
        prefer(1, 0, card)


def test_an_unknown_score() -> None:
    with pytest.raises(InputError, match="finite scores"):
        prefer(float("nan"), 0, CARD)
    with pytest.raises(InputError, match="finite scores"):
        chances([0.0, np.nan], 0.7)
    with pytest.raises(InputError, match="'error'"):
        chances([0.0], 0)


def test_chances_are_those_of_draws() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(0, 0.6, 7)
    drawn = score + 0.7 / np.sqrt(2) * rng.standard_normal((200_000, 7))
    counted = np.bincount(drawn.argmax(1), minlength=7) / 200_000
    assert chances(score, 0.7) == pytest.approx(counted, abs=0.005)


def test_chances_of_few_and_of_extremes() -> None:
    assert chances([], 0.7).tolist() == []
    assert chances([3.0], 0.1).tolist() == [1.0]
    assert chances([1e6, 0.0], 0.7) == pytest.approx([1, 0])
    assert chances([0.0] * 300, 0.7) == pytest.approx(np.full(300, 1 / 300))
    two = chances([0.5, 0.0], 0.7)
    assert two[0] == pytest.approx(prefer(0.5, 0.0, CARD).majority)
