"""The study of heads: a row for each, the same again for the same seeds, own ages and faces."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.age_heads import study
from mien.studies.age_heads.measures import MAE, OWN
from mien.studies.age_heads.runs import METHODS, SECONDS, STEPS, Settings

TINY = Settings(train=100, held_out=60, steps=6, every=3, shares=(0.0, 0.3))
LESS = Settings(train=60, held_out=40, steps=2, every=1, shares=(0.0,))


@pytest.fixture(scope="module")
def found():
    return study.run(TINY, (0, 1))


def cells(found, name):
    at = found.table.columns.index(name)
    return {row[0]: row[at] for row in found.table.rows}


def test_a_row_for_each_head(found) -> None:
    assert list(cells(found, MAE)) == [method.name for method in METHODS]
    assert all(len(row) == len(found.table.columns) for row in found.table.rows)
    assert set(cells(found, "MAE, 30% wrong labels")) == set(cells(found, MAE))


def test_only_a_head_with_a_spread_has_an_interval_of_its_own(found) -> None:
    own = cells(found, OWN)
    assert {name for name, cell in own.items() if cell == "no spread"} == {
        "l2", "l1", "smooth_l1", "normalized_l1", "piecewise_l1", "l1, mixup"
    }  # fmt: skip
    assert 0 <= own["laplace"].mean <= 1


def test_equal_seeds_give_equal_tables() -> None:
    first, again = (study.run(LESS, (0,)) for _ in range(2))
    for name in set(first.table.columns) - {SECONDS}:
        assert str(cells(again, name)) == str(cells(first, name))


def test_a_goal_that_is_met_at_the_start_takes_no_step() -> None:
    easy = Settings(train=60, held_out=40, steps=2, every=1, goal=100.0, shares=(0.0,))
    found = study.run(easy, (0,))
    assert {cell.mean for cell in cells(found, STEPS).values()} == {0}
    assert "wrong labels:" not in found.verdict


def test_faces(faces) -> None:
    found = study.run(TINY, (0,), faces)
    assert "shades, column 'age', 240 aligned gray faces of 16 px" in found.data
    assert "144 to learn from, 48 for the intervals, 48 to measure" in found.data
    assert found.settings["goal"] == study.FACE_GOAL
    assert len(found.figure.axes) == 6
