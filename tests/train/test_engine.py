"""Training: what a run leaves behind, and that a killed one ends where an unbroken one does."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs mien[train]")
pytest.importorskip("lightning")
pytest.importorskip("pyarrow")

import torch

from mien.errors import InputError
from mien.train import engine
from mien.train.data.dataset import FaceSet
from mien.train.engine import FaceModule, Prepared, build_model, load_sets, precision, sample_weights
from mien.train.recipe import Recipe, Source
from mien.train.tasks import create_task


def weights_of(run: Path) -> dict[str, Any]:
    return torch.load(run / "weights.pt", weights_only=True)


def curves_of(run: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((run / "metrics.csv").read_text(encoding="utf-8").splitlines()))


def assert_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert first.keys() == second.keys()
    assert not [name for name in first if not torch.equal(first[name], second[name])]


@pytest.fixture(scope="module")
def unbroken(make_recipe: Callable[..., Any], train: Callable[..., Path]) -> Path:
    return train(make_recipe(epochs=3, dropout=0.2))


def break_off(monkeypatch: pytest.MonkeyPatch, epoch: int, step: int) -> None:
    """Training dies at this step, counted from 0."""
    training_step = FaceModule.training_step

    def step_or_die(self: FaceModule, batch: Any, index: int) -> Any:
        if (self.current_epoch, index) == (epoch, step):
            raise RuntimeError("killed")
        return training_step(self, batch, index)

    monkeypatch.setattr(FaceModule, "training_step", step_or_die)


def test_a_run_leaves_recipe_environment_curves_and_weights(unbroken: Path) -> None:
    names = {path.name for path in unbroken.iterdir()}
    assert {"recipe.json", "environment.json", "metrics.csv", "weights.pt"} <= names
    assert Recipe(**json.loads((unbroken / "recipe.json").read_text())).epochs == 3
    environment = json.loads((unbroken / "environment.json").read_text())
    assert {"mien", "python", "torch", "lightning"} <= set(environment)
    rows = curves_of(unbroken)
    assert [row["epoch"] for row in rows if row["val_error"]] == ["0", "1", "2"]
    assert all(float(row["val_error"]) > 0 for row in rows if row["val_error"])


def test_the_weights_are_the_averaged_ones_and_fit_the_network(unbroken: Path) -> None:
    recipe = Recipe(**json.loads((unbroken / "recipe.json").read_text()))
    build_model(recipe, create_task("landmarks")).load_state_dict(weights_of(unbroken))
    checkpoint = torch.load(unbroken / "last.ckpt", weights_only=False)
    name = "backbone.layers.0.0.weight"
    assert torch.equal(weights_of(unbroken)[name], checkpoint["state_dict"][f"model.{name}"])
    assert not torch.equal(weights_of(unbroken)[name], checkpoint["current_model_state"][f"model.{name}"])


def test_the_seed_decides_the_run(unbroken: Path, make_recipe: Callable[..., Any], train: Callable[..., Path]) -> None:
    assert_same(weights_of(train(make_recipe(epochs=3, dropout=0.2))), weights_of(unbroken))
    other = weights_of(train(make_recipe(epochs=3, dropout=0.2, seed=1)))
    assert not torch.equal(other["heads.landmarks.weight"], weights_of(unbroken)["heads.landmarks.weight"])


@pytest.mark.parametrize(("epoch", "step"), [(1, 0), (1, 2), (2, 1)])
def test_a_killed_run_goes_on_to_the_same_weights_and_curves(
    unbroken: Path, make_recipe: Callable[..., Any], train: Callable[..., Path], epoch: int, step: int
) -> None:
    recipe = make_recipe(epochs=3, dropout=0.2)
    with pytest.MonkeyPatch.context() as patch:
        break_off(patch, epoch, step)
        with pytest.raises(RuntimeError, match="killed"):
            train(recipe)
    assert not (recipe.run_dir / recipe.name / "weights.pt").exists()
    run = train(recipe)
    assert_same(weights_of(run), weights_of(unbroken))
    assert curves_of(run) == curves_of(unbroken)


def test_a_run_killed_before_its_first_checkpoint_starts_anew(
    unbroken: Path, make_recipe: Callable[..., Any], train: Callable[..., Path]
) -> None:
    recipe = make_recipe(epochs=3, dropout=0.2)
    with pytest.MonkeyPatch.context() as patch:
        break_off(patch, 0, 2)
        with pytest.raises(RuntimeError, match="killed"):
            train(recipe)
    assert_same(weights_of(train(recipe)), weights_of(unbroken))


def test_a_finished_run_is_left_as_it_is_and_a_fresh_one_forgets_it(
    make_recipe: Callable[..., Any], train: Callable[..., Path]
) -> None:
    recipe = make_recipe()
    run = train(recipe)
    before, curves = weights_of(run), curves_of(run)
    train(recipe)
    assert_same(weights_of(run), before)
    assert curves_of(run) == curves
    train(recipe, resume=False)
    assert_same(weights_of(run), before)
    assert curves_of(run) == curves


def test_training_makes_the_loss_smaller(make_recipe: Callable[..., Any], train: Callable[..., Path]) -> None:
    rows = [row for row in curves_of(train(make_recipe(epochs=8, lr=0.01))) if row["val_error"]]
    assert float(rows[-1]["val_error"]) < 0.7 * float(rows[0]["val_error"])


def test_aligned_crops_and_another_task(
    make_recipe: Callable[..., Any], train: Callable[..., Path], landmarker: Any
) -> None:
    recipe = make_recipe(task="age", crop={"kind": "aligned", "size": 48}, balance="age", epochs=1)
    run = train(recipe, landmarker=landmarker)
    assert curves_of(run)[-1]["val_mae"]
    assert "heads.age.weight" in weights_of(run)


def test_a_run_starts_from_the_weights_of_another(unbroken: Path, make_recipe: Callable[..., Any]) -> None:
    model = build_model(make_recipe(task="age", init=unbroken / "weights.pt"), create_task("age"))
    name = "backbone.layers.0.0.weight"
    assert torch.equal(model.state_dict()[name], weights_of(unbroken)[name])
    assert model.backbone.layers[3][0].weight.is_contiguous(memory_format=torch.channels_last)


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


def test_ratings_are_compared_within_one_set_and_sex_only() -> None:
    by_group = face_set("scut", 4, columns={"group": np.array(["AF", "AM", "CF", "CM"])}, rating=np.arange(4.0))
    by_gender = face_set("other", 3, columns={"gender": np.array(["female", "male", "female"])}, rating=np.arange(3.0))
    for faces in (by_group, by_gender):
        engine._comparison_groups(faces)
    first, second = by_group.labels["comparison_group"], by_gender.labels["comparison_group"]
    assert first[0] == first[2] != first[1] == first[3]
    assert second[0] == second[2] != second[1]
    assert not set(first) & set(second)
    unrated = face_set("x", 2)
    engine._comparison_groups(unrated)
    assert unrated.labels == {}


def test_norms_and_biases_do_not_decay(make_recipe: Callable[..., Any]) -> None:
    recipe, task = make_recipe(), create_task("landmarks")
    model = build_model(recipe, task)
    (optimizer,), (schedule,) = FaceModule(model, task, recipe, 10).configure_optimizers()
    decayed, plain = optimizer.param_groups
    assert all(p.ndim > 1 for p in decayed["params"])
    assert decayed["weight_decay"] == recipe.weight_decay
    assert plain["weight_decay"] == 0
    assert len(decayed["params"]) + len(plain["params"]) == len(list(model.parameters()))
    assert schedule["interval"] == "step"


def test_precision_without_a_gpu_is_full() -> None:
    assert precision("bf16-mixed") == "bf16-mixed"
    assert precision("32-true") == "32-true"
    if not torch.cuda.is_available():
        assert precision("auto") == "32-true"
