"""`mien compare` from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures.tiny_scores import lighter, score_model, write
from typer.testing import CliRunner

from mien.cli import app
from mien.errors import InputError, MediaError
from mien.geometry import Image
from mien.preference import Taste


@pytest.fixture
def desk(tmp_path: Path, astronaut: Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photos, a wall, a model and a taste."""
    write(tmp_path / "a.png", astronaut)
    write(tmp_path / "b.png", lighter(astronaut, 0.5))
    write(tmp_path / "wall.png", np.full((90, 90, 3), 99, np.uint8))
    sha256 = json.loads(score_model(tmp_path).with_suffix(".json").read_text())["sha256"]
    Taste(-np.ones(3), 0.1 * np.eye(3), 12, "attractiveness", sha256).save(tmp_path / "me.taste.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    return tmp_path


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["compare", *words, "--model", "attractiveness.onnx", "--threads", "1"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0
    return result.output


def test_both_photos_and_a_sentence(desk: Path) -> None:
    lines = [" ".join(line.split()) for line in run("a.png", "b.png").splitlines() if line.strip()]
    assert lines[:2] == ["A B", "photo a.png b.png"]
    assert lines[2].startswith("score ")
    assert lines[3].count("of SMALL-SET") == 2
    assert "of 100 raters of the pool (9 people of a village, SMALL-SET) would prefer A's photo" in lines[-1]


def test_json_and_a_taste(desk: Path) -> None:
    pool, mine = (json.loads(run("a.png", "b.png", "--json", *more)) for more in ((), ("--taste", "me.taste.json")))
    assert pool["a"] == mine["a"]
    assert mine["preference"]["share"] < 0.5 < pool["preference"]["share"]
    assert "comparisons of yours" in mine["sentence"]


def test_what_cannot_be_compared(desk: Path) -> None:
    with pytest.raises(InputError, match=r"'b' must be a photo with a face.*'wall.png'"):
        run("a.png", "wall.png")
    with pytest.raises(MediaError, match=r"'gone\.png' does not exist"):
        run("gone.png", "a.png")
    with pytest.raises(InputError, match="'path' must be a file that 'mien taste fit' wrote"):
        run("a.png", "b.png", "--taste", "gone.json")
