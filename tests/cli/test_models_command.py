"""`mien models`: what is inside, how good it is, on what terms."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mien.cli import app
from mien.expression.emotion import EvidenceModel, load_evidence
from mien.faces import ActionUnits
from mien.facs import CODES
from mien.runtime.models import embedded_cards, embedded_models

NAMES = ["age", "attractiveness", "expression", "expression-open", "landmarks"]
OPEN = ["expression-open", "landmarks"]


def test_list_names_every_model_with_its_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    result = CliRunner().invoke(app, ["models"])
    assert result.exit_code == 0
    assert embedded_models() == NAMES
    for card in embedded_cards():
        (line,) = [line for line in result.output.splitlines() if line.split(" ")[0] == card.name]
        assert (" any " in line) is (card.name in OPEN)
        assert card.values["terms"][:20] in line
        assert card.values["summary"]


@pytest.mark.parametrize("name", NAMES)
def test_card_says_what_a_user_must_know(name: str) -> None:
    result = CliRunner().invoke(app, ["models", name])
    card = json.loads(result.output)
    assert card["name"] == name
    assert card["task"] == name.removesuffix("-open")
    assert card["terms"]
    assert card["limits"]
    for report in card["metrics"]:
        assert report["faces"] > 0
        assert report["rows"]
    for data in card["data"]:
        assert set(data["faces"]) == {"train", "val", "test"}


def test_unknown_model_is_named() -> None:
    result = CliRunner().invoke(app, ["models", "mood"])
    assert result.exit_code != 0
    assert "mood" in str(result.exception)


def test_evidence_can_be_written_edited_and_used(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["models", "--evidence"])
    assert result.exit_code == 0
    path = tmp_path / "mine.yaml"
    path.write_text(result.output, encoding="utf-8")
    (card,) = [card for card in embedded_cards() if card.name == "expression"]
    embedded, mine = EvidenceModel.from_dict(card.decoding["evidence"]), load_evidence(path)
    probability = np.random.default_rng(0).uniform(0, 1, (50, len(CODES))).astype(np.float32)
    units = ActionUnits(probability, 5 * probability, CODES)
    assert np.array_equal(mine(units).probability, embedded(units).probability)
    assert np.array_equal(mine(units).contribution, embedded(units).contribution)
    assert CliRunner().invoke(app, ["models", "expression", "--evidence"]).output == result.output
    path.write_text(result.output.replace("AU12: {happiness: ", "AU12: {happiness: -9"), encoding="utf-8")
    assert not np.array_equal(load_evidence(path)(units).label, embedded(units).label)


def test_a_model_without_evidence_is_named() -> None:
    result = CliRunner().invoke(app, ["models", "age", "--evidence"])
    assert result.exit_code != 0
    assert "'age'" in str(result.exception)
