"""Regression losses: outliers hurt L2 most; decodings by hand; a verdict that follows the numbers."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.studies.core.finding import Measured
from mien.studies.losses import regression_losses as study

TINY = study.Settings(train=400, held_out=300, steps=200, every=100, goal=6.0, shares=(0.0, 0.3), rates=(4e-3,))


@pytest.fixture(scope="module")
def found():
    return study.run(TINY, (0,))


def errors(found):
    return {row[:2]: row[2].mean for row in found.table.rows}


def test_outliers_cost_l2_most_and_l1_least_of_both(found) -> None:
    error = errors(found)
    assert error["0%", "L2"] < 7
    assert error["30%", "L2"] - error["0%", "L2"] > 1.3 * (error["30%", "L1"] - error["0%", "L1"])


def test_gradient_of_l2_is_larger_than_of_l1_and_of_classes(found) -> None:
    norm = {row[:2]: row[3].mean for row in found.table.rows}
    assert norm["0%", "L2"] > norm["0%", "Huber"] > norm["0%", "L1"] > norm["0%", study.CLASSES]


def test_equal_seeds_give_equal_tables() -> None:
    less = study.Settings(train=100, held_out=50, steps=20, every=10, shares=(0.1,), rates=(1e-3, 4e-3))
    assert str(study.run(less, (3,)).table) == str(study.run(less, (3,)).table)


def test_the_better_step_size_on_dirty_held_out_labels_is_taken() -> None:
    slow = study.Settings(train=300, held_out=300, steps=100, rates=(1e-7,))
    both = study.Settings(train=300, held_out=300, steps=100, rates=(1e-7, 4e-3))
    taken = [study._best((0.1, "L1"), 0, settings, None).measures["test MAE (years)"] for settings in (slow, both)]
    assert taken[1] < taken[0] - 3


def test_expectation_and_median_of_bins() -> None:
    bins = study.BINS
    logits = torch.full((1, len(bins)), -30.0)
    logits[0, [0, 10]] = torch.log(torch.tensor([0.4, 0.6]))
    assert float(study.decode(logits, study.CLASSES)) == pytest.approx(18, abs=1e-3)
    # half of the mass lies a sixth into the bin around 30, which is 3 years wide
    assert float(study.decode(logits, study.MEDIAN)) == pytest.approx(28.5 + 3 * (0.1 / 0.6), abs=1e-3)
    assert study.decode(torch.tensor([[0.5]]), "L1").tolist() == [52]


def made(levels):
    """Results from the error of each loss with clean and with dirty labels."""
    names = ("test MAE (years)", "steps to goal", "gradient norm, start")
    return {
        (share, method): {name: Measured((value, value * 1.01, value * 0.99)) for name in names}
        for method, pair in levels.items()
        for share, value in zip((0.0, 0.3), pair, strict=True)
    }


def test_verdict_follows_the_numbers() -> None:
    usual = {method: (4.0, 6.0) for method in study.METHODS}
    robust = study.judge(made(usual | {"L2": (3.0, 9.0), "L1": (4.0, 5.0)}), (0.0, 0.3))
    assert robust.startswith(
        "With 0% wrong labels L2 has the least error; with 30% wrong labels L1 has the least error;"
    )
    assert "L1 is more robust than L2" in robust
    flipped = study.judge(made(usual | {"L2": (4.0, 5.0), "L1": (3.0, 9.0)}), (0.0, 0.3))
    assert flipped.startswith(
        "With 0% wrong labels L1 has the least error; with 30% wrong labels L2 has the least error;"
    )
    assert "L1 is less robust than L2" in flipped
    assert "L1 is not surely more robust than L2" in study.judge(made(usual), (0.0, 0.3))


def test_faces(faces) -> None:
    tiny = study.Settings(steps=20, every=10, shares=(0.0,), rates=(1e-3,))
    found = study.run(tiny, (0,), faces)
    assert "shades, column 'age', 240" in found.data
    assert found.settings["goal"] == study.FACE_GOAL
