"""CSV and Parquet: whole or not at all, the same columns whatever was found, nothing lost to a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.sinks.sample_frames import every_frame, faces, of_kind, read, small

from mien.errors import MissingDependencyError, SinkError
from mien.faces import Frame
from mien.sinks import Sink, open_sink

pq = pytest.importorskip("pyarrow.parquet")


def sources(path: Path) -> list[str]:
    return [row["source"] for row in read(path)]


def names(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def write(path: Path, frames: list[Frame], resume: bool = False) -> None:
    with open_sink(path, resume=resume) as sink:
        for frame in frames:
            sink.write(frame)


def interrupt(path: Path, frames: list[Frame], resume: bool = False) -> None:
    """A run that ends in Ctrl-C after these frames."""

    def run() -> None:
        with open_sink(path, resume=resume) as sink:
            for frame in frames:
                sink.write(frame)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()


def kill(path: Path, frames: list[Frame], resume: bool = False) -> None:
    """A run that ends without `close`, as a killed one does; only the open file is let go."""
    sink = open_sink(path, resume=resume)
    for frame in frames:
        sink.write(frame)
    sink._lines._file.close()  # type: ignore[attr-defined]


def go_on(path: Path, wanted: dict[str, list[Frame]]) -> frozenset[str]:
    """Resume with the sources that are not done; names of those that were."""
    with open_sink(path, resume=True) as sink:
        done = sink.done
        for name, frames in wanted.items():
            for frame in frames if name not in done else ():
                sink.write(frame)
    return done


@pytest.fixture
def wanted() -> dict[str, list[Frame]]:
    return {"a": small("a"), "v.mp4": small("v.mp4", 3), "c": [Frame("c", faces(2))], "d": small("d")}


def test_nothing_has_the_final_name_until_all_is_there(path: Path) -> None:
    with open_sink(path) as sink:
        for frame in every_frame():
            sink.write(frame)
            assert names(path) == [f"{path.name}.partial"]
    assert names(path) == [path.name]
    assert len(read(path)) == 10


def test_an_earlier_table_stays_until_the_new_one_is_whole(path: Path) -> None:
    write(path, small("old"))
    kill(path, small("new", 2))
    assert sources(path) == ["old"]
    write(path, small("new", 2))
    assert sources(path) == ["new"] * 2
    assert names(path) == [path.name]


def test_a_killed_run_goes_on_where_it_was(path: Path, wanted: dict[str, list[Frame]]) -> None:
    write(path, [frame for frames in wanted.values() for frame in frames])
    whole = read(path)
    path.unlink()
    kill(path, [*wanted["a"], *wanted["v.mp4"][:2]])
    assert names(path) == [f"{path.name}.partial"]
    assert go_on(path, wanted) == {"a"}
    assert read(path) == whole
    assert names(path) == [path.name]


def test_a_process_that_is_killed_leaves_its_rows(path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom mien.faces import Faces, Frame\nfrom mien.sinks import open_sink\n"
        "sink = open_sink(sys.argv[1])\n"
        "for name in 'abc': sink.write(Frame(name, Faces.empty(), 'no_face'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == -signal.SIGKILL
    assert names(path) == [f"{path.name}.partial"]
    assert go_on(path, {"c": small("c")}) == {"a", "b"}
    assert sources(path) == ["a", "b", "c"]


def test_ctrl_c_leaves_a_valid_table_and_what_a_resumed_run_needs(path: Path, wanted: dict[str, list[Frame]]) -> None:
    interrupt(path, [*wanted["a"], *wanted["v.mp4"][:2]])
    assert sources(path) == ["a", "v.mp4", "v.mp4"]
    assert names(path) == [path.name, f"{path.name}.partial"]
    assert go_on(path, wanted) == {"a"}
    assert sources(path) == ["a", *["v.mp4"] * 3, "c", "c", "d"]
    assert names(path) == [path.name]


def test_resume_adds_to_a_finished_table(path: Path) -> None:
    write(path, every_frame())
    before = read(path)
    more = small("more", 2)
    done = go_on(path, {frame.source: [frame] for frame in every_frame()} | {"more": more})
    assert done == {frame.source for frame in every_frame()}
    assert read(path)[: len(before)] == before
    assert sources(path)[len(before) :] == ["more"] * 2
    assert names(path) == [path.name]


@pytest.mark.parametrize("cut", [interrupt, kill])
def test_an_adding_run_that_is_cut_off_loses_nothing(path: Path, cut: Any, wanted: dict[str, list[Frame]]) -> None:
    write(path, [*wanted["a"], *wanted["c"]])
    before = read(path)
    cut(path, [*wanted["v.mp4"], *wanted["d"]], resume=True)
    assert read(path)[:3] == before
    assert go_on(path, {"d": wanted["d"]}) == {"a", "c", "v.mp4"}
    assert sources(path) == ["a", "c", "c", *["v.mp4"] * 3, "d"]
    assert read(path)[:3] == before
    assert names(path) == [path.name]


def test_a_fresh_run_forgets_what_a_cut_off_one_would_have_added(path: Path) -> None:
    write(path, small("a"))
    kill(path, small("b"), resume=True)
    write(path, small("c"))
    assert names(path) == [path.name]
    assert go_on(path, {}) == {"c"}
    assert sources(path) == ["c"]


@pytest.mark.parametrize("content", [b"", b"not a table", b"x,y\n1,2\n"])
def test_a_table_of_another_program_is_not_added_to(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(SinkError, match=r"is not a whole table of mien.*another name"):
        open_sink(path, resume=True)
    assert path.read_bytes() == content


def test_a_table_that_cannot_be_put_in_place_keeps_its_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(SinkError, match=rf"cannot be written: Permission denied.*t\.{path.suffix[1:]}\.partial"):
            write(path, of_kind("two faces"))
    assert names(path) == [f"{path.name}.partial"]
    assert go_on(path, {}) == frozenset()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_said(path: Path) -> None:
    path.with_name(f"{path.name}.partial").symlink_to("/dev/full")
    with pytest.raises(SinkError, match="No space left"):
        write(path, small("a"))


def test_parquet_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=r"needs the package 'pyarrow'.*pip install 'mien\[parquet\]'"):
        open_sink(tmp_path / "t.parquet")
    assert os.listdir(tmp_path) == []


def test_csv_needs_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    sink: Sink = open_sink(tmp_path / "t.csv")
    with sink:
        sink.write(of_kind("unicode")[0])
    assert sources(tmp_path / "t.csv") == [of_kind("unicode")[0].source]
