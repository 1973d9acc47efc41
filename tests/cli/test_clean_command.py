"""`mien clean` from the command line."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.fixtures.drawn_people import covered, person
from typer.testing import CliRunner

from mien.cli import app
from mien.errors import InputError
from mien.geometry import Image


def write(path: Path, face: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.asarray(face * 255, np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two drawn people with a wrong, a covered and a copied face, one alone, and files that cannot be used."""
    inside = tmp_path / "set"
    for seed, name in ((0, "ann"), (1, "bob")):
        for k, face in enumerate(person(seed)):
            write(inside / name / f"{k}.png", face)
    write(inside / "ann" / "wrong.png", person(100, 1)[0])
    write(inside / "bob" / "covered.png", covered(person(1, 11)[10]))
    write(inside / "bob" / "z.png", person(1)[4])
    write(inside / "cid" / "alone.png", person(2, 1)[0])
    write(inside / "cid" / "large.png", person(2, 1, 64)[0])
    (inside / "cid" / "broken.jpg").write_text("no picture")
    return inside


def run(*words: str | Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setenv("COLUMNS", "300")
    result = CliRunner().invoke(app, ["clean", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_suspects_are_listed_and_nothing_is_touched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    code, said = run(folder, "--aligned", "--size", "32", monkeypatch=monkeypatch)
    assert code == 3
    lines = {Path(line.split()[0]).name: line for line in said.splitlines()[1:-1] if line.strip()}
    assert "unlike the others" in lines["wrong.png"]
    assert "1 of 11" in lines["wrong.png"]
    assert "occluded" in lines["covered.png"]
    assert "duplicate of" in lines["z.png"]
    assert lines["z.png"].rstrip().endswith("4.png")
    assert len(lines) <= 5
    assert "0 pictures without a face, 2 not read. No picture was changed or deleted." in said
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_row_for_each_picture_and_a_sheet(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (folder, "--aligned", "--size", "32", "--quiet")
    run(*words, "--out", tmp_path / "x.csv", "--sheet", tmp_path / "x.png", "--top", "6", monkeypatch=monkeypatch)
    run(*words, "--out", tmp_path / "x.json", monkeypatch=monkeypatch)
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    plain = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert len(rows) == len(plain) == 26
    assert list(rows[0]) == ["source", "group", "status", "score", "threshold", "rank", "suspect", "reason"]
    by_name = {Path(row["source"]).name: row for row in plain if row["group"] != "bob"}
    assert by_name["wrong.png"]["suspect"] is True
    assert by_name["wrong.png"]["rank"] == 1
    assert (by_name["broken.jpg"]["status"], by_name["large.png"]["status"]) == ("error", "error")
    assert "64 x 64 pixels" in by_name["large.png"]["reason"]
    assert by_name["alone.png"]["reason"].startswith("fewer than 4")
    assert [row["suspect"] for row in rows] == [str(row["suspect"]).lower() for row in plain]
    sheet = cv2.imread(str(tmp_path / "x.png"))
    assert sheet.shape[1] > 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set", "x.csv", "x.json", "x.png"]


def test_photos_without_an_installed_training_wing(tmp_path: Path, astronaut: Image) -> None:
    bgr = np.ascontiguousarray(astronaut[..., ::-1])
    for k, gain in enumerate((1.0, 0.9, 0.8, 1.1, 0.7)):
        cv2.imwrite(str(tmp_path / f"{k}.png"), np.clip(bgr[:300, 80 : 380 - k] * gain, 0, 255).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((80, 80, 3), 128, np.uint8))
    blocked = "import sys; sys.modules.update(dict.fromkeys(['torch', 'pyarrow', 'scipy', 'sklearn']))"
    code = f"{blocked}; from mien.cli import main; main()"
    words = ["clean", str(tmp_path), "--out", str(tmp_path / "x.json"), "--sheet", str(tmp_path / "x.png"), "--joint"]
    result = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr
    rows = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert [row["status"] for row in rows] == ["ok"] * 5 + ["no_face"]
    assert all("duplicate" in row["reason"] for row in rows[1:5])
    assert (tmp_path / "x.png").is_file()
    table = subprocess.run([sys.executable, "-c", code, "clean", "x.csv"], capture_output=True, text=True, timeout=200)
    assert table.returncode == 1
    assert "pip install 'mien[data]'" in table.stderr


def test_a_manifest_with_a_column_of_groups(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("pydantic")
    lines = [f"{path.relative_to(folder)},{path.parent.name}" for path in sorted(folder.rglob("*.*"))]
    (tmp_path / "set.csv").write_text("\n".join(["image,person", *lines, "ann/gone.png,ann"]))
    words = (tmp_path / "set.csv", "--images", folder, "--aligned", "--size", "32")
    code, said = run(*words, "--group", "person", "--out", tmp_path / "x.json", monkeypatch=monkeypatch)
    assert code == 3
    rows = {row["source"]: row for row in json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))}
    assert (rows["ann/wrong.png"]["group"], rows["ann/wrong.png"]["rank"]) == ("ann", 1)
    assert rows["ann/gone.png"]["reason"] == "The picture cannot be read."
    assert "3 not read" in said
    run(*words, "--out", tmp_path / "x.json", monkeypatch=monkeypatch)
    assert {row["group"] for row in json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))} == {"all"}
    with pytest.raises(InputError, match="'group' must be one of the columns file, person"):
        run(*words, "--group", "who", monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "x.xls"], "'out' must be a file that ends in .csv or .json"),
        (["--out", "gone/x.csv"], "'out' must be a file in a folder that exists"),
        (["--sheet", "x.txt"], "'sheet' must be"),
        (["--group", "person"], "'group' must be left out for a folder"),
        (["--cut", "0"], "'cut' must be a number above 0"),
    ],
)
def test_wrong_calls_end_before_any_picture_is_read(
    folder: Path, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=said):
        run(folder, *words, monkeypatch=monkeypatch)
