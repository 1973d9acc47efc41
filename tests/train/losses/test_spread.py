"""A constant scorer is noticed, once, and a living one is left in peace."""

import warnings

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch

from mien.errors import InputError
from mien.train.losses.spread import ConstantScorerWarning, ScoreSpread, is_constant_scorer


def test_tolerance_is_a_standard_deviation() -> None:
    score = torch.tensor([0.0, 2.0])
    assert is_constant_scorer(score, 1.0)
    assert not is_constant_scorer(score, 0.99)


def test_what_is_not_finite_and_a_single_score_tell_nothing() -> None:
    assert is_constant_scorer(torch.tensor([1.0, float("nan"), float("inf"), 1.0]))
    assert not is_constant_scorer(torch.tensor([1.0, float("nan")]))
    assert not is_constant_scorer(torch.zeros(0))


def test_running_spread_by_hand() -> None:
    monitor = ScoreSpread(decay=0.5)
    monitor.update(torch.tensor([0.0, 2.0]))
    monitor.update(torch.tensor([0.0, 6.0]))
    monitor.update(torch.tensor([7.0]))
    assert monitor.spread == 2.0


def test_collapse_is_warned_of_once_after_patience() -> None:
    monitor = ScoreSpread(decay=0.0, patience=3)
    for _ in range(2):
        monitor.update(torch.zeros(4))
    assert not monitor.constant
    with pytest.warns(ConstantScorerWarning, match="Use a margin above 0"):
        monitor.update(torch.zeros(4))
    assert monitor.constant
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        monitor.update(torch.zeros(4))


def test_scores_that_spread_again_start_the_count_anew() -> None:
    monitor = ScoreSpread(decay=0.0, patience=3)
    for flat in (True, True, False, True, True):
        monitor.update(torch.zeros(4) if flat else torch.arange(4.0))
    assert not monitor.constant


def test_decay_that_cannot_be_is_an_error() -> None:
    with pytest.raises(InputError, match="'decay' must be at least 0 and below 1"):
        ScoreSpread(decay=1.0)
