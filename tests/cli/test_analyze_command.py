"""`mien analyze` as a person calls it: what it prints, writes, and returns."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.fixtures.output_schema import SCHEMA
from typer.testing import CliRunner

from mien.analyzer import Analyzer
from mien.cli import app, main
from mien.errors import InputError, SinkError
from mien.expression.events import events_in
from mien.faces import Frame
from mien.geometry import Image
from mien.sinks.lines import JsonLinesSink
from mien.sinks.options import options_file

MANY = 25
"""Photos, so that a run lasts until it is broken off."""
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


def exit_code(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> Any:
    """Of the whole command, within this process."""
    monkeypatch.setattr(sys, "argv", ["mien", "analyze", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_exit_codes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, folder / "a.png", folder / "b.png", "--heads", "", "--quiet") == 0
    for wrong in (["--every", "0"], ["--out", "faces.xls"], ["--heads", "mood"], ["--score-threshold", "2"], []):
        capsys.readouterr()
        assert exit_code(monkeypatch, *([folder / "a.png", *wrong] if wrong else [])) == 2, wrong
        assert capsys.readouterr().err, wrong
    assert exit_code(monkeypatch, folder / "a.png", "--out", tmp_path / "gone" / "x.csv") == 1


def test_list_on_standard_input(folder: Path) -> None:
    result = mien("-", "--out", "-", "--quiet", "--heads", "age", stdin=f"{folder / 'a.png'}\n{folder / 'b.png'}\n")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["status"] for row in rows] == ["ok", "no_face"]
    assert rows[0]["emotion"] is None


def test_a_list_is_answered_as_it_comes(folder: Path) -> None:
    words = ["-", "--out", "-", "--quiet", "--heads", ""]
    process = subprocess.Popen([*START, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    with process.stdin, process.stdout:
        for name, status in (("a.png", "ok"), ("b.png", "no_face"), ("gone.png", "error")):
            process.stdin.write(f"{folder / name}\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["status"] == status  # before the next is named
        process.stdin.close()
        assert process.stdout.read() == ""
    assert process.wait(60) == 3


def test_nothing_to_do_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    out = tmp_path / "x.jsonl"
    result = here(tmp_path / "empty", folder, "--glob", "*.JPG", "--heads", "", "--out", out)
    assert result.exit_code == 3
    first, second, total = result.stderr.splitlines()
    assert first.endswith("empty'; it is empty. Check the path.")
    assert "that matches the glob '*.JPG'" in second
    assert "there are .png (2), .jpg (1)" in second
    assert total == "mien: 2 of 2 sources could not be read; their rows say why."
    assert [f"mien: {json.loads(line)['reason']}" for line in out.read_text().splitlines()] == [first, second]


def here(*words: str | Path) -> Any:
    """The command within this process, which need not load everything again."""
    return CliRunner().invoke(app, ["analyze", *map(str, words)])


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_run_with_other_options_is_not_resumed(folder: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"faces.{suffix}"
    words = [folder / "a.png", folder / "c.jpg", "--out", out, "--quiet", "--heads"]
    assert here(*words, "age").exit_code == 3
    before = out.read_bytes()
    refused = here(*words, "expression", "--resume", "--max-faces", "2").exception
    assert isinstance(refused, InputError)
    assert "Got heads expression (" in str(refused)
    assert ") instead of age (" in str(refused)
    assert "max_faces 2 instead of null" in str(refused)
    assert out.read_bytes() == before
    assert here(*words, "age", "--resume", "--threads", "1").exit_code == 3  # as the run would have ended unbroken
    assert out.read_bytes() == before
    options_file(out).unlink()
    assert "must find the options of the earlier run" in str(here(*words, "age", "--resume").exception)
    other = [folder / "b.png", "--out", out, "--heads", "", "--quiet"]
    assert [here(*other).exit_code, here(*other, "--resume").exit_code] == [0, 0]


def test_what_cannot_be_drawn_empties_no_file(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    out.write_text("of an earlier run")
    result = here(folder / "a.png", "--out", out, "--heads", "", "--draw", folder / "a.png" / "drawn")
    assert isinstance(result.exception, SinkError)
    assert out.read_text() == "of an earlier run"
    assert set(os.listdir(tmp_path)) == {"photos", "x.jsonl"}


def test_options_of_expression(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("bias: {neutral: 9}\nAU12: {positive: 1.0}\n", encoding="utf-8-sig")  # as some editors save
    words = [folder / "a.png", "--out", "-", "--quiet", "--heads", "expression", "--neutral"]
    (row,) = (json.loads(line) for line in mien(*words, "--displays", "--evidence", mine).stdout.splitlines())
    assert row["emotion"]["label"] == "neutral"
    assert row["emotion"]["clear"] is True
    assert row["displays"]["smile"].startswith("smile")
    mine.write_text("AU13: {positive: 1.0}", encoding="utf-8")
    result = mien(*words, "--evidence", mine)
    assert result.returncode == 2
    assert "Did you mean AU" in result.stderr
    assert str(mine) in result.stderr


def test_a_killed_run_goes_on(folder: Path, tmp_path: Path, astronaut: Image) -> None:
    for number in range(MANY):
        cv2.imwrite(str(folder / f"z{number:02d}.png"), astronaut)
    out = tmp_path / "faces.jsonl"
    process = subprocess.Popen([*START, str(folder), "--out", str(out), "--quiet"])
    while not out.exists() or out.read_bytes().count(b"\n") < 5:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = out.read_bytes().count(b"\n")
    assert before < MANY + 3
    assert mien(folder, "--out", out, "--resume", "--quiet").returncode == 3  # c.jpg, read before the end, counts
    names = [json.loads(line)["source"] for line in out.read_text().splitlines()]
    assert len(names) == len(set(names)) == MANY + 3


def _heed_interrupts() -> None:
    """A shell makes what it starts in the background ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_leaves_a_valid_table(folder: Path, tmp_path: Path, astronaut: Image) -> None:
    import csv

    for number in range(MANY):
        cv2.imwrite(str(folder / f"z{number:02d}.png"), astronaut)
    out = tmp_path / "faces.csv"
    words = [*START, str(folder), "--out", str(out), "--quiet"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, preexec_fn=_heed_interrupts)
    partial = Path(f"{out}.partial")
    while not partial.exists() or partial.read_bytes().count(b"\n") < 5:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode not in (0, 3)
    assert b"Traceback" not in errors
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert 5 <= len(rows) < MANY + 3
    assert mien(folder, "--out", out, "--resume", "--quiet").returncode == 3  # c.jpg, read before the end, counts
    with out.open(newline="", encoding="utf-8") as file:
        assert len({row["source"] for row in csv.DictReader(file)}) == MANY + 3


