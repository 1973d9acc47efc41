"""The name of the file chooses the sink; what cannot work is refused before anything is read."""

import json
import os
import re
from pathlib import Path

import pytest
from tests.sinks.sample_frames import small

from mien.errors import InputError, MienError, SinkError
from mien.faces import Faces, Frame
from mien.sinks import CsvSink, JsonLinesSink, ParquetSink, Sink, open_sink
from mien.sinks.options import options_file


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jsonl", JsonLinesSink),
        ("a.NDJSON", JsonLinesSink),
        ("a.b.csv", CsvSink),
        ("A.CSV", CsvSink),
        ("a.parquet", ParquetSink),
        ("表.parquet", ParquetSink),
    ],
)
def test_the_suffix_chooses(tmp_path: Path, name: str, kind: type[Sink]) -> None:
    if kind is ParquetSink:
        pytest.importorskip("pyarrow")
    for target in (tmp_path / name, str(tmp_path / name)):
        with open_sink(target) as sink:
            assert type(sink) is kind
            assert sink.done == frozenset()
    assert os.listdir(tmp_path) == [name]


def test_a_dash_is_standard_output() -> None:
    sink = open_sink("-", resume=True)
    assert isinstance(sink, JsonLinesSink)
    assert sink.path is None
    assert sink.done == frozenset()


@pytest.mark.parametrize("name", ["a.txt", "a", "a.json", "a.csv.gz", ".csv", "a.xlsx"])
def test_other_suffixes_are_refused_with_the_ones_that_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"'out' must end in \.jsonl, .*\.csv, \.parquet, or be '-'\. Got '"):
        open_sink(tmp_path / name)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_folder_must_exist(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(SinkError, match=r"folder '.*missing' does not exist\. Make it first"):
        open_sink(tmp_path / "missing" / f"a.{suffix}")


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_folder_is_no_file(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.{suffix}").mkdir()
    with pytest.raises(SinkError, match="is a folder"):
        open_sink(tmp_path / f"a.{suffix}")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_folder_that_is_read_only(tmp_path: Path, suffix: str) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(SinkError, match="cannot be written: Permission denied"):
            open_sink(tmp_path / f"a.{suffix}")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder in which no file can be made")
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_folder_that_takes_no_files(suffix: str) -> None:
    with pytest.raises(SinkError, match="cannot be written"):
        open_sink(f"/proc/self/a.{suffix}")


def test_a_relative_name_is_in_the_folder_one_works_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_sink("a.jsonl") as sink:
        sink.write(small("a")[0])
    assert os.listdir(tmp_path) == ["a.jsonl"]


class Recorder(Sink):
    """Remembers how it was closed."""

    closed: bool | None = None

    def write(self, frame: Frame) -> None:
        """Nothing is kept."""

    def close(self, complete: bool) -> None:
        """Remember."""
        self.closed = complete


def test_leaving_tells_whether_the_run_was_whole() -> None:
    with Recorder() as sink:
        assert sink.closed is None
    assert sink.closed is True
    for error in (KeyboardInterrupt(), MienError(), SystemExit(3)):
        cut = Recorder()
        with pytest.raises(type(error)), cut:
            raise error
        assert cut.closed is False


FILES = ["t.jsonl", "t.csv", "t.parquet"]


def rows(path: Path, names: str, resume: bool = False, options: dict[str, object] | None = None) -> Sink:
    with open_sink(path, resume=resume, options=options) as sink:
        for name in names:
            status = "error" if name.isupper() else "no_face"
            sink.write(Frame(name, Faces.empty(), status, "it is broken"))
    return sink


@pytest.mark.parametrize("name", FILES)
def test_errors_of_earlier_parts_are_known(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    rows(tmp_path / name, "aBCd")
    sink = open_sink(tmp_path / name, resume=True)
    sink.close(False)
    assert sink.errors == {"B", "C"}
    assert sink.errors <= sink.done
    assert rows(tmp_path / name, "").errors == frozenset()


@pytest.mark.parametrize("name", FILES)
def test_only_the_same_options_are_resumed(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path, options = tmp_path / name, {"heads": "age", "every": 1, "evidence": None}
    rows(path, "", resume=True, options=options)  # nothing to resume: as a fresh run
    assert json.loads(options_file(path).read_text()) == options
    rows(path, "ab", options=options)
    rows(path, "c", resume=True, options=dict(options))
    before = path.read_bytes()
    told = "Got heads none instead of age; evidence x instead of null; more 1 instead of null. Give the same"
    with pytest.raises(InputError, match=re.escape(told)):
        open_sink(path, resume=True, options={"heads": "none", "every": 1, "evidence": "x", "more": 1})
    assert path.read_bytes() == before
    open_sink(path, resume=True).close(False)  # who gives none answers for them
    options_file(path).write_text("no JSON")
    with pytest.raises(InputError, match="must find the options of the earlier run"):
        open_sink(path, resume=True, options=options)


def test_options_of_a_killed_table_count(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    sink = open_sink(path, options={"every": 1})
    sink.write(Frame("a", Faces.empty(), "no_face"))
    sink._lines._file.close()  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="Got every 2 instead of 1"):
        open_sink(path, resume=True, options={"every": 2})
    rows(path, "b", options={"every": 2})
    assert json.loads(options_file(path).read_text()) == {"every": 2}
