"""Sources over processes: nothing lost, nothing twice, in order, whatever dies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.parallel.scripted_reader import ScriptedReader

from mien.errors import InputError, WorkerError
from mien.media import Source
from mien.parallel import run_in_processes
from mien.parallel.pool import PHOTOS_A_TASK


def photos(*names: str) -> list[Source]:
    return [Source(name, "video" if name.startswith("film") else "photo") for name in names]


def test_order_is_kept_over_processes(tmp_path: Path) -> None:
    names = [f"{i}.jpg" for i in range(4 * PHOTOS_A_TASK + 1)]
    frames = list(run_in_processes(ScriptedReader(tmp_path), photos(*names), 2, skip={"3.jpg"}))
    assert [frame.source for frame in frames] == [name for name in names if name != "3.jpg"]
    assert {frame.index for frame in frames}.isdisjoint({os.getpid()})


def test_a_photo_that_kills_its_process_is_one_row_and_the_others_are_read(tmp_path: Path) -> None:
    names = [*"abcdefgh"[:PHOTOS_A_TASK], "once", "i", *(f"j{i}" for i in range(PHOTOS_A_TASK - 2)), "die", "k"]
    frames = list(run_in_processes(ScriptedReader(tmp_path), photos(*names), 2))
    assert [frame.source for frame in frames] == names
    assert [frame.source for frame in frames if frame.status == "error"] == ["die"]
    assert "SIGKILL" in next(frame.reason for frame in frames if frame.source == "die")


def test_a_video_that_kills_its_process_keeps_the_frames_before(tmp_path: Path) -> None:
    film = [Source("film die", "video"), Source("film 2", "video"), Source("gone", "error", reason="It is gone.")]
    frames = list(run_in_processes(ScriptedReader(tmp_path), film[:2], 1))
    assert [(frame.source, frame.status) for frame in frames] == [
        *[("film die", "no_face")] * 3,
        *[("film 2", "no_face")] * 3,
    ]


def test_usage_errors_of_the_reader_come_through(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'every' must be"):
        list(run_in_processes(ScriptedReader(tmp_path), photos("refuse"), 1))
    with pytest.raises(InputError, match="'workers' must be"):
        list(run_in_processes(ScriptedReader(tmp_path), photos("a"), 0))


def test_processes_that_never_start_stop_the_run(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match=r"exit code 7.*Use one worker"):
        list(run_in_processes(ScriptedReader(tmp_path, dead_at_start=True), photos("a"), 1))


def test_frames_before_a_pause_come_before_the_next_source_is_asked_for(tmp_path: Path) -> None:
    told: list[str] = []

    def listed() -> Iterator[Source]:
        yield Source("a", "photo", pause=True)
        assert told == ["a"]
        yield Source("b", "photo")

    for frame in run_in_processes(ScriptedReader(tmp_path), listed(), 2):
        told.append(frame.source)
    assert told == ["a", "b"]


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from tests.parallel.scripted_reader import ScriptedReader\n"
        "from mien.media import Source\n"
        "from mien.parallel import run_in_processes\n"
        f"reader = ScriptedReader(Path({str(tmp_path)!r}))\n"
        "print([frame.source for frame in run_in_processes(reader, [Source('a', 'photo')], 1)])\n"
    )
    paths = os.pathsep.join([os.getcwd(), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}, timeout=250
    )
    assert (done.stdout, done.stderr) == ("['a']\n", "")
