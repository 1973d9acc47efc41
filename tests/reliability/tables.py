"""Labelled sets: CSV manifests and Parquet files with odd cells, columns and bytes."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.reliability.case import ANY, Case, encoded, pick, portrait
from tests.reliability.mutation import Rng, mutate, mutate_text

ROWS = 6
_CELLS = (
    ("", " ", "nan", "inf", "-1", "1e999", "0x10", "1_000", "1,5", "yes", "TRUE", "null", "\0", '"', "'", "\t", "é")
    + ("x" * 9999, "../../../etc/passwd", "/dev/zero", "face.png\n", "missing.png", "30-39", "70+", "-", "=1+1")
    + ("2026-11-29", "9" * 400)
)  # fmt: skip
_COLUMNS = ("image", "path", "file", "id", "split", "age", "age_group", "rating", "gender", "AU12", "yaw", "landmarks")


def _rows() -> dict[str, list[Any]]:
    return {
        "image": ["face.png"] * ROWS,
        "id": [f"p{i // 2}" for i in range(ROWS)],
        "split": ["train", "train", "train", "train", "val", "test"],
        "age": [20.0, 31.5, 40.0, 55.0, 61.0, 33.0],
        "rating": [2.5, 3.0, 1.0, 4.5, 3.5, 2.0],
        "gender": ["female", "male"] * (ROWS // 2),
        "AU12": [0.0, 1.0, 0.2, 0.4, 0.6, 0.8],
    }


def csv_text(columns: dict[str, list[Any]], delimiter: str = ",") -> str:
    """Columns as a CSV text."""
    buffer = StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return buffer.getvalue()


def _odd_cells(rng: Rng) -> tuple[str, str]:
    columns = _rows()
    done = []
    for _ in range(rng.integers(1, 4)):
        name, value = pick(list(columns), rng), pick(_CELLS, rng)
        columns[name][rng.integers(ROWS)] = value
        done.append(f"{name} = {value[:20]!r}")
    return csv_text(columns, pick([",", ";", "\t"], rng)), ", ".join(done)


def _odd_columns(rng: Rng) -> tuple[str, str]:
    text = csv_text(_rows())
    head, _, rest = text.partition("\n")
    names = head.split(",")
    old = int(rng.integers(len(names)))
    names[old], was = pick((*_COLUMNS, "", '"', "Image ", "é"), rng), names[old]
    return f"{','.join(names)}\n{rest}", f"{was} is called {names[old]!r}"


ODD_TEXTS: dict[str, bytes] = {
    "no bytes": b"",
    "a line break": b"\n",
    "names of columns alone": b"image,age\n",
    "no picture column": b"age\n20\n",
    "one column": b"image\nface.png\n",
    "rows of other lengths": b"image,age\nface.png\nface.png,2,3\n",
    "a quote that does not end": b'image,age\n"face.png,20\n',
    "Mac line ends": b"image,age\rface.png,20\r",
    "Windows line ends": b"image,age\r\nface.png,20\r\n",
    "a column twice": b"image,age,age\nface.png,20,30\n",
    "two picture columns": b"image,file,age\nface.png,face.png,30\n",
    "no pictures": b"image,age\n,20\n,30\n",
    "pictures that are absent": b"image,age\na.png,20\n",
    "a folder as picture": b"image,age\n.,20\nface.png,3\n",
    "zeros": bytes(1000),
    "a picture": encoded(np.zeros((9, 9, 3), np.uint8), ".png"),
    "a thousand columns": (",".join(["image", *(f"c{i}" for i in range(1000))]) + "\nface.png" + ",1" * 1000).encode(),
    "a cell of 2 MB": b"image,age\nface.png," + b"9" * 2_000_000 + b"\n",
}


def make_csv(rng: Rng, number: int, folder: Path) -> Case:
    """One manifest for `mien data check`, `data align`, `evaluate` or `clean`."""
    (folder / "face.png").write_bytes(encoded(portrait(), ".png"))
    odd = list(ODD_TEXTS)
    if number < len(odd):
        what, content = odd[number], ODD_TEXTS[odd[number]]
    elif number % 3 == 0:
        content, what = mutate_text(csv_text(_rows()), rng)
    else:
        text, what = (_odd_cells, _odd_columns)[number % 3 - 1](rng)
        content = text.encode()
    name = pick(["data.csv", "data.csv", "data.tsv", "data.txt"], rng)
    (folder / name).write_bytes(content)
    return Case(what, _command(name, rng), ANY)


def _command(name: str, rng: Rng) -> list[str]:
    return pick(
        [
            ["data", "check", name],
            ["data", "check", name],
            ["data", "check", name, "--group", "id"],
            ["evaluate", "age", name, "--split", "all", "--min-group", "1", "--out", "out.json"],
            ["evaluate", "expression", name, "--limit", "3"],
            ["data", "align", name, "crops", "--kind", "square", "--size", "32"],
            ["clean", name, "--group", "gender", "-q", "--out", "out.csv", "--sheet", "sheet.png"],
            ["clean", name, "-q", "--aligned", "--out", "out.json"],
        ],
        rng,
    )


@lru_cache
def _picture() -> bytes:
    return encoded(portrait(), ".jpg")


def _columns() -> dict[str, Any]:
    points = np.random.default_rng(0).uniform(40, 120, (ROWS, 136)).astype(np.float32)
    return {**_rows(), "image": [_picture()] * ROWS, "landmarks": list(points)}


def _parquet(columns: dict[str, Any] | pa.Table, metadata: dict[bytes, bytes] | None = None, **options: Any) -> bytes:
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    buffer = BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata) if metadata else table, buffer, **options)
    return buffer.getvalue()


def _with(**changes: Any) -> Callable[[], bytes]:
    return lambda: _parquet({**_columns(), **changes})


def _column_twice() -> bytes:
    table = pa.table(_columns())
    return _parquet(table.append_column("age", pa.array([1.0] * ROWS)))


_NOW = datetime(2026, 11, 29, tzinfo=UTC)
ODD_FILES: dict[str, Callable[[], bytes]] = {
    "no bytes": bytes,
    "only the magic": lambda: b"PAR1PAR1",
    "text": lambda: b"image,age\n",
    "no rows": lambda: _parquet(pa.table(_columns()).slice(0, 0)),
    "no columns": lambda: _parquet(pa.table({})),
    "no pictures": lambda: _parquet({"age": [1.0]}),
    "paths as pictures": _with(image=["face.png"] * ROWS),
    "numbers as pictures": _with(image=list(range(ROWS))),
    "lists as pictures": _with(image=[[1, 2]] * ROWS),
    "structs as pictures": _with(image=[{"bytes": _picture(), "path": None}] * ROWS),
    "structs without bytes": _with(image=[{"path": "face.png"}] * ROWS),
    "nulls as pictures": _with(image=pa.nulls(ROWS)),
    "a column twice": _column_twice,
    "pictures twice": lambda: _parquet(pa.table(_columns()).append_column("image", pa.array([b"x"] * ROWS))),
    "short landmarks": _with(landmarks=[[1.0, 2.0]] * ROWS),
    "landmarks of text": _with(landmarks=[["a"] * 136] * ROWS),
    "landmarks at infinity": _with(landmarks=[[float("inf")] * 136] * ROWS),
    "landmarks that are missing": _with(landmarks=[None] * ROWS),
    "landmarks far outside": _with(landmarks=[[1e9] * 136] * ROWS),
    "nested landmarks": _with(landmarks=[[[1.0, 2.0]] * 68] * ROWS),
    "ages as text": _with(age=["20"] * ROWS),
    "ages of no number": _with(age=["old"] * ROWS),
    "ages below 0": _with(age=[-5.0] * ROWS),
    "ages as decimals": _with(age=[Decimal("20.5")] * ROWS),
    "ages as times": _with(age=[_NOW] * ROWS),
    "ages as truth": _with(age=[True] * ROWS),
    "ages as nulls": _with(age=pa.nulls(ROWS)),
    "ages as structs": _with(age=[{"a": 1}] * ROWS),
    "ages as a map": _with(age=pa.array([[("a", 1)]] * ROWS, pa.map_(pa.string(), pa.int8()))),
    "ages as bytes": _with(age=[b"\xff"] * ROWS),
    "ages as halves": _with(age=pa.array(np.full(ROWS, 20, np.float16))),
    "ages as a dictionary": _with(age=pa.array([20.0] * ROWS).dictionary_encode()),
    "splits as numbers": _with(split=[0] * ROWS),
    "splits that are missing": _with(split=[None] * ROWS),
    "ids of bytes": _with(id=[b"\xff\xfe"] * ROWS),
    "ids of lists": _with(id=[[1]] * ROWS),
    "odd metadata": lambda: _parquet(_columns(), {b"\xff": b"\xfe"}),
    "a group a row": lambda: _parquet(_columns(), row_group_size=1),
    "names of odd letters": lambda: _parquet({**_columns(), "": [1] * ROWS, "a\0b": [1] * ROWS, "[red]": [1] * ROWS}),
    "every unit": _with(**{f"AU{i:02d}": [0.5] * ROWS for i in range(1, 46)}),
    "intensities of FACS": _with(AU12=[5.0] * ROWS),
}


@lru_cache
def _base(compression: str) -> bytes:
    return _parquet(_columns(), compression=compression)


def make_parquet(rng: Rng, number: int, folder: Path) -> Case:
    """One Parquet file for `mien data check`, `data align`, `evaluate` or `clean`."""
    odd = list(ODD_FILES)
    if number < 2 * len(odd):  # each for two commands
        what = odd[number % len(odd)]
        content = ODD_FILES[what]()
    else:
        content, what = mutate(_base(pick(["snappy", "none", "zstd", "gzip"], rng)), rng)
    (folder / "data.parquet").write_bytes(content)
    return Case(what, _command("data.parquet", rng), ANY)
