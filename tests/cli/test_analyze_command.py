"""`mien analyze` as a person calls it: what it prints, writes, and returns."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.geometry import Image
from output_schema import SCHEMA

START = [sys.executable, "-c", "from mien.cli import main; main()", "analyze"]


def mien(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*START, *map(str, words)], input=stdin, capture_output=True, text=True, timeout=120)


@pytest.fixture
def folder(tmp_path: Path, astronaut: Image) -> Path:
    inside = tmp_path / "photos"
    inside.mkdir()
    cv2.imwrite(str(inside / "a.png"), np.ascontiguousarray(astronaut[..., ::-1]))
    cv2.imwrite(str(inside / "b.png"), np.full((80, 80, 3), 128, np.uint8))
    (inside / "c.jpg").write_text("no picture")
    return inside


def test_lines_on_standard_output(folder: Path) -> None:
    result = mien(folder, "--out", "-", "--quiet")
    assert result.returncode == 3
    assert result.stderr == ""
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(Path(row["source"]).name, row["status"]) for row in rows] == [
        ("a.png", "ok"),
        ("b.png", "no_face"),
        ("c.jpg", "error"),
    ]
    assert set(rows[0]) == set(SCHEMA)
    assert "text" in rows[2]["reason"]


def test_exit_codes(folder: Path, tmp_path: Path) -> None:
    assert mien(folder / "a.png", folder / "b.png", "--quiet").returncode == 0
    for wrong in (["--every", "0"], ["--out", "faces.xls"], ["--heads", "mood"], ["--score-threshold", "2"], []):
        words = [folder / "a.png", *wrong] if wrong else []
        result = mien(*words)
        assert result.returncode == 2, (wrong, result.stderr)
        assert "Traceback" not in result.stderr
    (tmp_path / "nowhere").mkdir()
    assert mien(folder / "a.png", "--out", tmp_path / "gone" / "x.csv").returncode == 1


def test_list_on_standard_input(folder: Path) -> None:
    result = mien("-", "--out", "-", "--quiet", "--heads", "age", stdin=f"{folder / 'a.png'}\n{folder / 'b.png'}\n")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["status"] for row in rows] == ["ok", "no_face"]
    assert rows[0]["emotion"] is None


def test_a_killed_run_goes_on(folder: Path, tmp_path: Path, astronaut: Image) -> None:
    for number in range(60):
        cv2.imwrite(str(folder / f"z{number:02d}.png"), astronaut)
    out = tmp_path / "faces.jsonl"
    process = subprocess.Popen([*START, str(folder), "--out", str(out), "--quiet"])
    while not out.exists() or out.read_bytes().count(b"\n") < 5:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = out.read_bytes().count(b"\n")
    assert before < 63
    assert mien(folder, "--out", out, "--resume", "--quiet").returncode == 0  # c.jpg was handled before
    names = [json.loads(line)["source"] for line in out.read_text().splitlines()]
    assert len(names) == len(set(names)) == 63


def test_ctrl_c_leaves_a_valid_table(folder: Path, tmp_path: Path, astronaut: Image) -> None:
    import csv

    for number in range(60):
        cv2.imwrite(str(folder / f"z{number:02d}.png"), astronaut)
    out = tmp_path / "faces.csv"
    process = subprocess.Popen([*START, str(folder), "--out", str(out), "--quiet"], stderr=subprocess.PIPE)
    partial = Path(f"{out}.partial")
    while not partial.exists() or partial.read_bytes().count(b"\n") < 5:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode not in (0, 3)
    assert b"Traceback" not in errors
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert 5 <= len(rows) < 63
    assert mien(folder, "--out", out, "--resume", "--quiet").returncode == 0  # c.jpg was handled before
    with out.open(newline="", encoding="utf-8") as file:
        assert len({row["source"] for row in csv.DictReader(file)}) == 63


def test_drawings(folder: Path, tmp_path: Path) -> None:
    assert mien(folder, "--draw", tmp_path / "drawn", "--out", tmp_path / "x.jsonl", "--quiet").returncode == 3
    assert sorted(os.listdir(tmp_path / "drawn")) == ["a.png", "b.png"]
    drawn = cv2.imread(str(tmp_path / "drawn" / "a.png"))
    assert drawn.shape[0] >= 480


def test_a_reader_that_has_enough_is_no_error(folder: Path) -> None:
    command = " ".join([*map(repr, START), str(folder), "--out", "-", "--quiet", "| head -n 1"])
    result = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert json.loads(result.stdout)["status"] == "ok"
    assert "Traceback" not in result.stderr
