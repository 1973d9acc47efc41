"""Sets of a recipe: split, checked before time is spent, drawn by weight, the same in a resumed run."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs mien[train]")
pytest.importorskip("pyarrow")

from mien.datasets.labels import RATER_SPREAD
from mien.errors import InputError
from mien.train.data.faceset import FaceSet
from mien.train.engine import loaders
from mien.train.engine.loaders import Prepared, complete, load_sets, make_loaders, sample_weights, task_of
from mien.train.recipe import Source


def test_splits_by_any_column_and_value(make_recipe: Callable[..., Any]) -> None:
    splits = {"train": ["male"], "val": ["female"], "test": []}
    prepared = load_sets(make_recipe(sources=[Source(file="faces.parquet", split="gender", splits=splits)]))
    gender = prepared.sets[0].columns["gender"]
    assert set(gender[prepared.rows["train"][0]]) == {"male"}
    assert set(gender[prepared.rows["val"][0]]) == {"female"}
    assert len(prepared.rows["test"][0]) == 0


def test_a_holdout_validates_and_no_face_is_in_two_splits(make_recipe: Callable[..., Any]) -> None:
    source = Source(file="faces.parquet", holdout=0.4, splits={"train": ["train"], "test": ["test"]})
    rows = load_sets(make_recipe(sources=[source])).rows
    assert len(rows["train"][0]) + len(rows["val"][0]) == 14
    assert not set(rows["train"][0]) & set(rows["val"][0])
    assert 1 <= len(rows["val"][0]) <= 10
    again = load_sets(make_recipe(sources=[source])).rows
    assert np.array_equal(rows["val"][0], again["val"][0])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"splits": {"train": ["nothing"], "val": ["val"]}}, "'train' must hold at least one face"),
        ({"splits": {"train": ["train"]}}, "'val' must hold at least one face"),
        ({"split": "fold"}, r"'faces' must have the split column 'fold'. Got \["),
    ],
)
def test_a_split_without_faces_is_refused(make_recipe: Callable[..., Any], source: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_sets(make_recipe(sources=[Source(file="faces.parquet", **source)]))


def face_set(name: str, count: int, weight: float = 1.0, columns: Any = None, **labels: Any) -> FaceSet:
    return FaceSet(name, np.zeros((count, 2, 2, 3), np.uint8), labels, columns or {}, weight)


def test_weights_follow_the_set_and_the_square_root_of_rarity() -> None:
    age = np.array([[21, 21]] * 9 + [[62, 62]], np.float32)
    sets = [face_set("a", 10, 2.0, age=age), face_set("b", 4)]
    prepared = Prepared(sets, {"train": [np.arange(10), np.arange(1, 4)]})
    plain = sample_weights(prepared, None)
    assert plain.tolist() == [2] * 10 + [1] * 3
    balanced = sample_weights(prepared, "age")
    assert balanced[9] / balanced[0] == pytest.approx(3)
    assert balanced[:10].sum() == pytest.approx(20)
    assert balanced[10:].tolist() == [1] * 3


def test_ratings_are_compared_within_one_source_and_the_groups_that_it_names() -> None:
    by_ending = face_set("scut", 4, columns={"group": np.array(["AF", "AM", "CF", "CM"])}, rating=np.arange(4.0))
    by_gender = face_set("other", 3, columns={"gender": np.array(["female", "male", "female"])}, rating=np.arange(3.0))
    loaders._comparison_groups(by_ending, Source(file="a", compared_within="group", compared_by=".$"), 0)
    loaders._comparison_groups(by_gender, Source(file="b", compared_within="gender"), 1)
    first, second = by_ending.labels["comparison_group"], by_gender.labels["comparison_group"]
    assert first[0] == first[2] != first[1] == first[3]
    assert second[0] == second[2] != second[1]
    assert not set(first) & set(second)
    assert by_ending.labels["rating_spread"].tolist() == pytest.approx([RATER_SPREAD * np.arange(4.0).std()] * 4)
    told = face_set("told", 2, rating=np.arange(2.0), rating_spread=np.array([0.3, 0.4]))
    loaders._comparison_groups(told, Source(file="c"), 2)
    assert told.labels["rating_spread"].tolist() == pytest.approx([0.3, 0.4])
    assert len(set(told.labels["comparison_group"].tolist())) == 1
    unrated = face_set("x", 2)
    loaders._comparison_groups(unrated, Source(file="d"), 3)
    assert unrated.labels == {}


def test_the_sampler_is_the_recipes(make_recipe: Callable[..., Any]) -> None:
    recipe = make_recipe(task="classification:gender", sampler="balanced", balance="classification:gender")
    recipe = complete(recipe)
    prepared, task = load_sets(recipe), task_of(recipe)
    train, _ = make_loaders(recipe, task, prepared)
    drawn = np.concatenate([batch["classification:gender"][:, 0].numpy() for batch in train])
    assert abs((drawn == 0).sum() - (drawn == 1).sum()) <= 1
    recipe = make_recipe(task="attractiveness", sampler="pairs")
    train, _ = make_loaders(recipe, task_of(recipe), load_sets(recipe))
    for batch in train:
        assert (batch["rating"][::2] > batch["rating"][1::2]).all()
        assert len(batch["comparison_group"].unique()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "age", "sampler": "balanced"}, "'balance' must name a label"),
        ({"task": "age", "sampler": "balanced", "balance": "hat"}, r"one of .*age.* Got 'hat'"),
        (
            {"task": "age", "sampler": "pairs", "sources": [Source(file="faces.parquet", labels=["age"])]},
            "must be 'weighted' or 'balanced' without a label 'rating'",
        ),
    ],
)
def test_a_sampler_that_cannot_draw_is_refused(make_recipe: Callable[..., Any], changes: Any, said: str) -> None:
    recipe = make_recipe(**changes)
    with pytest.raises(InputError, match=said):
        make_loaders(recipe, task_of(recipe), load_sets(recipe))


def test_classes_and_scales_come_from_the_data(make_recipe: Callable[..., Any]) -> None:
    recipe = complete(make_recipe(task="classification:gender"))
    assert recipe.task_options == {"classes": ["female", "male"]}
    assert complete(recipe) == recipe
    options = complete(make_recipe(task="regression:old", task_options={"column": "age"})).task_options
    assert options["center"] == pytest.approx(40)
    assert 10 < options["unit"] < 20
    both = complete(make_recipe(task="age+classification:gender")).task_options
    assert both == {"age": {}, "classification:gender": {"classes": ["female", "male"]}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "classification:hat"}, "must have the column 'hat' with values. Got the columns"),
        (
            {"task": "classification:gender", "task_options": {"classes": ["female", "male", "other"]}},
            "Every class of 'gender' must have at least one training face. Got none of other",
        ),
        ({"task": "age", "sources": [Source(file="faces.parquet", labels=["rating"])]}, "must hold labels of age"),
    ],
)
def test_labels_that_do_not_fit_are_refused(make_recipe: Callable[..., Any], changes: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_sets(complete(make_recipe(**changes)))


def test_a_batch_larger_than_an_epoch_is_refused(make_recipe: Callable[..., Any]) -> None:
    recipe = make_recipe(batch_size=64)
    with pytest.raises(InputError, match=r"must be at most the faces of an epoch, 14\. Got 64 times 1"):
        make_loaders(recipe, task_of(recipe), load_sets(recipe))
