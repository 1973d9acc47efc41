"""Recipes parse, name tasks that exist, and say how they are run."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="recipes need mien[train]")

from mien.synthesis.recipe import HeadsRecipe, load_heads_recipe
from mien.train.recipe import load_recipe
from mien.train.tasks import create_task

FOLDER = Path(__file__).parents[2] / "recipes"
HEADS = FOLDER / "synthesis.yaml"
RECIPES = sorted(path for path in FOLDER.glob("*.yaml") if path != HEADS)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipe(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    options = {"classes": ["a", "b"]} if recipe.task.startswith("classification:") else {}
    assert create_task(recipe.task, **(options | recipe.task_options)).name == recipe.task
    assert recipe.terms
    assert recipe.limits
    assert recipe.expected
    assert recipe.minutes
    assert f"mien train recipes/{path.name}" in path.read_text(encoding="utf-8")


def test_all_recipes_are_here() -> None:
    stages = ["age_mixup", "age_second", "age_tight", "age_trunk", "age_wide", "attractiveness_trunk"]
    stages += ["attractiveness_start", "expression_first", "expression_wide", "landmarks_upright"]
    stages += ["backbone"]
    assert sorted(path.stem for path in RECIPES) == sorted(
        ["age", "attractiveness", "attribute", "direct", "expression", "expression-open", "landmarks", *stages]
    )


def test_the_recipe_of_heads_is_that_of_the_code_with_something_before_some_faces() -> None:
    recipe, default = load_heads_recipe(HEADS), HeadsRecipe()
    assert recipe.occluders.share > 0
    told = {"occluders": default.occluders, "workers": default.workers}
    assert recipe.model_copy(update=told) == default
    assert f"mien data synthesize recipes/{HEADS.name}" in HEADS.read_text(encoding="utf-8")
