"""The study of normalising: every loss has its row, the same again for the same seeds, own ages and faces."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.normalized_l1 import study
from mien.studies.normalized_l1.runs import ALIKE, APART, GRADIENT, GROWING, MAE, NUDGED, OTHER, RIVALS, Settings

TINY = Settings(train=100, test=80, steps=6, pieces=(1, 8), finest=16)


@pytest.fixture(scope="module")
def found():
    return study.run(TINY, (0, 1))


def filled(found, name):
    at = found.table.columns.index(name)
    return [row[:2] for row in found.table.rows if row[at] != ""]


def test_what_was_measured_has_a_row_and_the_rest_is_empty(found) -> None:
    pieces = ["1 piece", "2 pieces", "4 pieces", "8 pieces", "16 pieces"]
    assert filled(found, GRADIENT) == [(GROWING, name) for name in pieces]
    assert filled(found, APART) == [(GROWING, name) for name in ("1 piece", "8 pieces", NUDGED, OTHER)]
    assert filled(found, MAE) == [(kind, method) for kind in (GROWING, ALIKE) for method in RIVALS]


def test_equal_seeds_give_equal_tables(found) -> None:
    assert study.run(TINY, (0, 1)).table == found.table


def test_figure_and_settings(found) -> None:
    assert len(found.figure.axes) == 6
    assert found.settings["pieces"] == (1, 8)


def test_faces(faces) -> None:
    found = study.run(TINY, (0,), faces)
    assert "shades, column 'age', 240 aligned gray faces of 16 px" in found.data
    assert filled(found, MAE) == [("ages of shades", method) for method in RIVALS]
    assert len(found.figure.axes) == 5
