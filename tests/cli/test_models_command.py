"""`mien models`: what is inside, how good it is, on what terms."""

import json

import pytest
from typer.testing import CliRunner

from mien.cli import app
from mien.runtime.models import embedded_cards, embedded_models

NAMES = ["age", "attractiveness", "expression", "landmarks"]


def test_list_names_every_model_with_its_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    result = CliRunner().invoke(app, ["models"])
    assert result.exit_code == 0
    assert embedded_models() == NAMES
    for card in embedded_cards():
        (line,) = [line for line in result.output.splitlines() if line.startswith(card.name)]
        assert card.values["terms"][:20] in line
        assert card.values["summary"]


@pytest.mark.parametrize("name", NAMES)
def test_card_says_what_a_user_must_know(name: str) -> None:
    result = CliRunner().invoke(app, ["models", name])
    card = json.loads(result.output)
    assert card["name"] == card["task"] == name
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
