"""Nuclear norm beside L1: all checks in the table, equal tables for equal seeds, a verdict that follows the numbers."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.core.finding import Measured
from mien.studies.nuclear_norm import envelope_checks, study

TINY = study.Settings(samples=12, side=3, unknowns_side=5, ranks=(1,), counts=(6, 20), trials=2)


@pytest.fixture(scope="module")
def found():
    return study.run(TINY, (0, 1))


def test_all_checks_are_in_the_table_and_hold(found) -> None:
    rows = {row[0]: row for row in found.table.rows}
    assert set(envelope_checks.CHECKS) <= set(rows)
    for name in envelope_checks.CHECKS:
        assert all(envelope_checks.holds(name, cell.values) for cell in rows[name][2:])
    assert len(rows) == len(envelope_checks.CHECKS) + len(study.RIVALS) + 2


def test_equal_seeds_give_equal_tables(found) -> None:
    assert study.run(TINY, (0, 1)).table == found.table


def made(**changes: float):
    good = {name: (low + high) / 2 if abs(low) + high < 9 else 0.0 for name, (_, low, high) in study.CHECKS.items()}
    good |= {
        f"{name}: {what}": 0.0 for name in study.RIVALS for what in ("above the norm", "above the cost", "not convex")
    }
    good |= {"1.05 times the norm: above the norm": 1.0, "1.05 times the norm: above the cost": 0.5}
    cells = {name: Measured((value, value)) for name, value in (good | changes).items()}
    costs = [kind.cost for kind in study.KINDS]
    cases = [(cost, rank) for cost in costs for rank in (1, 2)]
    halves = dict.fromkeys(cases, Measured((20.0, 22.0)))
    return dict.fromkeys(costs, cells), study.Recovered(halves, dict.fromkeys(cases, 19.0), {})


def test_verdict_follows_the_numbers() -> None:
    expected = study.judge(*made()).splitlines()
    assert expected[0].startswith("For singular values up to 1 the nuclear norm is the largest convex function below")
    assert "come within 2 (rank) and 2 (L0) measurements of theory" in expected[0]
    assert "1 are above it somewhere on the ball; of these 1 are above rank or not convex." in expected[1]
    wrong = study.judge(*made(**{envelope_checks.TWICE: 0.1})).splitlines()
    assert (
        wrong[0] == "The norms are NOT the envelopes of their costs in: distance of biconjugate and norm (rank); "
        "distance of biconjugate and norm (L0)."
    )


def test_a_better_rival_is_named() -> None:
    found = study.judge(*made(**{"1.05 times the norm: above the cost": 0.0}))
    assert "of these 0 are above rank or not convex, NOT: ['1.05 times the norm']." in found


def test_recoveries_that_never_come() -> None:
    checked, recovered = made()
    cases = dict.fromkeys(recovered.halves, Measured((float("nan"),) * 2))
    found = study.judge(checked, replace(recovered, halves=cases))
    assert "1: never (theory 19)" in found
    assert "within no number (rank) and no number (L0) measurements" in found
