"""The vocabulary says what the FACS manual says."""

import dataclasses
import re
from itertools import pairwise
from pathlib import Path

import pytest

from mien.expression.displays import PAIN_RANGE, SMILES
from mien.faces import CLEAR_MARGIN
from mien.facs import ACTION_UNITS, CODES, ActionUnit, action_unit
from mien.tracking.neutral import HALF_S, MOST, QUANTILE, REST

# Number, name and main muscle, from the table of Ekman, Friesen & Hager, 2002.
MANUAL = {
    1: ("inner brow raiser", "frontalis"),
    2: ("outer brow raiser", "frontalis"),
    4: ("brow lowerer", "corrugator supercilii"),
    5: ("upper lid raiser", "levator palpebrae superioris"),
    6: ("cheek raiser", "orbicularis oculi"),
    7: ("lid tightener", "orbicularis oculi"),
    9: ("nose wrinkler", "levator labii superioris alaeque nasi"),
    10: ("upper lip raiser", "levator labii superioris"),
    12: ("lip corner puller", "zygomaticus major"),
    14: ("dimpler", "buccinator"),
    15: ("lip corner depressor", "depressor anguli oris"),
    17: ("chin raiser", "mentalis"),
    20: ("lip stretcher", "risorius"),
    23: ("lip tightener", "orbicularis oris"),
    24: ("lip pressor", "orbicularis oris"),
    25: ("lips part", "depressor labii inferioris"),
    26: ("jaw drop", "masseter"),
    43: ("eyes closed", "levator palpebrae"),
}
PAGE = Path(__file__).parents[1] / "docs" / "facs.md"
UPPER_FACE = {1: "brow", 2: "brow", 4: "brow", 5: "eye", 6: "eye", 7: "eye", 43: "eye", 9: "nose"}


def test_the_units_are_those_of_the_manual():
    assert {unit.number for unit in ACTION_UNITS} == set(MANUAL)


@pytest.mark.parametrize("number", MANUAL)
def test_name_and_muscle(number):
    name, muscle = MANUAL[number]
    unit = action_unit(number)
    assert unit.name == name
    assert unit.muscle.startswith(muscle)
    assert unit.region == UPPER_FACE.get(number, "mouth")
    assert unit.sign


def test_codes_are_sorted_and_of_one_form():
    assert [unit.code for unit in ACTION_UNITS] == list(CODES)
    assert all(a < b for a, b in pairwise(unit.number for unit in ACTION_UNITS))
    assert all(a < b for a, b in pairwise(CODES))  # the two digits make the order of text that of numbers
    assert all(re.fullmatch(r"AU\d\d", code) for code in CODES)


def test_signs_tell_units_apart():
    assert len({unit.sign for unit in ACTION_UNITS}) == len(ACTION_UNITS) == len({u.name for u in ACTION_UNITS})


@pytest.mark.parametrize("unit", ACTION_UNITS, ids=lambda unit: unit.code)
def test_code_and_number_find_the_same_unit(unit):
    assert action_unit(unit.code) is unit
    assert action_unit(unit.number) is unit
    assert int(unit.code.removeprefix("AU")) == unit.number


@pytest.mark.parametrize("wanted", ["AU03", 3, 0, -1, 99, "AU6", "au12", "12", "", "AU12 "])
def test_what_is_unknown_is_refused_with_the_list(wanted):
    with pytest.raises(KeyError) as caught:
        action_unit(wanted)
    assert caught.value.args[0].endswith(f"Got {wanted!r}.")
    assert all(code in caught.value.args[0] for code in CODES)


def test_a_unit_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        action_unit(12).name = "smile"


def test_wide_numbers_keep_their_digits():
    assert ActionUnit(101, "", "", "eye", "").code == "AU101"


def markdown_table():
    """The table of docs/facs.md: print it into the page when the vocabulary changes."""
    rows = [("unit", "name", "muscle", "region", "what to look for"), ("---",) * 5]
    rows += [(unit.code, unit.name, unit.muscle, unit.region, unit.sign) for unit in ACTION_UNITS]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def test_the_page_holds_the_vocabulary():
    found = re.search(r"<!-- units -->\n(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.S)
    assert found[1] == markdown_table()


def test_the_page_says_what_the_code_does():
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"at least {CLEAR_MARGIN} " in page
    assert f"t / (t + {HALF_S:.0f} s) x (q + {-REST:.0f}, within 0 and {MOST:.0f})" in page
    assert f"the {QUANTILE * 100:.0f} % quantile" in page
    assert f"from 0 to {PAIN_RANGE[1]:.0f}" in page
    assert all(f"`{kind}`" in page for kind in SMILES)
