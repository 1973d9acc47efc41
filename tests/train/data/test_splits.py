"""Splits: by column, by chance, and never a person in two of them."""

import logging
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training data need mien[train]")

from mien.datasets.leaks import find_leaks
from mien.errors import InputError
from mien.train.data.faceset import FaceSet
from mien.train.data.splits import split_rows
from mien.train.recipe import Source


def face_set(count: int, **columns: Any) -> FaceSet:
    arrays = {name: np.array(value, object) for name, value in columns.items()}
    return FaceSet("set", np.zeros((count, 2, 2, 3), np.uint8), {}, arrays)


def people(sizes: list[int], seed: int = 0) -> np.ndarray:
    """A column of people with so many pictures each, in random order."""
    names = np.repeat([f"person {k}" for k in range(len(sizes))], sizes)
    return np.random.default_rng(seed).permutation(names)


def source(**options: Any) -> Source:
    return Source(file="set.parquet", **options)


def assert_partition(rows: dict[str, np.ndarray], count: int) -> None:
    assert sorted(np.concatenate(list(rows.values()))) == list(range(count))


def test_by_the_split_column_and_any_values() -> None:
    faces = face_set(5, split=["train", "val", "test", "other", None], fold=[0, 1, 2, 0, 1])
    rows = split_rows(faces, source())
    assert {name: own.tolist() for name, own in rows.items()} == {"train": [0], "val": [1], "test": [2]}
    rows = split_rows(faces, source(split="fold", splits={"train": ["0", "1"], "val": ["2"]}))
    assert {name: own.tolist() for name, own in rows.items()} == {"train": [0, 1, 3, 4], "val": [2], "test": []}


def test_a_split_column_that_is_named_and_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match=r"'set' must have the split column 'fold'. Got \['split'\]"):
        split_rows(face_set(1, split=["train"]), source(split="fold"))


def test_a_group_column_that_is_not_there_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"'persn' must be a column of 'set'.*Did you mean 'person'\?"):
        split_rows(face_set(1, split=["train"], person=["a"]), source(group="persn"))


def test_a_person_in_two_splits_is_an_error_that_names_the_first_ones() -> None:
    person = [k // 2 for k in range(12)]
    split = ["train", "test"] * 5 + ["train", "train"]
    with pytest.raises(InputError) as caught:
        split_rows(face_set(12, split=split, person=person), source(group="person"))
    assert "Got 5 in several: '0' in test and train; '1' in test and train; '2' in test and train." in str(caught.value)


def test_only_rows_that_are_used_leak() -> None:
    faces = face_set(4, split=["train", "spare", "val", "val"], person=["a", "a", None, None])
    assert split_rows(faces, source(group="person"))["train"].tolist() == [0]


def test_missing_groups_leak_nowhere() -> None:
    group = np.array([None, None, "", "", np.nan, np.nan], object)
    assert find_leaks(group, np.array(["train", "val"] * 3)) == {}


@pytest.mark.parametrize("sizes", [[1] * 100, [5] * 60, list(range(1, 40)), [40] + [3] * 50, [1, 1, 1]])
@pytest.mark.parametrize("fractions", [{"val": 0.1, "test": 0.1}, {"val": 0.3}, {"val": 0.2, "test": 0.4}])
def test_people_are_kept_together_near_the_fractions(sizes: list[int], fractions: dict[Any, float]) -> None:
    person = people(sizes)
    rows = split_rows(face_set(len(person), person=person), source(group="person", fractions=fractions))
    assert_partition(rows, len(person))
    parts = {name: set(person[own]) for name, own in rows.items()}
    assert sum(map(len, parts.values())) == len(sizes)
    assert rows["train"].size
    for split in ("val", "test"):
        share = fractions.get(split, 0.0)
        assert bool(len(rows[split])) == (share > 0)
        if share and len(sizes) > 10:
            assert len(rows[split]) / len(person) == pytest.approx(share, abs=0.6 * max(s for s in sizes) / len(person))


def test_the_draw_depends_on_people_and_not_on_the_order_of_rows() -> None:
    person = people([3, 8, 2, 5] * 10)
    order = np.random.default_rng(5).permutation(len(person))
    first = split_rows(face_set(len(person), person=person), source(group="person"))
    other = split_rows(face_set(len(person), person=person[order]), source(group="person"))
    for name in first:
        assert set(person[first[name]]) == set(person[order][other[name]])


def test_rows_without_a_person_are_people_of_their_own() -> None:
    person = np.array(["a"] * 20 + [None] * 80, object)
    rows = split_rows(face_set(100, person=person), source(group="person"))
    assert_partition(rows, 100)
    assert len({name for name, own in rows.items() if (person[own] == "a").any()}) == 1
    assert len(rows["val"]) == pytest.approx(10, abs=2)


def test_without_groups_rows_are_split_one_by_one_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    names = [f"{k}.png" for k in range(200)]
    with caplog.at_level(logging.WARNING):
        rows = split_rows(face_set(200, file=names), source())
    assert "may be in several splits" in caplog.text
    assert_partition(rows, 200)
    assert [len(rows[name]) for name in ("train", "val", "test")] == [160, 20, 20]
    order = np.random.default_rng(1).permutation(200)
    other = split_rows(face_set(200, file=np.array(names)[order]), source())
    assert set(np.array(names)[rows["val"]]) == set(np.array(names)[order][other["val"]])
    caplog.clear()
    split_rows(face_set(200, file=names), source(group="file"))
    assert not caplog.text


def test_too_few_people_for_the_splits_are_an_error() -> None:
    with pytest.raises(InputError, match=r"at least 3 groups for train, val, test. Got 2"):
        split_rows(face_set(4, person=["a", "a", "b", "b"]), source(group="person"))


def test_a_holdout_takes_training_rows_only_and_keeps_the_rest() -> None:
    split = ["train"] * 100 + ["test"] * 20
    rows = split_rows(face_set(120, split=split), source(holdout=0.3))
    assert_partition(rows, 120)
    assert rows["test"].tolist() == list(range(100, 120))
    assert 20 <= len(rows["val"]) <= 40
    again = split_rows(face_set(120, split=split), source(holdout=0.3))
    assert np.array_equal(rows["val"], again["val"])


def test_a_holdout_keeps_people_together() -> None:
    person = np.repeat([f"p{k}" for k in range(40)], 5)
    rows = split_rows(face_set(200, split=["train"] * 200, person=person), source(holdout=0.25, group="person"))
    assert_partition(rows, 200)
    assert not set(person[rows["train"]]) & set(person[rows["val"]])
    assert len(rows["val"]) == 50
