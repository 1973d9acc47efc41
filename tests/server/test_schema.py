"""One schema: the rows of faces, the columns of tables, the models of the API."""

from types import UnionType
from typing import Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from tests.fixtures.output_schema import SCHEMA

from mien.expression.emotion import DISPLAYS
from mien.faces import FaceRow, rows
from mien.facs import CODES
from mien.schemas import row
from mien.schemas.row import FaceRow as FaceRowModel
from mien.sinks.tables import COLUMNS

ONE_CELL = {"landmarks", "landmarks_68", "attributes", "emotion_evidence"}
KEYS = {"action_units": CODES, "emotion_category_probability": DISPLAYS}


def test_fields_are_those_of_the_rows():
    assert [name for name in FaceRow.__annotations__ if name != "reason"] == SCHEMA
    assert list(FaceRowModel.model_fields) == list(FaceRow.__annotations__)


PARTS = [
    (rows.PoseRow, row.Pose),
    (rows.ActionUnitRow, row.ActionUnit),
    (rows.CategoryRow, row.Category),
    (rows.EmotionRow, row.Emotion),
    (rows.AgeRow, row.Age),
    (rows.AttractivenessRow, row.Attractiveness),
    (rows.DisplaysRow, row.Displays),
]


@pytest.mark.parametrize(("typed", "model"), PARTS, ids=lambda part: part.__name__)
def test_fields_of_parts_are_those_of_the_rows(typed: type, model: type[BaseModel]):
    assert list(model.model_fields) == list(typed.__annotations__)


def columns(kind: object, name: str) -> list[str]:
    """Names of table columns of a part of a row."""
    union = get_origin(kind) in (UnionType, Union)
    parts = [part for part in (get_args(kind) if union else (kind,)) if part is not type(None)]
    model = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)
    if name in ONE_CELL:
        return [name]
    if name == "box":
        return [f"box_{end}" for end in ("x1", "y1", "x2", "y2")]
    if name in KEYS:
        of = get_args(parts[0])[1]
        prefix = "" if name == "action_units" else f"{name}_"
        return [column for key in KEYS[name] for column in columns(of, f"{prefix}{key}")]
    if model is None:
        return [name]
    return [c for part, field in model.model_fields.items() for c in columns(field.annotation, f"{name}_{part}")]


def test_columns_of_tables_are_those_of_the_model():
    found = [c for name, field in FaceRowModel.model_fields.items() for c in columns(field.annotation, name)]
    assert sorted(found) == sorted(COLUMNS)