def test_drawings(folder: Path, tmp_path: Path) -> None:
    assert mien(folder, "--draw", tmp_path / "drawn", "--out", tmp_path / "x.jsonl", "--quiet").returncode == 3
    assert sorted(os.listdir(tmp_path / "drawn")) == ["a.png", "b.png"]
    drawn = cv2.imread(str(tmp_path / "drawn" / "a.png"))
    assert drawn.shape[0] >= 480


def test_what_the_rows_call_done_is_drawn(
    folder: Path, tmp_path: Path, write_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [write_video([np.full((64, 64, 3), 90, np.uint8)] * 3, name) for name in ("c.mp4", "d.mp4")]
    drawn, out, seen = tmp_path / "drawn", tmp_path / "x.jsonl", []
    write, close = JsonLinesSink.write, JsonLinesSink.close

    def watched(sink: JsonLinesSink, frame: Frame) -> None:
        seen.append((Path(frame.source).name, sorted(os.listdir(drawn))))
        write(sink, frame)

    def closed(sink: JsonLinesSink, complete: bool) -> None:
        seen.append(("", sorted(os.listdir(drawn))))
        close(sink, complete)

    monkeypatch.setattr(JsonLinesSink, "write", watched)
    monkeypatch.setattr(JsonLinesSink, "close", closed)
    words = ["--heads", "", "--draw", drawn, "--out", out, "--quiet"]
    assert here(clips[0], folder / "c.jpg", folder / "b.png", clips[1], *words).exit_code == 3
    assert dict(seen)["c.jpg"] == ["c.mp4"]
    assert dict(seen)["b.png"] == ["b.png", "c.mp4"]
    assert dict(seen)[""] == ["b.png", "c.mp4", "d.mp4"]


def test_a_reader_that_has_enough_is_no_error(folder: Path) -> None:
    command = " ".join([*map(repr, START), str(folder), "--out", "-", "--quiet", "| head -n 1"])
    result = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert json.loads(result.stdout)["status"] == "ok"
    assert "Traceback" not in result.stderr


def test_events_of_a_video(astronaut: Image, tmp_path: Path, write_video: Callable[..., Path]) -> None:
    face = np.asarray(cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    video = write_video([face] * 8 + [np.full_like(face, 90)] * 8, "smile.mp4")
    cv2.imwrite(str(tmp_path / "a.png"), face)
    out, events, drawn = tmp_path / "faces.csv", tmp_path / "events.jsonl", tmp_path / "drawn"
    words = [tmp_path / "a.png", video, "--out", out, "--events", events, "--heads", "expression", "--quiet"]
    result = mien(*words, "--draw", drawn)
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert rows == [event.to_dict() for event in events_in(Analyzer(["expression"]).video(video))]
    (smile,) = [row for row in rows if row["action_unit"] == "AU12"]
    assert (smile["source"], smile["onset_s"], smile["open"]) == (str(video), 0, True)
    assert smile["offset_s"] == pytest.approx(7 / 25, abs=0.05)
    assert sorted(os.listdir(drawn)) == ["a.png", "smile.mp4", "smile_timeline.png"]
    assert mien(*words, "--resume").returncode == 0  # all is done: the events stay
    assert [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()] == rows
    events.unlink()
    refused = mien(*words, "--resume")
    assert (refused.returncode, "'events' must name" in refused.stderr) == (2, True)


def test_events_need_units(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("of an earlier run")
    for wrong in (["e.csv", "--heads", "age"], ["e.xls"], ["x.csv"]):
        result = here(
            folder / "a.png", "--out", tmp_path / "x.csv", "--quiet", "--events", tmp_path / wrong[0], *wrong[1:]
        )
        assert isinstance(result.exception, InputError)
        assert (tmp_path / "x.csv").read_text() == "of an earlier run"


def test_open_terms_run_open_models_alone(folder: Path) -> None:
    result = mien(folder / "a.png", "--open", "--out", "-", "--quiet")
    assert result.returncode == 0
    row = json.loads(result.stdout)
    assert row["emotion"]["label"] == "positive"
    assert row["age"] is None
    refused = mien(folder / "a.png", "--open", "--heads", "age", "--quiet")
    assert refused.returncode == 2
    assert "open terms" in refused.stderr


def test_processes_write_what_a_single_one_writes(folder: Path, tmp_path: Path) -> None:
    words = [folder, folder / "gone.jpg", "--quiet", "--heads", "age"]
    files = [tmp_path / f"{n}.jsonl" for n in (1, 2)]
    for n, file in enumerate(files, 1):
        assert mien(*words, "--out", file, "--workers", n).returncode == 3
    whole = files[0].read_bytes()
    assert files[1].read_bytes() == whole
    files[1].write_bytes(whole[: len(whole) // 2])
    assert mien(*words, "--out", files[1], "--workers", 2, "--resume").returncode == 3
    assert files[1].read_bytes() == whole
