"""Label shifts: a rising curve that can be turned round, that learns how a set's labels lie, and rests at none."""

import math

import pytest

pytest.importorskip("torch", reason="tasks need mien[train]")

import torch

from mien.errors import InputError
from mien.train.tasks.shift import KNOTS, LEAST_SLOPE, UNIT, LabelShift, PoolShift, read_shift

AGES = torch.linspace(-5, 110, 300)


def curve(*offsets: float) -> LabelShift:
    shift = LabelShift()
    with torch.no_grad():
        shift.offsets.copy_(torch.tensor(offsets or [0.0] * len(KNOTS)) / UNIT)
    return shift


def test_it_begins_as_none() -> None:
    torch.testing.assert_close(curve().to_label(AGES), AGES)
    assert curve().penalty() == 0


@pytest.mark.parametrize("offsets", [[5.0, 4, 3, 2, 1, 0, -1, -2, -3, -4], [30.0, 0, 0, 0, 0, 0, 0, 0, 0, -40]])
def test_it_rises_and_can_be_turned_round(offsets: list[float]) -> None:
    shift = curve(*offsets)
    label = shift.to_label(AGES)
    assert (label.diff() / AGES.diff()).min() > LEAST_SLOPE - 1e-3
    torch.testing.assert_close(shift.to_value(label), AGES, atol=1e-3, rtol=1e-4)
    assert shift.penalty() > 0


def test_known_values() -> None:
    shift = curve(4, 2, *[0] * 8)
    found = shift.to_label(torch.tensor([-10.0, 0, 5, 10, 15, 50, 200]))
    torch.testing.assert_close(found, torch.tensor([-6.0, 4, 8, 12, 16, 50, 200]))


def test_it_learns_how_labels_lie_and_the_value_does_not() -> None:
    shift, value = LabelShift(), torch.linspace(1, 85, 200).requires_grad_()
    truth = value.detach() + torch.where(value < 40, 4.0, -2.0)
    target = torch.stack([truth, truth], 1)
    target[::7] = torch.nan
    optimizer = torch.optim.Adam(shift.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        (shift.fit(value, target) + 0.001 * shift.penalty()).backward()
        optimizer.step()
    assert value.grad is None
    away = (shift.to_label(value) - truth).abs()
    assert away[(value < 30) | (value > 50)].max() < 0.5


def test_a_told_curve_is_the_same() -> None:
    shift = curve(5, 3, 1, 0, 0, 0, 0, -2, -3, -3)
    again = read_shift(shift.describe())
    torch.testing.assert_close(again.to_label(AGES), shift.to_label(AGES), atol=2e-3, rtol=0)
    assert shift.describe()["offsets"] == [5, 3, 1, 0, 0, 0, 0, -2, -3, -3]


def test_a_pool_is_a_rising_line_in_rating_points_that_can_be_turned_round() -> None:
    pool = PoolShift(3.0, 0.5)
    score = torch.tensor([-2.0, 0.0, 1.0, torch.nan])
    torch.testing.assert_close(pool.to_label(score), torch.tensor([2.0, 3.0, 3.5, torch.nan]), equal_nan=True)
    assert pool.penalty() == 0
    with torch.no_grad():
        pool.moved.fill_(0.4)
        pool.stretch.fill_(-0.7)
    torch.testing.assert_close(pool.to_value(pool.to_label(score)), score, equal_nan=True)
    assert pool.describe() == {"offset": 3.2, "scale": pytest.approx(0.5 * math.exp(-0.7), abs=1e-4)}
    again = read_shift(pool.describe()).to_label(score)
    torch.testing.assert_close(again, pool.to_label(score), atol=1e-3, rtol=0, equal_nan=True)
    assert pool.penalty().item() == pytest.approx(0.16 + 0.49)
    with pytest.raises(InputError, match="'unit' must be above 0"):
        PoolShift(3.0, 0.0)


def test_a_pool_learns_its_scale_and_the_scores_do_not() -> None:
    pool, score = PoolShift(3.0, 0.5), torch.linspace(-2, 2, 101).requires_grad_()
    rating = (5.5 + 0.9 * score.detach())[:, None].clone()
    rating[::9] = torch.nan
    optimizer = torch.optim.Adam(pool.parameters(), lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        (pool.fit(score, rating) + 1e-4 * pool.penalty()).backward()
        optimizer.step()
    assert score.grad is None
    told = pool.describe()
    assert (told["offset"], told["scale"]) == (pytest.approx(5.5, abs=0.1), pytest.approx(0.9, abs=0.1))
