"""Faults of columns: every wrong cell is found, and the message says where it is and what is allowed."""

import re
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the schema belongs to mien[train]")

from mien.datasets.schema import VOTES, check_columns, find_faults, numbers_of, texts
from mien.errors import InputError
from mien.tasks import ColumnLabel


def said(columns: dict[str, Any], *extra: ColumnLabel) -> str:
    """What the error says."""
    with pytest.raises(InputError) as caught:
        check_columns(columns, extra, lambda row: f"faces.csv, row {row}")
    return str(caught.value)


def cells(*values: Any) -> np.ndarray:
    column = np.empty(len(values), object)
    column[:] = values
    return column


@pytest.mark.parametrize("age", [[0.0, 120.0, np.nan], [0, 120, 5], ["31", "", None], [True, 3, 4]])
def test_ages_in_range_are_accepted_in_any_type(age: list[Any]) -> None:
    check_columns({"age": np.array(age)})
    check_columns({"age": cells(*age)})


@pytest.mark.parametrize(
    ("column", "good", "bad", "allowed"),
    [
        ("age", 30, -1, "a number from 0 to 120"),
        ("age", 30, 121, "a number from 0 to 120"),
        ("age", 30, np.inf, "a number from 0 to 120"),
        ("age", 30, "old", "a number from 0 to 120"),
        ("age", 30, "1_0", "a number from 0 to 120"),
        ("age_group", "30-39", "thirties", "an age group such as '30-39' or '70+'"),
        ("rating", -2.5, np.inf, "a finite number"),
        ("rating", -2.5, "nice", "a finite number"),
        ("n_raters", 0, -3, "a number of at least 0"),
        ("AU12", 0.5, 1.5, "a number from 0 to 1"),
        ("AU12", 0.5, 5, "a number from 0 to 1"),
        ("AU4_left", 1, 2, "a number from 0 to 1"),
        ("yaw", -180, 181, "a number from -180 to 180"),
        ("landmarks", [0.0] * 136, [0.0] * 135, "a list of 136 numbers"),
        ("landmarks", [0.0] * 136, [np.inf] * 136, "a list of 136 numbers"),
        ("landmarks", [0.0] * 136, ["x"] * 136, "a list of 136 numbers"),
        ("landmarks", [0.0] * 136, 7, "a list of 136 numbers"),
    ],
)
def test_a_wrong_cell_is_named_with_column_row_value_and_what_is_allowed(
    column: str, good: Any, bad: Any, allowed: str
) -> None:
    check_columns({column: cells(good, None, good)})
    message = said({column: cells(good, None, bad, good)})
    assert f"{column!r} must be {allowed}. Got " in message
    assert "in faces.csv, row 2" in message
    assert "row 0" not in message


def test_three_rows_are_shown_and_the_others_counted() -> None:
    message = said({"age": np.array([130, 20, 131, 132, 133, 134])})
    assert re.findall(r"Got 130 in faces.csv, row 0; 131 in .*row 2; 132 in .*row 3; and 2 further rows\.", message)
    assert "133" not in message
    assert "further" not in said({"age": np.array([130, 131, 132])})
    assert "and 1 further row." in said({"age": np.array([130] * 4)})


def test_intensities_of_facs_are_explained() -> None:
    assert "divided by 5" in said({"AU06": np.array([0, 3])})


def test_columns_without_a_meaning_hold_anything() -> None:
    check_columns({"id": cells("a", 3, None), "happiness": np.array([-1.0]), "AUDIO": cells("x")})


def test_votes_count_as_such_when_all_are_there() -> None:
    columns = {name: np.array([1, 2]) for name in VOTES}
    check_columns(columns)
    assert "'fear' must be a number of at least 0" in said({**columns, "fear": np.array([1, -2])})


def test_every_faulty_column_is_found() -> None:
    faults = list(find_faults({"age": np.array([1, 200]), "yaw": np.array([0, 0]), "AU12": np.array([7, 8])}))
    assert [(fault.column, fault.count) for fault in faults] == [("age", 1), ("AU12", 2)]


GLASSES = ColumnLabel("classification:glasses", "class", ("glasses",), ("no", "yes"))


def test_an_unknown_class_is_named_with_the_known_ones() -> None:
    check_columns({"glasses": cells("yes", "no", "", None)}, [GLASSES])
    message = said({"glasses": cells("yes", "maybe")}, GLASSES)
    assert "'glasses' must be one of no, yes. Got 'maybe' in faces.csv, row 1." in message


def test_a_column_that_is_not_there_is_an_error_with_the_nearest_name() -> None:
    message = said({"glases": cells("yes"), "id": cells("a")}, GLASSES)
    assert "'glasses' must be a column" in message
    assert "Did you mean 'glases'?" in message
    assert "Did you mean" not in said({"id": cells("a")}, GLASSES)


def test_numbers_and_binaries_that_the_user_names_have_a_range() -> None:
    weight = ColumnLabel("w", "number", ("weight",), low=30, high=200)
    check_columns({"weight": np.array([30, 200.0, np.nan])}, [weight])
    assert "a number from 30 to 200" in said({"weight": np.array([29.0])}, weight)
    both = ColumnLabel("m", "binary", ("hat", "beard"))
    check_columns({"hat": np.array([True, False]), "beard": np.array([0, 1])}, [both])
    assert "'beard' must be a number from 0 to 1" in said({"hat": np.array([0]), "beard": np.array([2])}, both)


def test_a_label_of_the_user_goes_before_the_meaning_of_its_name() -> None:
    intensity = ColumnLabel("r", "number", ("AU12",), low=0, high=5)
    check_columns({"AU12": np.array([0, 5])}, [intensity])
    assert "from 0 to 5" in said({"AU12": np.array([6])}, intensity)


def test_missing_cells_are_nan_and_no_fault() -> None:
    numbers, wrong = numbers_of(cells("1.5", " ", None, np.nan, 2, "x"))
    assert numbers == pytest.approx(np.array([1.5, np.nan, np.nan, np.nan, 2, np.nan]), nan_ok=True)
    assert wrong.tolist() == [False] * 5 + [True]


def test_whole_numbers_stay_so_as_texts() -> None:
    assert texts(np.array([1.0, np.nan, 2.5])) == ["1", None, "2.5"]
    assert texts(np.array([True, False])) == ["True", "False"]
