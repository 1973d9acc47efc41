"""The shipped JSON Schemas are those of the code, take what mien reads and writes, and refuse what mien refuses."""

import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from mien.analyzer import Analyzer
from mien.errors import InputError
from mien.expression.emotion import EvidenceModel, load_evidence
from mien.runtime.models import embedded_cards
from mien.schemas import SCHEMAS, schema, schema_path

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).parents[2]
ASTRONAUT = ROOT / "docs" / "images" / "astronaut.jpg"
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))


def is_valid(name: str, value: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema(name)).is_valid(value))


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_schemas_are_those_of_the_code() -> None:
    pytest.importorskip("pydantic")
    check = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "schemas"), "--check"], capture_output=True, text=True
    )
    assert check.returncode == 0, check.stderr


def test_other_names_are_refused() -> None:
    with pytest.raises(InputError, match="'name' must be one of recipe"):
        schema_path("recipes")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_fit_the_schema_that_they_name(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    name = "synthesis" if path.stem == "synthesis" else "recipe"
    assert text.startswith(f"# yaml-language-server: $schema=../src/mien/schemas/{name}.json\n")
    recipe = yaml.safe_load(text)
    assert is_valid(name, recipe)
    assert not is_valid(name, {**recipe, "no_such_key": 1})


@pytest.mark.parametrize("name", ["recipe", "synthesis"])
def test_every_field_of_a_recipe_is_described(name: str) -> None:
    recipe = schema(name)
    models = {name: recipe, **recipe["$defs"]}
    bare = [f"{m}.{f}" for m, model in models.items() for f, v in model["properties"].items() if "description" not in v]
    assert bare == []


def test_cards_fit() -> None:
    for card in embedded_cards():
        assert is_valid("card", card.values)
        for key, value in {"std": 0, "outputs": [], "crop": {"kind": "round"}, "name": ""}.items():
            assert not is_valid("card", {**card.values, key: value}), key


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    """A face with all that can be read from it, an image without a face, and one that is missing."""
    analyzer = Analyzer(displays=True)
    (face,) = next(analyzer.photos([ASTRONAUT])).to_dicts()
    (missing,) = next(analyzer.photos(["missing.jpg"])).to_dicts()
    (empty,) = next(analyzer.photos([ROOT / "docs" / "images" / "clean_light.png"])).to_dicts()[:1]
    return json.loads(json.dumps({"face": face, "error": missing, "other": empty}))


def test_rows_fit(rows: dict[str, dict[str, Any]]) -> None:
    for name, row in rows.items():
        assert is_valid("row", row), name
    assert set(rows["face"]) | {"reason"} == set(schema("row")["properties"])


@pytest.mark.parametrize(
    ("place", "value"),
    [("status", "fine"), ("box", [1, 2, 3]), ("more", 1), ("age", {"value": 30}), ("score", 2)],
)
def test_rows_of_another_kind_do_not(rows: dict[str, dict[str, Any]], place: str, value: Any) -> None:
    assert not is_valid("row", {**deepcopy(rows["face"]), place: value})


GOOD = [
    {"AU12": {"positive": 3.2, "negative": -0.6, "source": "EMFACS"}, "bias": {"positive": -1.5}},
    {"AU12": {"happiness": 3.2, "surprise": 0.1}},
    {name: {"bias": 0.1, "AU12": 1.0} for name in ("positive", "neutral", "negative")},
]
BAD = [
    {"AU99": {"positive": 1.0}},
    {"AU12": {"joy": 1.0}},
    {"AU12": {"positive": "much"}},
    {name: {"AU99": 1.0} for name in ("positive", "neutral", "negative")},
    {"positive": {"AU12": 1.0}},
]


@pytest.mark.parametrize("rows", [*GOOD, *BAD])
def test_evidence_is_taken_and_refused_as_it_is_read(rows: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert is_valid("evidence", rows) == (rows in GOOD)
    if rows in GOOD:
        load_evidence(path)
    else:
        with pytest.raises(InputError):
            load_evidence(path)


def test_evidence_of_the_cards_fits() -> None:
    written = [c.values["decoding"]["evidence"] for c in embedded_cards() if "evidence" in c.values["decoding"]]
    assert len(written) == 2
    for evidence in written:
        assert is_valid("evidence", evidence)
        assert is_valid("evidence", yaml.safe_load(EvidenceModel.from_dict(evidence).to_yaml()))
