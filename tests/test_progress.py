"""Bars for terminals only, one writer at a time, files that are whole."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training data need mien[train]")

from mien.files import locked, progress_bar, replace_text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(io.StringIO, False), (Terminal, True)])
def test_a_bar_is_drawn_for_terminals_only(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], shown: bool
) -> None:
    written = stream()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("cutting faces", 3, 1) as advance:
        advance()
        advance()
    assert ("cutting faces" in written.getvalue()) is shown
    assert ("3/3" in written.getvalue()) is shown


_WRITER = """
import sys, time
from pathlib import Path
from mien.files import locked
log = Path(sys.argv[1])
with locked(log.parent / "set"):
    for _ in range(3):
        with log.open("a") as file:
            file.write(sys.argv[2])
        time.sleep(0.05)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks on Windows")
def test_two_processes_take_turns(tmp_path: Path) -> None:
    log = tmp_path / "log"
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(log), name]) for name in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert log.read_text() in ("aaabbb", "bbbaaa")


def test_the_lock_goes_with_the_work(tmp_path: Path) -> None:
    with locked(tmp_path / "deep" / "set"):
        assert (tmp_path / "deep" / "set.lock").exists()
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    replace_text(path, "first")
    with pytest.raises(UnicodeEncodeError):
        replace_text(path, "\ud800")
    assert path.read_text() == "first"
