"""`mien rank` from the command line."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.fixtures.tiny_scores import elsewhere, lighter, score_model, write
from typer.testing import CliRunner

from mien.cli import app
from mien.errors import InputError
from mien.geometry import Image


@pytest.fixture
def desk(tmp_path: Path, astronaut: Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos in `me` and `me/trip`, and a model."""
    write(tmp_path / "me" / "a.png", astronaut)
    write(tmp_path / "me" / "a2.png", lighter(astronaut, 0.8))
    write(tmp_path / "me" / "dark.png", lighter(elsewhere(astronaut, 0), 0.4))
    write(tmp_path / "me" / "trip" / "b.png", elsewhere(astronaut, 1))
    score_model(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["rank", *words, "--model", "attractiveness.onnx", "--threads", "1"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_a_table_for_each_folder_and_what_was_left_out(desk: Path) -> None:
    (desk / "me" / "broken.jpg").write_text("no picture")
    write(desk / "me" / "wall.png", np.full((90, 90, 3), 99, np.uint8))
    before = {path: path.read_bytes() for path in desk.rglob("*") if path.is_file()}
    code, said = run("me")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    assert code == 3
    assert [line.split()[:2] for line in lines if line[0] in "12"] == [
        ["1", "a.png"],
        ["2", "dark.png"],
        ["1", "b.png"],
    ]
    assert "near-duplicate of a.png" in next(line for line in lines if line.startswith("a2.png"))
    assert lines[0] == "me"
    assert str(Path("me", "trip")) in lines
    assert "percentile of SMALL-SET" in lines[1]
    assert "me/wall.png: no face" in lines
    assert any(line.startswith("me/broken.jpg: ") and "holds text" in line for line in lines)
    assert lines[-1].startswith(
        "3 photos ranked, 1 near-duplicates beside them; 1 without a face, 0 without a score, 1 n"
    )
    assert {path: path.read_bytes() for path in desk.rglob("*") if path.is_file()} == before


def test_files_and_a_sheet(desk: Path) -> None:
    code, _ = run("me", "--out", "r.csv", "--sheet", "best.png", "--top", "1")
    run("me", "--out", "r.json")
    assert code == 0
    with Path("r.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    plain = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert [row["source"] for row in rows] == [row["source"] for row in plain]
    assert [row["rank"] for row in rows] == ["1", "", "2", "1"]
    assert plain[1]["near_duplicate_of"] == plain[0]["source"]
    sheet = cv2.imread("best.png")
    assert sheet.shape[0] > 2 * 224
    assert sheet.shape[1] < 2 * 224


def test_nobody_to_draw(desk: Path) -> None:
    write(desk / "walls" / "wall.png", np.full((90, 90, 3), 99, np.uint8))
    code, said = run("walls", "--sheet", "best.png", "--out", "r.json")
    assert code == 0
    assert "0 photos ranked" in said
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))[0]["status"] == "no_face"
    assert not Path("best.png").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["me", "--out", "r.xls"], "'out' must be a file that ends in .csv or .json or .parquet"),
        (["me", "--sheet", "gone/best.png"], "'sheet' must be a file in a folder that exists"),
        (["me/a.png"], "'folder' must be a folder with photos"),
    ],
)
def test_wrong_calls(desk: Path, words: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run(*words)
