"""Turning points: counted where theory puts them, and a wrong theory is found."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.convolutions import turns as study

PAIR = "5x5 / two 3x3, middle = C_out"


@pytest.mark.parametrize("name", study.CONTESTS)
def test_theory_is_the_profiler_s(name: str) -> None:
    found = study.hold(study.CONTESTS[name], 3, 7)
    assert (found.made, found.wrong) == (126, 0)


def test_biases_and_additions_move_the_turn() -> None:
    found = study.hold(study.CONTESTS[PAIR], 9, 2)
    texts = {case: study.intervals(less) for case, less in found.less.items()}
    assert texts.pop(("parameters", True)) == "from 16"
    assert set(texts.values()) == {"from 17"}
    five = study.hold(study.CONTESTS[PAIR], 5, 2)
    assert study.intervals(five.less["additions", False]) == "from 10"
    assert study.intervals(five.less["parameters", False]) == "from 9"


def test_a_wrong_theory_is_found() -> None:
    wrong = replace(study.CONTESTS[PAIR], smaller=lambda a, x, s: x > 2 * a)
    assert study.hold(wrong, 3, 3).wrong == 6


def test_intervals() -> None:
    assert study.intervals([True, True]) == "all"
    assert study.intervals([False, False]) == "never"
    assert study.intervals([True, False, True, True, False]) == "to 1, 3 to 4"
