"""Prototypes: known units, intensities of at most 1, and no unit against its opposite."""

import pytest

from mien.expression.emotion import PROTOTYPES as EMFACS
from mien.facs import CODES
from mien.synthesis.prototypes import PROTOTYPES


@pytest.mark.parametrize("name", PROTOTYPES)
def test_units_are_known_and_can_be_shown_together(name: str) -> None:
    units = PROTOTYPES[name]
    assert set(units) <= set(CODES)
    assert all(0 < value <= 1 for value in units.values())
    assert not {"AU05", "AU43"} <= set(units), "wide eyes are not closed"
    assert not ({"AU23", "AU24"} & set(units) and {"AU25", "AU26"} & set(units)), "pressed lips are not apart"


@pytest.mark.parametrize("emotion", ["happiness", "sadness", "fear", "contempt"])
def test_emfacs_prototypes_are_among_them(emotion: str) -> None:
    assert any(set(EMFACS[emotion]) <= set(units) for units in PROTOTYPES.values())


def test_faces_at_rest_are_among_them() -> None:
    assert sum(not units for units in PROTOTYPES.values()) == 2
