"""Recipes: overrides reach inside, mistakes are named with what was meant, every field survives JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pydantic", reason="recipes need mien[train]")
pytest.importorskip("yaml")

import yaml
from pydantic import ValidationError

from mien.datasets.crop import Crop
from mien.errors import InputError
from mien.train import recipe as recipes
from mien.train.recipe import Augment, Recipe, Source, load_recipe

SMALL = {"name": "r", "task": "age", "sources": [{"file": "a.parquet"}]}
FULL: dict[str, Any] = {
    "version": 1, "name": "full", "task": "expression", "task_weights": {"expression": 2.0},
    "expected": "AUC 0.9", "minutes": 3.5, "data_dir": "d", "cache_dir": "c",
    "run_dir": "r", "teacher": "t.parquet", "pseudo": "expression",
    "sources": [{"file": "a.parquet", "weight": 2.5, "split": "fold", "holdout": 0.2, "labels": ["age"],
                 "ratings": "r.csv", "held": "m.onnx", "watch": True, "shift": True, "exact": True,
                 "compared_within": "sex", "compared_by": ".$",
                 "splits": {"train": ["1", "2"], "val": [], "test": ["3"]}, "images": "pictures", "group": "person",
                 "fractions": {"val": 0.2, "test": 0.3}}],
    "crop": {"kind": "square", "size": 96, "scale": 0.4, "margin": 1.4, "zoom": 1.1},
    "augment": {"flip": False, "shift": 0.1, "scale": 0.2, "rotation": 3.0, "turn": 0.25, "gray": 0.5,
                "alignment": 0.5, "color": 0.4, "blur": 0.3, "low_resolution": 0.4, "noise": 0.1, "jpeg": 0.1,
                "occlusion": 0.2, "border": 0.3, "oval": 0.2, "contrast": 1.5, "absent": 0.1,
                "old": 0.1, "light": 0.2, "lowest": 0.15},
    "backbone": "b", "width": 0.5, "dropout": 0.3, "init": "runs/x/weights.pt", "task_options": {"k": [1, "two"]},
    "epochs": 3, "batch_size": 8, "lr": 0.01, "weight_decay": 0.1, "warmup": 0.2, "ema": 0.9, "clip": 1.0, "seed": 7,
    "lr_scale": 0.3, "layer_decay": 0.9, "freeze": 1, "frozen": 2, "shift_penalty": 0.2,
    "teachers": [{"file": "t.onnx", "card": "t.yaml", "weights": {"age": 2.0}, "temperature": 2.0,
                  "features": "smooth_l1"}],
    "thresholds": {"file": "u.parquet"}, "open": True,
    "stem_stride": 1, "drop_path": 0.1, "aux": 0.3, "mixup": 0.2, "cutmix": 1.0, "early_stop": 3, "keep": "best",
    "accelerator": "cpu", "devices": 2, "nodes": 3, "tensorboard": False, "sampler": "pairs",
    "threads": 1, "workers": 0, "balance": "age", "flip": True, "precision": "32-true",
    "tests": [{"file": "b.parquet", "split": "fold", "values": ["x"], "teacher": True}],
    "display": {"file": "f.parquet"}, "pool": "P", "raters": "R", "terms": "CC BY 4.0", "limits": ["none"],
}  # fmt: skip


def write(folder: Path, values: Any) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(values if isinstance(values, str) else yaml.safe_dump(values), encoding="utf-8")
    return path


def message(folder: Path, values: Any, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        load_recipe(write(folder, values), list(overrides))
    return str(caught.value)


def test_every_field_is_set_to_something_else_than_its_default() -> None:
    for kind, values in ((Recipe, FULL), (Crop, FULL["crop"]), (Augment, FULL["augment"])):
        assert set(values) == set(kind.model_fields)
    lists = ((Source, FULL["sources"][0]), (recipes.Test, FULL["tests"][0]), (recipes.Teacher, FULL["teachers"][0]))
    for kind, values in lists:
        assert set(values) == set(kind.model_fields)
    defaults, full = Recipe(**SMALL), Recipe(**FULL)
    same = [name for name in Recipe.model_fields if getattr(defaults, name) == getattr(full, name)]
    assert same == ["version"]  # there is only one


@pytest.mark.parametrize("values", [SMALL, FULL], ids=["defaults", "full"])
def test_round_trip_through_json_and_yaml(values: dict[str, Any], tmp_path: Path) -> None:
    recipe = Recipe(**values)
    written = json.loads(recipe.model_dump_json())
    assert Recipe(**written) == recipe
    assert load_recipe(write(tmp_path, written)) == recipe


@pytest.mark.parametrize(
    ("override", "field", "value"),
    [
        ("epochs=3", "epochs", 3),
        ("crop.size=96", "crop.size", 96),
        ("augment.flip=false", "augment.flip", False),
        ("init=null", "init", None),
        ("run_dir=elsewhere/runs", "run_dir", Path("elsewhere/runs")),
        ("limits=[a, b]", "limits", ["a", "b"]),
        ("terms=a=b", "terms", "a=b"),
        ("task_options.deep.er=1", "task_options", {"deep": {"er": 1}}),
        ("lr=1.0e-4", "lr", 1e-4),
        ("lr=1e-4", "lr", 1e-4),
    ],
)
def test_override(override: str, field: str, value: Any, tmp_path: Path) -> None:
    found: Any = load_recipe(write(tmp_path, SMALL), [override])
    for name in field.split("."):
        found = getattr(found, name)
    assert found == value


def test_overrides_keep_their_neighbours_and_the_last_one_wins(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, FULL), ["crop.size=64", "crop.size=80"])
    assert recipe.crop == Crop(**FULL["crop"] | {"size": 80})


@pytest.mark.parametrize(
    ("key", "near"),
    [("epoch", "epochs"), ("backbon", "backbone"), ("crop.sise", "size"), ("augment.rotate", "rotation")],
)
def test_unknown_key_is_named_with_the_nearest(key: str, near: str, tmp_path: Path) -> None:
    found = message(tmp_path, SMALL, f"{key}=1")
    assert f"{key}: " in found
    assert f"Did you mean {near!r}?" in found


def test_unknown_key_in_a_list_is_named_with_its_place(tmp_path: Path) -> None:
    found = message(tmp_path, SMALL | {"sources": [{"file": "a"}, {"file": "b", "wieght": 2}]})
    assert "sources.1.wieght: " in found
    assert "'weight'" in found


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("epochs=many", "epochs: .*'many'"),
        ("epochs=0", r"epochs: .*1\. Got 0"),
        ("crop.kind=round", "crop.kind: .*'square' or 'aligned'.*'round'"),
        ("dropout=1", r"dropout: .*Got 1\."),
        ("augment=5", r"augment: .*Got 5\."),
        ("precision=16", "precision: .*Got 16"),
    ],
)
def test_bad_value_is_named(override: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=named):
        load_recipe(write(tmp_path, SMALL), [override])


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    found = message(tmp_path, {"nmae": "x", "epochs": -1})
    assert all(f"  {key}: " in found for key in ("nmae", "epochs", "name", "task", "sources"))
    assert "Did you mean 'name'?" in found


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("epochs", "key=value. Got 'epochs'"),
        ("name.first=x", "'name'"),
        ("name.x=2", "'name'"),
        ("limits=[a", "limits"),
    ],
)
def test_override_that_cannot_be_applied_is_named(override: str, named: str, tmp_path: Path) -> None:
    assert named in message(tmp_path, SMALL, override)


@pytest.mark.parametrize("text", ["[1, 2]", "just words", "", "a: [", "{1: 2}", "name: \x00"])
def test_what_is_no_recipe_is_refused(text: str, tmp_path: Path) -> None:
    assert "recipe.yaml" in message(tmp_path, text)


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.yaml"):
        load_recipe(tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(InputError, match=r"latin\.yaml"):
        load_recipe(tmp_path / "latin.yaml")


def test_recipe_cannot_be_changed_and_gives_no_shared_state() -> None:
    recipe = Recipe(**SMALL)
    with pytest.raises(ValidationError):
        recipe.epochs = 5
    recipe.task_options["x"] = 1
    assert Recipe(**SMALL).task_options == {}


def test_an_override_reaches_into_lists(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, SMALL), ["sources.0.file=b.csv", "sources.0.images=pictures"])
    assert (recipe.sources[0].file, recipe.sources[0].images) == ("b.csv", "pictures")
    assert "'1' must be a number below 1 in 'sources.1.file=x'" in message(tmp_path, SMALL, "sources.1.file=x")


def test_a_recipe_of_another_version_is_refused(tmp_path: Path) -> None:
    said = message(tmp_path, {**SMALL, "version": 2})
    assert "must be of version 1. Got 2: it was written for another release of mien" in said


@pytest.mark.parametrize("text", ["!!bool x", "!!timestamp x", "2026-99-99", "[" * 3000, "\ta: b"])
def test_yaml_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"r\.yaml' must be a readable YAML file"):
        load_recipe(tmp_path / "r.yaml")


@pytest.mark.parametrize(
    "override", ["seed=-1", "seed=4294967296", "lr=.inf", "workers=100000", "crop.size=100000", r'name="a\0b"']
)
def test_values_out_of_range(tmp_path: Path, override: str) -> None:
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(SMALL), encoding="utf-8")
    with pytest.raises(InputError, match=rf"is not valid\.\n  {override.partition('=')[0]}: .*Got "):
        load_recipe(tmp_path / "r.yaml", [override])


def test_an_entry_of_a_list_is_replaced_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(SMALL), encoding="utf-8")
    assert load_recipe(tmp_path / "r.yaml", ["sources.0={file: b.parquet}"]).sources[0].file == "b.parquet"
    with pytest.raises(InputError, match="'file' must be a number below 1"):
        load_recipe(tmp_path / "r.yaml", ["sources.file=b.parquet"])


def test_names_in_lists_stay_the_texts_that_were_written(tmp_path: Path) -> None:
    text = (
        yaml.safe_dump(SMALL)
        + "flip: yes\ntensorboard: off\ntask_options: {a: {classes: [yes, No, on, 01, null, 1e3]}}\n"
    )
    recipe = load_recipe(write(tmp_path, text))
    assert recipe.task_options["a"]["classes"] == ["yes", "No", "on", "01", "null", "1e3"]
    assert (recipe.flip, recipe.tensorboard) == (True, False)
    told = load_recipe(write(tmp_path, text), ["task_options={classes: [no, yes], other: no, bounds: [1, 2]}"])
    assert told.task_options == {"classes": ["no", "yes"], "other": False, "bounds": [1, 2]}
    assert load_recipe(write(tmp_path, text), ["task_options.classes=[off, 007]"]).task_options["classes"] == [
        "off",
        "007",
    ]
