"""Words about convolutions follow the numbers."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.convolutions import tables as convolution_tables
from mien.studies.convolutions import verdicts as study
from mien.studies.convolutions.latency import ENGINES, Timed
from mien.studies.convolutions.rules import Agreement
from mien.studies.convolutions.scales import Reach, Scaled
from mien.studies.convolutions.series import count
from mien.studies.convolutions.turns import SHIFT, Turned
from mien.studies.core.finding import Measured

NAMES = ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small")


def made(**changes: object) -> study.Checked:
    less = dict.fromkeys(SHIFT, [False] * 8 + [True] * 7)
    good = study.Checked(
        {"separable / standard 3x3": [Agreement(10, 0), Agreement(10, 0)]},
        {(name, 5): Turned(less, 0) for name in (study.BY_OUT, study.BY_IN, study.BY_MIDDLE)},
        {(2, 2): Reach(18, (9, 9), (25, 25))},
        [Scaled("mobilenet_v1", 0.5, 224, (5.0, 5), (7.0, 7)), Scaled("mobilenet_v2", 0.5, 224, (5.0, 5), (6.0, 8))],
    )
    return replace(good, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def networks():
    return {name: count(name) for name in NAMES}


def timed(networks, power: float):
    return {
        (name, engine): Timed(Measured((networks[name].report.macs ** power,)), Measured((1.0,)))
        for name in NAMES
        for engine in ENGINES
    }


def test_verdict_follows_the_numbers(networks) -> None:
    lines = study.judge(made(), networks, {}).splitlines()
    assert "Two 3x3 have 72.0% of the weights of one 5x5" in lines[0]
    assert "for C_out from 9 where C_in = 5" in lines[0]
    assert lines[0].endswith("Formulas and profiler agree in all 294 comparisons.")
    assert "two 3x3 take 180.0% of the multiplications" in lines[1]
    assert "2, 2: field 9, 25 of 81 pixels" in lines[3]
    assert "predicted to the last one" in lines[4]
    assert "up to 25% off" in lines[4]
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rules": {"rule": [Agreement(10, 0), Agreement(10, 1)]}}, "rule"),
        ({"reaches": {(3,): Reach(9, (7, 7), (9, 8))}}, "dilations (3,)"),
        ({"scaled": [Scaled("mobilenet_v1", 0.5, 224, (5.2, 5), (7.0, 7))]}, "mobilenet_v1, width 0.5"),
    ],
)
def test_what_fails_is_named(networks, changes: dict[str, object], told: str) -> None:
    assert f"Formulas and profiler do NOT agree in: {told}." in study.judge(made(**changes), networks, {})


def test_time_goes_with_what_it_was_made_of(networks) -> None:
    found = study.correlations(networks, timed(networks, 2.0), "torch")
    assert found["MACs"] == pytest.approx(1)
    assert max(found, key=lambda what: found[what]) == "MACs"
    lines = study.judge(made(), networks, timed(networks, 2.0)).splitlines()
    assert "MACs a second: most mobilenet_v3_small" in lines[-1]
    assert "least mobilenet_v1" in lines[-1]


def test_tables(networks) -> None:
    found = convolution_tables.further(made(), networks, timed(networks, 1.0))
    stories, rules, turns, reaches, widths = found.values()
    assert [row[0] for row in stories.rows] == list(NAMES)
    assert "time x 0.53" in str(stories.rows[1][3])
    assert rules.rows[0][-1] == "0 ± 0 in 20"
    assert turns.rows[0][3:8] == ("from 9",) * 5
    assert reaches.rows == (("2, 2", "18", "9", "9", "25", "25"),)
    assert widths.rows[0] == ("mobilenet_v1", "0.5", "224", 5e-6, 5e-6, 7e-6, 7e-6)
    assert all(len(row) == len(table.columns) for table in found.values() for row in table.rows)
