"""A finished list of rows as a file of its own: CSV, JSON or Parquet, whole or not at all."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mien.errors import MissingDependencyError, expect
from mien.files import whole_file

KINDS = (".csv", ".json", ".parquet")


def check_rows_target(path: Path, name: str = "out", kinds: Sequence[str] = KINDS) -> None:
    """Raise InputError unless a file of one of the kinds can be written there, so that no work is lost later."""
    expect(path.suffix.lower() in kinds, name, f"a file that ends in {' or '.join(kinds)}", str(path))
    expect(path.absolute().parent.is_dir(), name, "a file in a folder that exists", str(path))
    if path.suffix.lower() == ".parquet":
        _parquet()


def write_rows(rows: Sequence[dict[str, Any]], path: Path, columns: Sequence[str] = ()) -> None:
    """Write rows with the same keys; columns: what these are, needed where there may be no row.

    In CSV truth values are `true` and `false`, None is an empty cell.

    Raises SinkError where the file cannot be written.
    """
    with whole_file(path) as temporary:
        _WRITERS[path.suffix.lower()](rows, temporary, columns or list(rows[0]))


def _write_csv(rows: Sequence[dict[str, Any]], path: Path, columns: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for row in rows:
            writer.writerow({k: str(v).lower() if isinstance(v, bool) else v for k, v in row.items()})


def _write_json(rows: Sequence[dict[str, Any]], path: Path, columns: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(list(rows), file, indent=1, ensure_ascii=False)


def _write_parquet(rows: Sequence[dict[str, Any]], path: Path, columns: Sequence[str]) -> None:
    pa, pq = _parquet()
    table = pa.table({name: [row[name] for row in rows] for name in columns})
    # Numbers may all be unknown, texts never: a column of nulls is one of numbers.
    kinds = [pa.field(f.name, pa.float64() if pa.types.is_null(f.type) else f.type) for f in table.schema]
    pq.write_table(table.cast(pa.schema(kinds)), path)


def _parquet() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingDependencyError("A .parquet file", "pyarrow", "parquet") from error
    return pyarrow, pyarrow.parquet


_WRITERS = {".csv": _write_csv, ".json": _write_json, ".parquet": _write_parquet}
