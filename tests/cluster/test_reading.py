"""Partitions are read as one machine reads their files, wherever these lie; nothing here needs Ray."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.cluster.conftest import HEADS

from mien.analyzer import Analyzer
from mien.cluster.plan import make_plan, open_plan, part_name
from mien.cluster.reading import PartitionReader
from mien.cluster.stores import Store
from mien.errors import InputError, StoreError
from mien.sinks import open_sink

pytest.importorskip("fsspec")


@pytest.fixture(scope="module")
def read() -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Reads sources into a folder or store, and returns the rows of all its parts."""
    readers: list[PartitionReader] = []

    def rows(request: Path | str, out: Path | str) -> list[dict[str, Any]]:
        plan = make_plan([str(request)], {}, 2)
        if not readers:
            readers.append(PartitionReader(HEADS | {"threads": 1}, {}, str(out)))
        reader = readers[0]
        reader._out = Store(str(out))
        for index, units in enumerate(plan.partitions):
            reader.write(index, units)
        assert plan.missing(reader._out) == []
        return [row for index in range(len(plan.partitions)) for row in part(reader._out, index)]

    yield rows
    for reader in readers:
        reader.close()


def part(store: Store, index: int) -> list[dict[str, Any]]:
    with store.reading(part_name(index)) as file:
        return pq.read_table(file).to_pylist()


def alone(request: Path, out: Path) -> list[dict[str, Any]]:
    """The rows that one machine writes."""
    with open_sink(out) as sink:
        for frame in Analyzer(**HEADS, threads=1).run([str(request)]):
            sink.write(frame)
    return pq.read_table(out).to_pylist()


def renamed(rows: list[dict[str, Any]], before: str, after: str) -> list[dict[str, Any]]:
    texts = ("source", "reason")
    return [{k: v.replace(before, after) if k in texts and v else v for k, v in row.items()} for row in rows]


def test_a_folder_gives_the_rows_of_one_machine(
    read: Any, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = alone(Path("photos"), tmp_path / "alone.parquet")
    assert [row["status"] for row in expected] == ["ok", "ok", "ok", "no_face", "error"]
    assert read("photos", tmp_path / "out") == expected


def test_an_object_store_gives_the_same_rows(read: Any, photos: Path, tmp_path: Path, bucket: str) -> None:
    Store(bucket).files.put(str(photos), f"{bucket}/photos", recursive=True)
    expected = renamed(alone(photos, tmp_path / "alone.parquet"), str(photos), f"{bucket}/photos")
    assert read(f"{bucket}/photos", f"{bucket}/out") == expected


def test_parquet_and_shards_give_the_same_faces(
    read: Any, photos: Path, tmp_path: Path, write_shard: Callable[..., Path]
) -> None:
    expected = alone(photos, tmp_path / "alone.parquet")
    files = sorted(photos.iterdir())
    table, shard = tmp_path / "table.parquet", write_shard(photos)
    pq.write_table(pa.table({"image": [file.read_bytes() for file in files]}), table)
    by_row = renamed(expected, "", "")
    for i, (row, file) in enumerate(zip(by_row, files, strict=True)):
        name = f"{table}#{i}"
        row.update(source=name, reason=row["reason"] and row["reason"].replace(str(file), name))
    assert read(table, tmp_path / "out1") == by_row
    assert read(shard, tmp_path / "out2") == renamed(expected, f"{photos}/", f"{shard}#")


def test_a_shard_that_is_cut_keeps_what_comes_before(
    read: Any, photos: Path, tmp_path: Path, write_shard: Callable[..., Path]
) -> None:
    shard = write_shard(photos)
    whole = shard.read_bytes()
    shard.write_bytes(whole[: whole.index(b"a1.png") + 600])
    rows = read(shard, tmp_path / "out")
    assert [row["status"] for row in rows] == ["ok", "error"]
    assert "not a whole tar shard" in rows[1]["reason"]
    shard.with_suffix(".parquet").write_bytes(b"PAR1 and no more")
    rows = read(shard.with_suffix(".parquet"), tmp_path / "out2")
    assert [row["status"] for row in rows] == ["error"]
    assert "not a whole Parquet file" in rows[0]["reason"]


def test_wrong_credentials_and_a_full_disk_fail_the_partition_not_the_photo(
    photos: Path, tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import NoCredentialsError

    def refuse(*_: Any, **__: Any) -> None:
        raise NoCredentialsError

    store = Store(bucket)
    monkeypatch.setattr(store.files, "find", refuse)
    with pytest.raises(StoreError, match=r"NoCredentialsError.*AWS_ACCESS_KEY_ID"):
        make_plan([f"{bucket}/photos"], {}, 2)
    reader = PartitionReader(HEADS | {"threads": 1}, {}, str(tmp_path / "out"))
    with closing(reader):
        monkeypatch.setattr(Store, "put", lambda *_: _full())
        told = reader({"partition": 0, "units": pickle.dumps(make_plan([str(photos)], {}, 1).partitions[0])})
    assert "No space left" in told["failure"]
    assert not (tmp_path / "out" / part_name(0)).exists()


def _full() -> None:
    raise OSError(28, "No space left on device")


def test_a_plan_is_kept_and_not_mixed_with_another(photos: Path, tmp_path: Path) -> None:
    out = Store(str(tmp_path / "out"))
    plan = make_plan([str(photos)], {"reading": {"every": 1}}, 2)
    assert open_plan(out, plan.requests, plan.options) is None
    plan.save(out)
    assert open_plan(out, plan.requests, plan.options) == plan
    assert plan.missing(out) == [0, 1, 2]
    with pytest.raises(InputError, match=r"reading .*'every': 2"):
        open_plan(out, plan.requests, {"reading": {"every": 2}})
    units = make_plan([str(tmp_path / "gone"), "memory://nothing"], {}, 2).partitions[0]
    assert [unit.kind for unit in units] == ["error", "error"]
