"""Columns to labels: what a column means is told by its name, what a row lacks is NaN."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="labels belong to mien[train]")

from mien.datasets.labels import TEACHER_UNITS, labels_of
from mien.errors import InputError
from mien.facs import CODES
from mien.tasks import ColumnLabel

SHARES = ("happiness", "neutral", "anger", "disgust", "fear", "sadness", "contempt", "surprise", "unknown", "NF")


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def votes(**counts: list[int]) -> dict[str, Any]:
    size = len(next(iter(counts.values())))
    return {name: np.array(counts.get(name, [0] * size)) for name in SHARES}


def points(count: int) -> np.ndarray:
    """An object column of flat landmarks, as Parquet gives them."""
    cells = np.empty(count, object)
    for i in range(count):
        cells[i] = np.random.default_rng(i).uniform(0, 100, 136)
    return cells


def test_columns_of_unknown_names_give_no_labels() -> None:
    assert labels_of({"id": np.array(["a"]), "weight": column(1)}) == {}


def test_exact_age_is_an_interval_of_one_point() -> None:
    age = labels_of({"age": column(30, np.nan)})["age"]
    assert age[0].tolist() == [30, 30]
    assert np.isnan(age[1]).all()
    assert age.dtype == np.float32


@pytest.mark.parametrize(
    ("group", "ends"),
    [("0-2", (0, 3)), ("3-9", (3, 10)), ("60-69", (60, 70)), ("more than 70", (70, 100)), ("70+", (70, 100))],
)
def test_age_group_ends_just_before_the_next_birthday(group: str, ends: tuple[float, float]) -> None:
    assert tuple(labels_of({"age_group": np.array([group])})["age"][0]) == ends


def test_exact_age_goes_before_its_group() -> None:
    assert labels_of({"age": column(31), "age_group": np.array(["30-39"])})["age"].tolist() == [[31, 31]]


def test_ratings_by_few_people_are_unknown() -> None:
    rating = labels_of({"rating": column(3, 4, 2), "n_raters": np.array([9, 10, 60])})["rating"]
    assert np.isnan(rating[0])
    assert rating[1:].tolist() == [4, 2]
    assert labels_of({"rating": column(3)})["rating"].tolist() == [3]


def test_spread_of_opinions_is_told_where_the_set_has_it() -> None:
    told = labels_of({"rating": column(3, 4), "std": column(1.5, 0)})["rating_spread"]
    assert told[0] == 1.5
    assert np.isnan(told[1])
    assert "rating_spread" not in labels_of({"rating": column(3, 5)})


def test_votes_become_shares_of_three() -> None:
    emotion = labels_of(votes(happiness=[8, 0], neutral=[2, 1], anger=[0, 5], sadness=[0, 4]))["emotion"]
    assert emotion == pytest.approx(np.array([[0.8, 0.2, 0], [0, 0.1, 0.9]]))


@pytest.mark.parametrize(
    "counts",
    [
        {"happiness": [5], "neutral": [5]},
        {"happiness": [5], "surprise": [5]},
        {"happiness": [0], "unknown": [10]},
        {"happiness": [0]},
    ],
)
def test_votes_without_a_clear_answer_are_unknown(counts: dict[str, list[int]]) -> None:
    assert np.isnan(labels_of(votes(**counts))["emotion"]).all()


def test_six_of_ten_votes_are_a_clear_answer() -> None:
    emotion = labels_of(votes(happiness=[6], surprise=[4]))["emotion"]
    assert emotion.tolist() == [[1, 0, 0]]


def test_coded_units_are_found_by_either_name_and_the_rest_is_unknown() -> None:
    units = labels_of({"AU12": column(0, 1), "AU4": column(0.5, 0), "AU06": column(1, np.nan)})["action_units"]
    known = {"AU12": [0, 1], "AU04": [0.5, 0], "AU06": [1, None]}
    for k, code in enumerate(CODES):
        expected = [np.nan if v is None else v for v in known.get(code, [None, None])]
        assert units[:, k] == pytest.approx(np.array(expected), nan_ok=True)


def test_mouth_stretch_counts_as_jaw_drop() -> None:
    units = labels_of({"AU12": column(0, 0), "AU26": column(0, 1), "AU27": column(1, 0)})["action_units"]
    assert units[:, CODES.index("AU26")].tolist() == [1, 1]


def blendshapes(count: int, level: float) -> dict[str, Any]:
    names = {name for group, _, _ in TEACHER_UNITS.values() for name in group}
    return {name: np.full(count, round(255 * level), np.uint8) for name in names}


def test_teacher_goes_from_absent_to_full_and_is_blind_to_the_rest() -> None:
    low, high = (labels_of(blendshapes(2, level))["action_units"] for level in (0.0, 1.0))
    for k, code in enumerate(CODES):
        if code in TEACHER_UNITS:
            assert low[:, k].tolist() == [0, 0]
            assert high[:, k].tolist() == [1, 1]
        else:
            assert np.isnan(low[:, k]).all()
    assert {"AU06", "AU07", "AU09", "AU14", "AU23"}.isdisjoint(TEACHER_UNITS)


@pytest.mark.parametrize("code", TEACHER_UNITS)
def test_teacher_is_linear_between_its_two_values_and_sides_are_averaged(code: str) -> None:
    names, absent, full = TEACHER_UNITS[code]
    columns = blendshapes(1, 0.0)
    for name, away in zip(names, (0.04, -0.04), strict=False):
        columns[name] = column(255 * ((absent + full) / 2 + (away if len(names) == 2 else 0)))
    assert labels_of(columns)["action_units"][0, CODES.index(code)] == pytest.approx(0.5, abs=1e-5)


def test_teacher_who_does_not_know_a_face_leaves_it_unknown() -> None:
    columns = {name: column(0, np.nan) for name in blendshapes(2, 0)}
    units = labels_of(columns)["action_units"]
    assert np.isnan(units[1]).all()
    assert not np.isnan(units[0, CODES.index("AU12")])


@pytest.mark.parametrize(("gap", "expected"), [(0.0, 0.0), (0.02, 0.0), (0.085, 0.5), (0.15, 1.0), (0.5, 1.0)])
def test_lips_part_by_the_height_of_the_inner_mouth(gap: float, expected: float) -> None:
    face = np.zeros((68, 2))
    face[36, 0], face[45, 0] = 0, 100
    face[61:64, 1], face[65:68, 1] = 50, 50 + 100 * gap
    cell = np.empty(1, object)
    cell[0] = face.ravel()
    units = labels_of(blendshapes(1, 0) | {"landmarks": cell})["action_units"]
    assert units[0, CODES.index("AU25")] == pytest.approx(expected, abs=1e-5)


def test_landmarks_come_with_pose_in_degrees() -> None:
    cells = points(3)
    pose = {"yaw": column(1, 2, 3), "pitch": column(4, 5, 6), "roll": column(7, 8, np.nan)}
    labels = labels_of({"landmarks": cells, **pose})
    assert labels["landmarks"].shape == (3, 68, 2)
    assert labels["landmarks"][2, 1] == pytest.approx(cells[2][2:4])
    assert labels["pose"][:2].tolist() == [[1, 4, 7], [2, 5, 8]]
    assert labels_of({"landmarks": cells}) == {}


def test_sides_of_action_units_come_from_columns_of_their_own() -> None:
    sides = labels_of({"AU12_left": column(0.2, np.nan), "AU12_right": column(0.8, 1), "AU4_left": column(1, 0)})
    assert list(sides) == ["action_units_sides"]
    found = sides["action_units_sides"]
    assert found.shape == (2, len(CODES), 2)
    assert found[0, CODES.index("AU12")].tolist() == pytest.approx([0.2, 0.8])
    assert np.isnan(found[1, CODES.index("AU12"), 0])
    assert np.isnan(found[:, CODES.index("AU04"), 1]).all()


def test_columns_that_the_user_names_become_labels_of_that_name() -> None:
    columns = {
        "glasses": np.array(["no", "sun", None, "", "reading"], object), "hat": np.array([1, 0, 1, 0, 1]),
        "beard": column(0, 1, np.nan, 0, 1), "weight": np.array(["70.5", "", "80", None, "90"], object),
    }  # fmt: skip
    labels = labels_of(
        columns,
        [
            ColumnLabel("c", "class", ("glasses",), ("sun", "no", "reading")),
            ColumnLabel("found", "class", ("glasses",)),
            ColumnLabel("b", "binary", ("hat", "beard")),
            ColumnLabel("n", "number", ("weight",)),
        ],
    )
    nan = np.nan
    assert labels["c"] == pytest.approx(np.array([[1], [0], [nan], [nan], [2]]), nan_ok=True)
    assert labels["found"] == pytest.approx(np.array([[0], [2], [nan], [nan], [1]]), nan_ok=True)
    assert labels["b"] == pytest.approx(np.array([[1, 0], [0, 1], [1, nan], [0, 0], [1, 1]]), nan_ok=True)
    assert labels["n"] == pytest.approx(np.array([[70.5], [nan], [80], [nan], [90]]), nan_ok=True)
    assert {value.dtype for value in labels.values()} == {np.dtype(np.float32)}


def test_classes_that_are_numbers_fit_names_whatever_gaps_made_of_them() -> None:
    label = ColumnLabel("c", "class", ("gender",), ("0", "1"))
    assert labels_of({"gender": np.array([0, 1])}, [label])["c"].ravel().tolist() == [0, 1]
    gaps = labels_of({"gender": np.array([1.0, np.nan, 0.0])}, [label])["c"].ravel()
    assert gaps == pytest.approx(np.array([1, np.nan, 0]), nan_ok=True)


def test_faulty_cells_are_refused_before_any_label_is_made() -> None:
    with pytest.raises(InputError, match=r"'age' must be a number from 0 to 120\. Got 300 in row 1\."):
        labels_of({"age": np.array([3, 300])})


def test_missing_groups_votes_and_landmarks_are_nan() -> None:
    assert np.isnan(labels_of({"age_group": np.array([None, "3-9"], object)})["age"][0]).all()
    cells = points(2)
    cells[1] = None
    labels = labels_of({"landmarks": cells, "yaw": column(1, 2), "pitch": column(1, 2), "roll": column(1, 2)})
    assert np.isnan(labels["landmarks"][1]).all()
    assert not np.isnan(labels["landmarks"][0]).any()


def test_a_single_vote_column_is_no_set_of_votes() -> None:
    assert labels_of({"happiness": np.array([1, 0])}) == {}
