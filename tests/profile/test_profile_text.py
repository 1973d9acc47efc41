"""Numbers in words."""

from fractions import Fraction

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

from mien.profile.receptive_field import Receptive
from mien.profile.text import field_text, pair, shape_text, short


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (1000, "1 k"), (1_234_567, "1.235 M"), (2.5e12, "2.5 T")]
)
def test_short(number: float, text: str) -> None:
    assert short(number) == text


def test_pairs_and_shapes() -> None:
    assert pair((Fraction(1, 2), Fraction(1, 2))) == "0.5"
    assert pair((Fraction(2), Fraction(1, 2))) == "2x0.5"
    assert (shape_text(None), shape_text((1, 2))) == ("", "1x2")


def test_fields() -> None:
    local = Receptive((3, 5), (Fraction(1),) * 2, (1, 2), (False, True), True)
    assert field_text(local) == "3x5 +global"
    assert field_text(None) == ""
    assert field_text(Receptive((0, 0), (Fraction(1),) * 2, (0, 0), (True, True), True)) == "global"
