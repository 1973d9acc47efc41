"""A whole run writes nothing but its output, and looks no host up: of mien, and of every package that it loads."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.geometry import Image

RUN = [sys.executable, "-c", "from mien.cli import main; main()"]
WORDS = ["analyze", "a.png", "party.mp4", "--out", "o.parquet", "--events", "e.csv", "--draw", "drawn"]
FILES = {"a.png", "party.mp4", "o.parquet", ".o.parquet.options.json", "e.csv", "drawn"}
DRAWN = {"a.png", "party.mp4", "party_timeline.png"}
TRACER = ["strace", "-f", "-y", "-qq", "-e", "trace=%file,%network", "-o"]
PATH = r'\((?:\w+<([^>]*)>, )?"([^"]+)"'  # the folder of a relative path, and the path
CHANGES = re.compile(
    rf"(?:\b(?:open|openat){PATH}, [^)]*(?:O_WRONLY|O_RDWR|O_CREAT)"
    rf"|\b(?:creat|mkdir|mkdirat|unlink|unlinkat|rename|renameat|renameat2|link|linkat|symlink|symlinkat){PATH})"
    r".*(?:\) = \d|<unfinished)"
)
LOOK_UPS = re.compile(r"AF_INET|/etc/resolv\.conf|/etc/hosts\b")


@pytest.fixture
def desk(tmp_path: Path, astronaut: Image, write_video: Callable[..., Path]) -> Path:
    """A folder with a photo and a video, beside an empty home."""
    inside = tmp_path / "desk"
    inside.mkdir()
    (tmp_path / "home").mkdir()
    cv2.imwrite(str(inside / "a.png"), np.ascontiguousarray(astronaut[..., ::-1]))
    write_video([astronaut[:256, 100:356]] * 5).rename(inside / "party.mp4")
    return inside


def run(desk: Path, *before: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    home = {"HOME": str(desk.parent / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([*before, *RUN, *WORDS], cwd=desk, env=kept | home, capture_output=True, text=True)


def test_nothing_is_left_but_the_output(desk: Path) -> None:
    pytest.importorskip("pyarrow")
    result = run(desk)
    assert result.returncode == 0, result.stderr
    assert os.listdir(desk.parent / "home") == []
    assert set(os.listdir(desk)) == FILES
    assert set(os.listdir(desk / "drawn")) == DRAWN


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace, which tells the calls of the system")
def test_no_call_of_the_system_writes_elsewhere_or_looks_a_host_up(desk: Path) -> None:
    pytest.importorskip("pyarrow")
    trace = desk.parent / "trace"
    result = run(desk, *TRACER, str(trace))
    if "Operation not permitted" in result.stderr:
        pytest.skip("processes may not be traced here")
    assert result.returncode == 0, result.stderr
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    assert not [line for line in lines if LOOK_UPS.search(line)]
    found = [[part or "" for part in match.groups()] for line in lines if (match := CHANGES.search(line))]
    changed = {Path(desk, folder + also, path + name) for folder, path, also, name in found}
    assert not {path for path in changed if not path.is_relative_to(desk) and path.parts[1] not in ("dev", "proc")}
    assert desk / "o.parquet.partial" in changed  # the trace shows what is written
