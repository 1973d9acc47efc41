"""The columns of a table are the same whatever was found, and its values are those of the frames."""

import json
from pathlib import Path

import pytest
from tests.sinks.sample_frames import Rows, every_frame, plain, read, small

from mien.faces import Faces, Frame, flatten
from mien.sinks import open_sink
from mien.sinks import tables as tables_module
from mien.sinks.tables import COLUMNS

pq = pytest.importorskip("pyarrow.parquet")


def write(path: Path, frames: list[Frame], resume: bool = False) -> None:
    with open_sink(path, resume=resume) as sink:
        for frame in frames:
            sink.write(frame)


@pytest.mark.parametrize("found", ["nothing", "errors", "no faces", "plain faces", "everything"])
def test_columns_are_the_same_whatever_was_found(path: Path, found: str) -> None:
    frames = {
        "nothing": [],
        "errors": small("a"),
        "no faces": [Frame("a", Faces.empty(), "no_face")],
        "plain faces": [Frame("a", plain(2))],
        "everything": every_frame(),
    }[found]
    write(path, frames)
    if path.suffix == ".csv":
        with path.open(encoding="utf-8") as file:
            assert file.readline().rstrip().split(",") == list(COLUMNS)
    else:
        write(path.with_name("other.parquet"), every_frame())
        assert pq.read_schema(path).equals(pq.read_schema(path.with_name("other.parquet")))
        assert pq.read_schema(path).names == list(COLUMNS)


def expected_rows() -> Rows:
    dicts = [row for frame in every_frame() for row in frame.to_dicts()]
    told = [row.get("attributes") for row in dicts]
    rows = [flatten({**row, "attributes": part and json.dumps(part)}) for row, part in zip(dicts, told, strict=True)]
    return [{name: row.get(name) for name in COLUMNS} for row in rows]


def test_csv_values_round_trip(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", every_frame())
    for got, expected in zip(read(tmp_path / "t.csv"), expected_rows(), strict=True):
        for name, kind in COLUMNS.items():
            cell, value = got[name], expected[name]
            if value is None:
                assert cell == ""
            else:
                back = cell if kind in ("text", "json") else json.loads(cell)
                assert back == (json.loads(json.dumps(value))), name


def test_parquet_values_round_trip(tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", every_frame())
    for got, expected in zip(read(tmp_path / "t.parquet"), expected_rows(), strict=True):
        for name, kind in COLUMNS.items():
            if kind == "pairs" and expected[name] is not None:
                pairs = [(pair["action_unit"], pair["contribution"]) for pair in got[name]]
                assert [code for code, _ in pairs] == [code for code, _ in expected[name]]
                assert [value for _, value in pairs] == pytest.approx([value for _, value in expected[name]])
            else:
                assert got[name] == expected[name], name


def test_long_tables_are_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables_module, "_BATCH", 3)
    path = tmp_path / "t.parquet"
    write(path, small("a", 7))
    write(path, small("b", 8), resume=True)
    assert [row["reason"] for row in read(path)] == [f"a {i}" for i in range(7)] + [f"b {i}" for i in range(8)]
