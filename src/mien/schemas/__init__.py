"""JSON Schemas of recipes, model cards, evidence files and output rows, as `mien.schemas/*.json` in the package.

An editor with a YAML language server completes and checks a recipe whose first line names its schema:
`# yaml-language-server: $schema=PATH`, where PATH is `schema_path("recipe")`.
"""

import json
from pathlib import Path
from typing import Any

from mien.errors import expect

__all__ = ["SCHEMAS", "schema", "schema_path"]

SCHEMAS = ("recipe", "synthesis", "card", "evidence", "row")
"""Of a training recipe, a recipe of synthetic faces, a model card, an evidence file, a row of `mien analyze`."""


def schema_path(name: str) -> Path:
    """File of one of `SCHEMAS`. Raises InputError for another name.

    >>> schema_path("recipe").name
    'recipe.json'
    """
    expect(name in SCHEMAS, "name", f"one of {', '.join(SCHEMAS)}", name)
    return Path(__file__).resolve().parent / f"{name}.json"


def schema(name: str) -> dict[str, Any]:
    """One of `SCHEMAS` (JSON Schema 2020-12).

    >>> schema("row")["properties"]["status"]["enum"]
    ['ok', 'no_face', 'error']
    """
    values: dict[str, Any] = json.loads(schema_path(name).read_text(encoding="utf-8"))
    return values
