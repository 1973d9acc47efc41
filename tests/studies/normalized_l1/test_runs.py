"""Pieces against the normalised loss by hand; networks that learn from each from the same start."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.errors import InputError
from mien.studies.core.networks import network_for
from mien.studies.normalized_l1 import runs as study
from mien.train.losses import RunningScale

TINY = study.Settings(train=300, test=200, steps=60, pieces=(1, 32), finest=64)


def test_pieces_by_hand() -> None:
    edges, weights = study.pieces_of(3)
    assert edges.tolist() == [30, 60]
    assert weights.tolist() == pytest.approx([1 / 5, 1 / 11, 1 / 17])
    with pytest.raises(InputError, match="'count' must be at least 1 piece"):
        study.pieces_of(0)


def test_deviations_by_hand() -> None:
    # one piece: weight 1 / s(45) = 1 / 11 against 1 / s(0) = 1 / 2
    found = study.deviations(1, torch.tensor([6.0]), torch.tensor([0.0]))
    assert found[study.GRADIENT] == pytest.approx(1 / 2 - 1 / 11)
    assert found[study.LOSS] == pytest.approx(6 * (1 / 2 - 1 / 11))
    # the mean of 1 / (2 + 0.2 y) over 0..90 is 5 log(10) / 90; errors of 5 years
    assert found[study.MEAN] == pytest.approx(5 * abs(5 * np.log(10) / 90 - 1 / 11), abs=1e-6)


def test_deviations_stay_below_their_bound_and_fall() -> None:
    target = torch.linspace(0, 89.9, 2000)
    found = {n: study.deviations(n, target + 5, target) for n in (2, 8, 32, 128)}
    gradient, mean = ([one[name] for one in found.values()] for name in (study.GRADIENT, study.MEAN))
    assert all(value <= study.bound(n) for n, value in zip(found, gradient, strict=True))
    assert gradient[2] / gradient[3] == pytest.approx(4, rel=0.1)
    assert mean[2] / mean[3] == pytest.approx(16, rel=0.1)


@pytest.mark.parametrize("method", [*study.RIVALS, study.NUDGED, study.OTHER, "1 piece", "8 pieces"])
def test_losses_by_hand(method: str) -> None:
    output, age = (torch.tensor([[50.0], [20.0]]) - study.CENTER) / study.UNIT, torch.tensor([40.0, 5.0])
    found = float(study.loss_of(method, RunningScale(study.LEARNT_EDGES))(output, age))
    normal = (10 / 10 + 15 / 3) / 2
    expected = {
        study.L1: (10 + 15) / 2,
        study.HAND: (10 * 0.9 + 15 * 4) / 2,
        study.LEARNT: 1,
        "1 piece": (10 + 15) / 2 / 11,
        "8 pieces": (10 / (2 + 0.2 * 39.375) + 15 / (2 + 0.2 * 5.625)) / 2,
    }
    assert found == pytest.approx(expected.get(method, normal), rel=1e-5)


def test_finer_pieces_answer_more_like_the_normalised_loss() -> None:
    world = study.make_world(study.GROWING, 0, TINY, None)
    found = study.answers_apart(0, TINY, world)
    assert found[study.NUDGED] < found["32 pieces"] < found["1 piece"]
    assert found["32 pieces"] < found[study.OTHER] / 4


def test_errors_by_hand() -> None:
    found = study.errors(torch.tensor([5.0, 30.0, 60.0]), torch.tensor([1.0, 32.0, 69.0]))
    assert found[study.RELATIVE] == 2
    assert [found[name] for name in (study.YOUNG, study.MIDDLE, study.OLD)] == [4, 2, 9]
    assert found[study.MAE] == 5
    assert found[study.BIAS] == pytest.approx((4 - 2 - 9) / 3)


def test_normalising_draws_answers_to_the_young_and_a_scale_is_learnt() -> None:
    world = study.make_world(study.GROWING, 0, TINY, None)
    longer = replace(TINY, steps=400)
    found = {method: study.learn(method, 0, longer, world) for method in (study.L1, study.FORMULA, study.LEARNT)}
    assert found[study.FORMULA][study.BIAS] < found[study.L1][study.BIAS] - 0.2
    assert found[study.LEARNT][study.SCALE_OLD] > 0
    assert np.isnan(found[study.L1][study.SCALE_OLD])


@pytest.mark.parametrize(("kind", "growth"), [(study.GROWING, True), (study.ALIKE, False)])
def test_noise_is_as_told(kind: str, growth: bool) -> None:
    large = study.Settings(train=20000, test=10)
    train, test = study.make_world(kind, 0, large, None)
    assert (len(train), len(test)) == (20000, 10)
    clean = torch.linalg.lstsq(torch.cat([train.x, torch.ones(len(train), 1)], 1), train.y[:, None]).solution
    rest = (train.y - (torch.cat([train.x, torch.ones(len(train), 1)], 1) @ clean)[:, 0]).abs()
    old, young = rest[train.y > 60].mean(), rest[train.y < 25].mean()
    assert bool(old > 1.1 * young) == growth


def test_answers_are_years() -> None:
    assert study.answer(torch.tensor([[0.5]])).tolist() == [52]
    assert network_for(torch.zeros(1, 10), 1, 0)(torch.zeros(1, 10)).shape == (1, 1)
