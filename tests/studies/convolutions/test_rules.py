"""Rules of thumb are exact, and a wrong one is found."""

from dataclasses import replace
from fractions import Fraction

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.convolutions import rules as study


@pytest.mark.parametrize("name", study.RULES)
def test_rules_hold(name: str) -> None:
    found = study.check(study.RULES[name], 3, 0)
    assert (found.made, found.failed) == (57, 0)


def test_the_claim_of_the_notes_is_found_wrong() -> None:
    rule = study.RULES["two 3x3 / one 5x5, middle = C_out"]
    wrong = replace(rule, weights=lambda a, b: Fraction(25, 18))
    assert study.check(wrong, 3, 0).failed == 3


def test_shares_at_equal_channels() -> None:
    found, fields = study.counted_shares(study.RULES["two 3x3 / one 5x5, stride 2, middle = C_out"], 4, 8)
    assert found["parameters", False] == 18 / 25
    assert found["multiplications", False] == 45 / 25
    assert found["parameters", True] == (18 * 16 + 8) / (25 * 16 + 4)
    assert fields == (5, 5)
