"""Words about solvers follow the numbers."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.core.finding import Measured
from mien.studies.rpca import verdicts as study

NAN = float("nan")


def cells(steps: float, step: float, exact: bool = True) -> dict[str, Measured]:
    """What a solver did that reached the level in some steps (NaN: never, in 100) of some ms each."""
    values = {f"steps to {level:g}": steps for level in study.LEVELS}
    values |= {study.STEP: step, study.ENTIRE: 0.1 * step, study.TO_LEVEL: steps * step / 1e3, study.GAP: 0.01}
    values |= {study.RANK: 0.0 if exact else 3.0, study.SUPPORT: 0.0, study.TRUTH: 0.0}
    return {name: Measured((value, value)) for name, value in values.items()}


def made(**others: dict[str, Measured]) -> study.Results:
    found = {(n, name): cells(10, n / 10) for n in (10, 20) for name in study.OURS}
    found |= {(10, name): cells(20, 5.0, exact=False) for name in study.GENERAL}
    found[10, study.NEWTON] = {study.STEP: Measured((864.0, 864.0))}
    return found | {(10, study.POLYAK): others.get("polyak", found[10, study.POLYAK])}


def test_ratios() -> None:
    found = made()
    ratio, bound = study.ratios(found, (10, study.POLYAK))
    assert (ratio.mean, bound) == (pytest.approx(10), False)
    late = made(polyak=cells(NAN, 5.0))
    assert study.ratios(late, (10, study.POLYAK))[1]
    assert study.times(late, (10, study.POLYAK)) == "> 50"
    assert study.times(late, (10, study.NEWTON)) == "-"


def test_verdict_follows_the_numbers() -> None:
    expected = study.judge(made(), 100).splitlines()
    assert "slower than it are 4 of 4 general solvers" in expected[0]
    assert "found by none of these; inexact ALM finds them" in expected[0]
    assert any("inexact ALM n^1.0 (10 to 20)" in line for line in expected)
    assert expected[-1].endswith("at n = 1000 it fills 8 TB, and by n^6 the step takes 10000000 days.")
    flipped = study.judge(made(polyak=cells(1, 0.5)), 100).splitlines()
    assert "slower than it are 3 of 4 general solvers" in flipped[0]
    assert f"found by {study.POLYAK} of these" in flipped[0]


def test_what_never_came_near_is_said() -> None:
    late = study.judge(made(polyak=cells(NAN, 5.0)), 100)
    assert f"{study.POLYAK}, n = 10: no gap of 0.001 within 100 steps (least: 0.01 ± 0)" in late


def test_without_an_interior_point_method() -> None:
    found = {case: one for case, one in made().items() if case[1] != study.INTERIOR}
    assert "The interior-point method did not run" in study.judge(found, 100)
