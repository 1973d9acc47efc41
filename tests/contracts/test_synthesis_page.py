"""docs/synthesis.md says of the renderer what the code says."""

import re
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="the renderer needs mien[train]")
pytest.importorskip("pydantic")
pytest.importorskip("pyarrow")

from pydantic import BaseModel

from mien.synthesis.dataset import schema
from mien.synthesis.head import SHAPES
from mien.synthesis.recipe import HeadsRecipe
from mien.synthesis.skin import FOLDS

PAGE = (Path(__file__).parents[2] / "docs" / "synthesis.md").read_text(encoding="utf-8")


def test_units_have_the_shapes_and_folds_of_the_code() -> None:
    rows = re.findall(r"^\| (AU\d\d) \| (.*?) \|(.*?)\|$", PAGE, re.M)
    shapes = {
        code: {name: float(weight) for name, weight in re.findall(r"`(\w+)` ([\d.]+)", text)} for code, text, _ in rows
    }
    assert shapes == SHAPES
    folds = {code: int(count.strip() or 0) for code, _, count in rows}
    assert folds == {code: sum(fold[0] == code for fold in FOLDS) for code in SHAPES}


def test_keys_of_the_recipe_are_explained() -> None:
    parts = {name for name, value in HeadsRecipe() if isinstance(value, BaseModel)}
    assert not {name for name in parts if f"`{name}`" not in PAGE}


def test_columns_are_explained() -> None:
    assert not [name for name in schema().names if not name.startswith("AU") and f"`{name}`" not in PAGE]
