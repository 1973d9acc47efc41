"""Label smoothing: measures by hand, labels that act as they must, a verdict that follows the numbers."""

import math

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.studies.core.finding import Measured
from mien.studies.losses import label_smoothing as study

TINY = study.Settings(few=60, many=300, test=300, steps=100, epsilons=(0.1,))


@pytest.fixture(scope="module")
def found():
    return study.run(TINY, (0, 1))


def column(found, name, size, labels):
    at = found.table.columns.index(name)
    return next(row[at] for row in found.table.rows if row[:2] == (size, labels))


def test_smoothing_bounds_the_logit_gap_and_over_confidence(found) -> None:
    for name in ("logit gap", "over-confidence", "NLL (nats)"):
        hard, smooth = (column(found, name, 60, labels).mean for labels in (study.HARD, study.SMOOTH))
        assert smooth < hard


def test_smoothing_makes_wrong_classes_equal_and_soft_targets_do_not(found) -> None:
    name = "spread of wrong log p (train)"
    smooth, soft = (column(found, name, 60, labels).mean for labels in (study.SMOOTH, study.SOFT))
    assert smooth < soft


def test_equal_seeds_give_equal_tables() -> None:
    less = study.Settings(few=20, many=50, test=50, steps=5)
    assert study.run(less, (0, 1)).table == study.run(less, (0, 1)).table


def test_soft_targets_take_the_same_mass_and_share_it_by_similarity() -> None:
    similarity = torch.tensor([[0.0, 3.0, 1.0], [1.0, 0.0, 1.0], [1.0, 3.0, 0.0]])
    rows = study._unequal(similarity, 0.3)
    torch.testing.assert_close(rows.diagonal(), torch.full((3,), 0.8))
    torch.testing.assert_close(rows[0], torch.tensor([0.8, 0.15, 0.05]))


def test_measures_by_hand() -> None:
    logits = torch.log(torch.tensor([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1]]))
    found = study.measures(logits, torch.tensor([0, 1]))
    assert found["accuracy"] == 0.5
    assert found["NLL (nats)"] == pytest.approx(-(math.log(0.8) + math.log(0.3)) / 2)
    assert found["over-confidence"] == pytest.approx(0.7 - 0.5)
    assert found["logit gap"] == pytest.approx((math.log(8) - math.log(2)) / 2)


def test_calibration_error_by_hand() -> None:
    confidence = torch.tensor([0.95, 0.95, 0.55, 0.55], dtype=torch.float64)
    right = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    assert study.calibration_error(confidence, right, 10) == pytest.approx((0.9 + 0.1) / 4)


def results(scale: float):
    names = ("accuracy", "NLL (nats)", "ECE", "logit gap", "spread of wrong log p (train)")

    def of(level: float):
        return {name: Measured((level, level * 1.01, level * 0.99)) for name in names}

    return {study.HARD: of(1.0), study.SMOOTH: of(scale), study.SOFT: of(2 * scale)}


@pytest.mark.parametrize(("scale", "word"), [(0.5, "lowers"), (2.0, "raises"), (1.0, "does not surely change")])
def test_verdict_follows_the_numbers(scale: float, word: str) -> None:
    verdict = study.judge(results(scale), results(scale), 1e-10)
    assert verdict.startswith(f"Smoothing of 0.1 {word} the logit gap, {word} the calibration error")


def test_verdict_says_when_the_gradient_is_wrong() -> None:
    assert "holds: largest" in study.judge(results(0.5), results(0.5), 1e-10)
    assert "does NOT hold" in study.judge(results(0.5), results(0.5), 1e-3)


def test_gradient_is_softmax_less_smoothed_label() -> None:
    assert study._check((0, 1)) < 1e-8


def test_faces(faces) -> None:
    found = study.run(study.Settings(few=20, test=0, steps=30, epsilons=(0.1,)), (0,), faces)
    assert "shades, column 'class', 240 aligned gray faces of 16 px (2 pictures" in found.data
    assert len(found.table.rows) == 6
