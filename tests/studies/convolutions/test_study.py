"""The study of convolutions: formulas held, networks counted, equal tables for equal seeds, a place for times."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.convolutions import study
from mien.studies.convolutions.latency import Timed
from mien.studies.core.finding import Measured

TINY = study.Settings(
    trials=1, inputs=(3,), dilations=((2, 2),), widths=(0.5,), sides=(224,), networks=("mobilenet_v2",), timed=()
)


@pytest.fixture(scope="module")
def found():
    return study.run(TINY, (0, 1))


def test_everything_is_held_and_agrees(found) -> None:
    assert "agree in all" in found.verdict
    _, rules, turns, *_ = found.further.values()
    assert len(rules.rows) == len(study.RULES)
    assert len(turns.rows) == len(study.CONTESTS)
    assert all(str(row[-1]).startswith("0 ± 0 in ") for row in rules.rows)


def test_equal_seeds_give_equal_tables(found) -> None:
    again = study.run(TINY, (0, 1))
    assert (again.table, again.further) == (found.table, found.further)


def test_networks_that_were_not_timed_have_no_time(found) -> None:
    (row,) = found.table.rows
    assert row[:4] == ("mobilenet_v2", "224", pytest.approx(3.504872), pytest.approx(300.774272))
    assert row[-4:] == ("-",) * 4


def test_times_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Timed(Measured((8.0, 10.0)), Measured((1.0, 1.0)))
    monkeypatch.setattr(
        study, "time_all", lambda names, seeds, rounds: {(n, e): one for n in names for e in study.ENGINES}
    )
    (row,) = study.run(replace(TINY, timed=("mobilenet_v2",)), (0, 1)).table.rows
    assert row[-4:] == (one.milliseconds, one.ratio) * 2
