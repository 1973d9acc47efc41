"""JSON Lines: every row there at once, and after a kill everything but the source that was being read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sinks.sample_frames import EVERY_KIND, every_frame, faces, of_kind, small

from mien.errors import SinkError
from mien.faces import Faces, Frame
from mien.sinks import JsonLinesSink, open_sink
from mien.sinks.lines import parse, read_rows

SCHEMA = {"source", "status", "frame", "time_s", "face", "track_id", "box", "score", "landmarks", "landmarks_68"} | {
    "pose",
    "action_units",
    "emotion",
    "age",
    "attractiveness",
    "attributes",
    "displays",
}
linux = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")


def write(path: Path, frames: list[Frame], resume: bool = False) -> None:
    with JsonLinesSink(path, resume=resume) as sink:
        for frame in frames:
            sink.write(frame)


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_of_row_holds_what_the_frame_holds(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "a.jsonl", of_kind(kind))
    expected = [row for frame in of_kind(kind) for row in frame.to_dicts()]
    assert rows(tmp_path / "a.jsonl") == json.loads(json.dumps(expected))
    assert list(read_rows(tmp_path / "a.jsonl")) == rows(tmp_path / "a.jsonl")


def test_the_rows_have_the_promised_names(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", every_frame())
    found = rows(tmp_path / "a.jsonl")
    assert [row["status"] for row in found] == ["ok"] * 2 + ["no_face", "error", "ok", "ok", "no_face"] + ["ok"] * 3
    for row in found:
        head = {"source", "status", "frame", "time_s", "face"}
        assert set(row) == {"ok": SCHEMA, "no_face": head, "error": head | {"reason"}}[row["status"]]
    video = [row for row in found if row["source"] == "v.mp4"]
    assert [(row["frame"], row["face"], row.get("track_id")) for row in video] == [
        (0, 0, 0),
        (0, 1, 1),
        (2, None, None),
        (4, 0, 0),
    ]


def test_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    found = faces(2)
    write(tmp_path / "a.jsonl", [Frame("a", found)])
    for i, row in enumerate(rows(tmp_path / "a.jsonl")):
        assert row["box"] == found.box[i].tolist()
        assert row["landmarks_68"] == found.landmarks_68[i].tolist()
        assert row["age"]["low"] == found.age.low[i]
        assert row["emotion"]["evidence"] == [list(pair) for pair in found.emotion.evidence[i]]


def test_names_stay_readable(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", small("照片/été 👩🏽‍🚀.jpg"))
    assert "照片/été 👩🏽‍🚀.jpg" in (tmp_path / "a.jsonl").read_text(encoding="utf-8")


def test_every_frame_is_on_disk_at_once(tmp_path: Path) -> None:
    with JsonLinesSink(tmp_path / "a.jsonl") as sink:
        for count, frame in enumerate(small("a", 3), 1):
            sink.write(frame)
            assert len(rows(tmp_path / "a.jsonl")) == count


def test_standard_output_stays_open(capsys: pytest.CaptureFixture[str]) -> None:
    with open_sink("-") as sink:
        sink.write(small("a")[0])
    print("after")
    first, after = capsys.readouterr().out.splitlines()
    assert json.loads(first)["source"] == "a"
    assert after == "after"


def test_a_reader_that_has_enough_ends_the_run_quietly(tmp_path: Path) -> None:
    code = (
        "from mien.faces import Faces, Frame\nfrom mien.sinks import open_sink\n"
        "with open_sink('-') as sink:\n    while True: sink.write(Frame('a', Faces.empty(), 'no_face'))"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout
    assert run.stderr
    with run.stdout, run.stderr:
        assert json.loads(run.stdout.readline())["status"] == "no_face"
        run.stdout.close()
        complaint = run.stderr.read().decode()
    assert run.wait(60) == 1
    assert "BrokenPipeError" in complaint.splitlines()[-1]
    assert "Exception ignored" not in complaint


def test_resume_names_the_finished_and_drops_the_last(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path, [*small("a"), *small("v.mp4", 3), *small("c", 2)])
    with JsonLinesSink(path, resume=True) as sink:
        assert sink.done == {"a", "v.mp4"}
        assert [row["source"] for row in rows(path)] == ["a"] + ["v.mp4"] * 3
        sink.write(small("d")[0])
    assert [row["source"] for row in rows(path)] == ["a"] + ["v.mp4"] * 3 + ["d"]


def test_a_run_killed_at_any_byte_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    sources = {"é": small("é"), "v.mp4": small("v.mp4", 3), "c": small("c"), "d": [Frame("d", Faces.empty())]}
    whole, path = tmp_path / "whole.jsonl", tmp_path / "a.jsonl"
    write(whole, [frame for frames in sources.values() for frame in frames])
    content = whole.read_bytes()
    for end in range(len(content) + 1):
        path.write_bytes(content[:end])
        with JsonLinesSink(path, resume=True) as sink:
            for source, frames in sources.items():
                for frame in frames if source not in sink.done else ():
                    sink.write(frame)
        assert path.read_bytes() == content, end


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe\n", b"[1]\n", b"{}\n"])
def test_resume_without_anything_to_resume(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.jsonl"
    if content is not None:
        path.write_bytes(content)
    with JsonLinesSink(path, resume=True) as sink:
        assert sink.done == frozenset()
        sink.write(small("a")[0])
    assert [row["source"] for row in rows(path)] == ["a"]


def test_without_resume_a_file_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", small("a", 5))
    write(tmp_path / "a.jsonl", small("b"))
    assert [row["source"] for row in rows(tmp_path / "a.jsonl")] == ["b"]


@pytest.mark.parametrize("line", [b'{"source": "a"}', b'{"source": \n', b"\xff\n", b'["source"]\n', b"1\n", b"{}\n"])
def test_lines_that_are_no_rows(line: bytes) -> None:
    assert parse(line) is None


def test_reading_stops_at_the_first_line_that_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path, small("a", 3))
    path.write_bytes(path.read_bytes()[:-5])
    assert len(list(read_rows(path))) == 2


@linux
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").symlink_to("/dev/full")
    with pytest.raises(SinkError, match="cannot be written: No space left"), open_sink(tmp_path / "a.jsonl") as sink:
        sink.write(small("a")[0])


def test_a_file_that_may_not_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SinkError, match=r"a\.jsonl' cannot be written: Permission denied"):
        JsonLinesSink(tmp_path / "a.jsonl")
