"""A contact sheet shows each picture whole, in order, with its words."""

import numpy as np
import pytest

from mien.drawing.sheet import Entry, contact_sheet, stack_sheets
from mien.errors import InputError


def plain(value: int, shape: tuple[int, ...] = (20, 20)) -> np.ndarray:
    return np.full(shape, value, np.uint8)


def test_pictures_stand_in_order() -> None:
    entries = [Entry((plain(10 * i + 1), plain(10 * i + 2)), f"face {i}", "why") for i in range(4)]
    image = contact_sheet(entries, "four", ("picture", "rest"), across=3).image
    places = {}
    for value in (1, 2, 11, 21, 31):
        ys, xs = np.nonzero((image == value).all(2))
        assert len(ys) >= 110 * 110
        places[value] = (ys.min(), xs.min())
    assert places[1][1] < places[2][1] < places[11][1] < places[21][1]
    assert places[1][0] == places[21][0] < places[31][0]
    assert places[31][1] == places[1][1]


def test_sides_stay_in_proportion() -> None:
    image = contact_sheet([Entry((plain(7, (30, 60, 3)),), "wide")], "one", ("picture",)).image
    ys, xs = np.nonzero((image == 7).all(2))
    assert np.ptp(xs) + 1 == 112
    assert np.ptp(ys) + 1 == 56


def test_larger_tiles_and_sheets_below_each_other() -> None:
    sheets = [contact_sheet([Entry((plain(k),), "one")] * k, "few", ("picture",), tile=200) for k in (1, 2)]
    image = stack_sheets(sheets).image
    for k, top in ((1, 0), (2, sheets[0].image.shape[0])):
        ys, _xs = np.nonzero((image == k).all(2))
        assert np.ptp(ys) + 1 == 200
        assert len(ys) >= k * 200 * 200
        assert ys.min() > top
    assert image.shape == (sum(len(sheet.image) for sheet in sheets), sheets[1].image.shape[1], 3)


def test_a_long_name_is_cut_at_its_beginning() -> None:
    sheets = [contact_sheet([Entry((plain(7),), "a" * n + "end.png")], "", ("x",)).image for n in (300, 400)]
    assert sheets[0].shape == sheets[1].shape
    np.testing.assert_array_equal(*sheets)


def test_a_marked_entry_is_framed() -> None:
    sheets = [contact_sheet([Entry((plain(7),), "one", "", marked)], "", ("x",)).image for marked in (False, True)]
    ys, xs = np.nonzero((sheets[0] != sheets[1]).any(2))
    pictures = np.nonzero((sheets[1] == 7).all(2))
    assert np.ptp(ys) > 112
    assert np.ptp(xs) > 112
    assert ys.min() < pictures[0].min()
    assert (sheets[0][pictures] == sheets[1][pictures]).all()


def test_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        contact_sheet([], "none", ("picture",))
    with pytest.raises(InputError, match="one for each picture"):
        contact_sheet([Entry((plain(7),), "one")], "", ("a", "b"))
