"""A list of rows as a file, whole or not at all."""

import csv
import json
import sys
from pathlib import Path

import pytest

from mien.errors import InputError, MissingDependencyError, SinkError
from mien.sinks.rows import KINDS, check_rows_target, write_rows

ROWS = [
    {"name": 'été, "a"', "rank": 1, "score": 0.25, "taste": None, "good": True},
    {"name": "", "rank": None, "score": None, "taste": None, "good": False},
]


def read(path: Path) -> list[dict]:
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    if path.suffix == ".parquet":
        return pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", KINDS)
def test_rows_come_back(tmp_path: Path, kind: str) -> None:
    if kind == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"rows{kind}"
    check_rows_target(path)
    path.write_text("older")
    write_rows(ROWS, path)
    text = {True: "true", False: "false", None: ""}
    told = [{k: text.get(v, str(v)) if k != "rank" else str(v or "") for k, v in row.items()} for row in ROWS]
    assert read(path) == (told if kind == ".csv" else ROWS)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_unknown_numbers_stay_numbers(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    write_rows(ROWS, tmp_path / "rows.parquet")
    assert str(pq.read_schema(tmp_path / "rows.parquet").field("taste").type) == "double"


def test_wrong_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"'out' must be a file that ends in .csv or .json or .parquet"):
        check_rows_target(tmp_path / "rows.xls")
    with pytest.raises(InputError, match=r"'sheet' must be a file that ends in .png"):
        check_rows_target(tmp_path / "rows.csv", "sheet", (".png",))
    with pytest.raises(InputError, match="'out' must be a file in a folder that exists"):
        check_rows_target(tmp_path / "gone" / "rows.csv")
    with pytest.raises(SinkError, match="cannot be written"):
        write_rows(ROWS, tmp_path / "gone" / "rows.csv")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match=r"mien\[parquet\]"):
        check_rows_target(tmp_path / "rows.parquet")
