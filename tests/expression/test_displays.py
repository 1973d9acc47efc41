"""Pain and smiles follow the published rules, and are unknown where a unit is missing."""

import numpy as np
import pytest

from mien.expression.displays import PAIN_RANGE, SMILES, displays_of, pain_index, smile_type
from mien.faces import ActionUnits
from mien.facs import CODES


def units_of(**intensity: float) -> ActionUnits:
    """One face with the intensities 0..5 given by code; all others at rest."""
    values = np.array([[intensity.get(code, 0.0) for code in CODES]])
    return ActionUnits(values / 5, values, CODES)


def without(units: ActionUnits, *codes: str) -> ActionUnits:
    """The same faces, where the model does not read some units."""
    kept = [i for i, code in enumerate(units.codes) if code not in codes]
    return ActionUnits(units.probability[:, kept], units.intensity[:, kept], tuple(np.array(units.codes)[kept]))


@pytest.mark.parametrize(
    ("intensity", "pain"),
    [
        ({}, 0.0),
        ({"AU04": 3}, 3.0),
        ({"AU06": 2, "AU07": 4}, 4.0),
        ({"AU06": 4, "AU07": 2}, 4.0),
        ({"AU09": 1, "AU10": 2}, 2.0),
        ({"AU43": 2.5}, 0.5),  # its probability, not its intensity
        ({"AU04": 1, "AU06": 2, "AU07": 1, "AU09": 3, "AU10": 1, "AU43": 5}, 7.0),
        ({"AU12": 5, "AU25": 5, "AU15": 5}, 0.0),
    ],
)
def test_pain_is_the_sum_of_prkachin_and_solomon(intensity: dict[str, float], pain: float) -> None:
    assert pain_index(units_of(**intensity)).tolist() == [pytest.approx(pain)]


def test_pain_has_the_range_of_the_index() -> None:
    assert pain_index(units_of(**dict.fromkeys(CODES, 5.0))).tolist() == [PAIN_RANGE[1]]
    assert pain_index(units_of()).tolist() == [PAIN_RANGE[0]]


@pytest.mark.parametrize("code", ["AU04", "AU06", "AU07", "AU09", "AU10", "AU43"])
def test_pain_without_a_unit_is_unknown(code: str) -> None:
    full = units_of(**dict.fromkeys(CODES, 2.0))
    assert np.isnan(pain_index(without(full, code))).all()
    values = np.where(np.array(CODES) == code, np.nan, full.intensity)
    assert np.isnan(pain_index(ActionUnits(values / 5, values, CODES))).all()
    assert np.isfinite(pain_index(without(full, "AU12", "AU25"))).all()


@pytest.mark.parametrize(
    ("lips", "cheeks", "kind"),
    [(0.0, 0.0, 0), (0.99, 5.0, 0), (1.0, 0.99, 1), (5.0, 0.0, 1), (1.0, 1.0, 2), (3.0, 4.0, 2)],
)
def test_a_smile_begins_at_the_first_trace(lips: float, cheeks: float, kind: int) -> None:
    found, strength, cheek = smile_type(units_of(AU12=lips, AU06=cheeks))
    assert found.tolist() == [SMILES[kind]]
    assert (strength.tolist(), cheek.tolist()) == ([lips], [cheeks])


@pytest.mark.parametrize("code", ["AU06", "AU12"])
def test_a_smile_without_a_unit_is_unknown(code: str) -> None:
    displays = displays_of(without(units_of(AU12=3.0, AU06=3.0), code))
    assert displays.smile.tolist() == [""]
    told = displays[0].to_dict()
    assert told["smile"] is None
    assert {told["smile_strength"], told["cheek_strength"]} == {None, 3.0}


def test_faces_are_read_each_for_itself() -> None:
    values = np.random.default_rng(0).uniform(0, 5, (20, len(CODES)))
    units = ActionUnits(values / 5, values, CODES)
    whole = displays_of(units)
    for i in range(20):
        alone = displays_of(units[[i]])
        assert alone[0].to_dict() == whole[i].to_dict()
    assert set(whole.smile) == set(SMILES)


def test_no_face() -> None:
    displays = displays_of(units_of()[[]])
    assert displays.pain.shape == displays.smile.shape == displays.cheek_strength.shape == (0,)
