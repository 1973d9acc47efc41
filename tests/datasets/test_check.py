"""What a look at a set finds: columns, labels, splits, leaks, faults; no picture is opened."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training data need mien[train]")
pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq

from mien.datasets import tables
from mien.datasets.check import check_table
from mien.datasets.tables import open_table
from mien.errors import InputError


def table(folder: Path, **columns: Any) -> Any:
    count = len(next(iter(columns.values())))
    pq.write_table(pa.table({"image": [b"x"] * count, **columns}), folder / "set.parquet")
    return open_table(folder / "set.parquet")


def test_a_sound_set(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "decode", lambda encoded: pytest.fail("no picture is opened"))
    report = check_table(open_table(tiny.folder / "faces.parquet"), group="id")
    assert report.sound
    assert report.rows == 58
    assert report.kind == "Parquet"
    assert report.splits == {"test": 36, "train": 16, "val": 6}
    assert report.labels["age"] == 58
    assert {"landmarks", "pose", "action_units", "emotion", "rating"} <= set(report.labels)
    holds = {column.name: column.holds for column in report.columns}
    assert holds["age"] == "18 to 62"
    assert holds["gender"] == "female, male"
    assert holds["landmarks"] == "lists of 136"
    assert holds["id"].endswith("and 52 more")
    assert report.metadata["terms"] == "public domain"


def test_empty_cells_are_counted_and_no_fault(tmp_path: Path) -> None:
    report = check_table(table(tmp_path, age=[1.0, None, 3.0], note=["", "a", None], nothing=[None] * 3))
    assert report.sound
    assert {column.name: column.missing for column in report.columns} == {"age": 1, "note": 2, "nothing": 3}
    assert {column.name: column.holds for column in report.columns}["nothing"] == "nothing"
    assert report.labels == {"age": 2}


def test_all_faults_are_listed_with_their_rows(tmp_path: Path) -> None:
    report = check_table(table(tmp_path, age=[1, 300], AU12=[0.0, 3.0], id=["a", "b"]))
    assert not report.sound
    assert len(report.faults) == 2
    assert all("set.parquet, row 1 (b)" in fault for fault in report.faults)
    assert report.labels == {}


def test_people_in_two_splits_are_leaks(tmp_path: Path) -> None:
    found = table(tmp_path, person=["a", "a", "b"], split=["train", "test", "test"])
    assert check_table(found).sound
    report = check_table(found, group="person")
    assert report.leaks == {"a": ["test", "train"]}
    assert not report.sound
    with pytest.raises(InputError, match="Did you mean 'person'"):
        check_table(found, group="persons")


def test_a_set_without_rows_is_not_sound(tmp_path: Path) -> None:
    assert not check_table(table(tmp_path, age=pa.array([], pa.float32()))).sound
