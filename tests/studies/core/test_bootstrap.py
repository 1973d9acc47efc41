"""Resampled estimates: whole people, paired differences, sentences that follow the numbers."""

import doctest

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.core import bootstrap
from mien.studies.core.bootstrap import Estimate, against, estimate, leaders, resample


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = estimate(lambda rows: float(values[rows].mean()), 400, resample(None, 400, 2000))
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.03)
    assert found.high == pytest.approx(values.mean() + half, abs=0.03)


def test_people_are_drawn_as_a_whole() -> None:
    person = np.array([4, 4, 4, 7, 9, 9])
    for rows in resample(person, 6, 50):
        counts = np.bincount(rows, minlength=6)
        for one in (4, 7, 9):
            assert len(set(counts[person == one].tolist())) == 1


def test_alike_pictures_of_a_person_widen_the_interval() -> None:
    value = np.repeat(np.random.default_rng(1).normal(0, 1, 20), 30)
    person = np.repeat(np.arange(20), 30)

    def width(cluster: np.ndarray | None) -> float:
        found = estimate(lambda rows: float(value[rows].mean()), 600, resample(cluster, 600, 400))
        return found.high - found.low

    assert width(person) > 4 * width(None)


def test_differences_are_paired_draw_by_draw() -> None:
    noise = np.random.default_rng(2).normal(0, 1, 500)
    first, second = Estimate(1.0, 1 + noise), Estimate(0.9, 0.9 + noise)
    assert (first - second).sign == 1
    assert (second - first).sign == -1
    assert (first - Estimate(0.9, 0.9 + noise[::-1])).sign == 0


def test_relative_loss_by_hand() -> None:
    lost = Estimate(0.8, np.array([0.8, 0.5])).relative_loss(Estimate(0.6, np.array([0.4, 0.5])))
    assert lost.value == pytest.approx(0.25)
    np.testing.assert_allclose(lost.draws, [0.5, 0])
    lost = Estimate(0.9, np.array([0.9, 0.5])).relative_loss(Estimate(0.6, np.array([0.6, 0.7])), floor=0.5)
    assert lost.value == pytest.approx(0.75)
    np.testing.assert_allclose(lost.draws, [0.75, np.nan])


def test_sentences_follow_the_numbers() -> None:
    low, high = Estimate(0.2, np.array([0.1, 0.2, 0.3])), Estimate(0.9, np.array([0.8, 0.9, 1.0]))
    assert "higher with b than with a (0.900 against 0.200; difference +0.700" in against("F1", ("b", high), ("a", low))
    assert "lower with a than with b" in against("F1", ("a", low), ("b", high))
    assert "no sure difference between a and b" in against("F1", ("a", low), ("b", low))
    assert "cannot be told" in against("F1", ("a", Estimate(0.1)), ("b", low))


def test_leaders_name_what_is_not_surely_behind() -> None:
    steady = np.linspace(-0.1, 0.1, 21)
    found = {"a": Estimate(0.9, 0.9 + steady), "b": Estimate(0.88, 0.88 - steady), "c": Estimate(0.2, 0.2 + steady)}
    assert leaders(found) == ["a", "b"]
    assert leaders(found, least=True) == ["c"]
    assert leaders({"a": Estimate(float("nan"))}) == []


def test_examples_in_docstrings() -> None:
    found = doctest.testmod(bootstrap)
    assert found.attempted > 0
    assert found.failed == 0
