"""Recipes parse, name tasks that exist, and say how they are run."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="recipes need mien[train]")

from mien.train.recipe import load_recipe
from mien.train.tasks import create_task

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml"))


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
    stages = ["age_wide", "landmarks_upright"]
    assert sorted(path.stem for path in RECIPES) == sorted(
        ["age", "attractiveness", "attribute", "expression", "landmarks", *stages]
    )
