"""The folder of a run: gone on with by the same recipe, also of an older release, and by no other."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs mien[train]")
pytest.importorskip("lightning")

from mien.errors import InputError
from mien.train.engine.runs import open_run
from mien.train.recipe import Recipe, Source


def begun(folder: Path, **changes: object) -> Recipe:
    """A recipe whose run has a checkpoint in the folder."""
    recipe = Recipe(name="x", task="age", run_dir=folder, sources=[Source(file="a.parquet")], **changes)
    run = open_run(recipe, 1)
    (run / "last.ckpt").touch()
    return recipe


def rewrite(folder: Path, change: object) -> None:
    path = folder / "x" / "recipe.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    change(values)
    path.write_text(json.dumps(values), encoding="utf-8")


def test_the_same_recipe_goes_on_with_other_free_keys(tmp_path: Path) -> None:
    recipe = begun(tmp_path)
    assert open_run(recipe.model_copy(update={"limits": ["new"], "threads": 7}), 1) == tmp_path / "x"


def test_keys_that_an_older_release_did_not_know_have_their_defaults(tmp_path: Path) -> None:
    recipe = begun(tmp_path)

    def older(values: dict) -> None:
        del values["shift_penalty"]
        del values["sources"][0]["shift"]
        del values["augment"]["old"]

    rewrite(tmp_path, older)
    open_run(recipe, 1)
    rewrite(tmp_path, older)
    with pytest.raises(InputError, match=r"sources was .*shift.*True"):
        open_run(recipe.model_copy(update={"sources": [Source(file="a.parquet", shift=True)]}), 1)
    with pytest.raises(InputError, match=r"shift_penalty was .* and is 0\.7"):
        open_run(recipe.model_copy(update={"shift_penalty": 0.7}), 1)


def test_a_key_that_this_release_does_not_know_is_no_other_recipe(tmp_path: Path) -> None:
    recipe = begun(tmp_path)
    rewrite(tmp_path, lambda values: values.update(gone=1))
    open_run(recipe, 1)
    rewrite(tmp_path, lambda values: values.update(gone=1))
    with pytest.raises(InputError, match=r"Choose another `name`, or start anew with --fresh"):
        open_run(recipe.model_copy(update={"lr": 0.5}), 1)


@pytest.mark.parametrize("text", ["", "{torn", "[1, 2]"])
def test_a_torn_recipe_does_not_stop_a_run(tmp_path: Path, text: str) -> None:
    recipe = begun(tmp_path)
    (tmp_path / "x" / "recipe.json").write_text(text)
    open_run(recipe, 1)
    assert Recipe(**json.loads((tmp_path / "x" / "recipe.json").read_text())) == recipe
