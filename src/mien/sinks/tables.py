"""CSV and Parquet: written whole or not at all.

Rows are kept as JSON Lines in `NAME.partial` until the run ends; a killed run goes on from there.
"""

import csv
import json
import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from mien.errors import MissingDependencyError, SinkError
from mien.expression.emotion import DISPLAYS
from mien.faces import SCORE_NUMBERS, Frame, flatten
from mien.facs import CODES
from mien.sinks.csv_text import csv_text
from mien.sinks.lines import JsonLinesSink, read_rows
from mien.sinks.sink import Sink

_BATCH = 4096
_NUMBER_COLUMNS = (
    ("score", "box_x1", "box_y1", "box_x2", "box_y2")
    + ("pose_yaw", "pose_pitch", "pose_roll")
    + tuple(f"{code}_{part}" for code in CODES for part in ("probability", "intensity"))
)
_ESTIMATE_COLUMNS = (
    ("emotion_positive", "emotion_neutral", "emotion_negative", "emotion_margin")
    + tuple(f"emotion_category_probability_{name}" for name in DISPLAYS)
    + ("age_value", "age_low", "age_high", "age_coverage")
    + tuple(f"attractiveness_{name}" for name in (*SCORE_NUMBERS, "coverage"))
    + ("displays_pain", "displays_smile_strength", "displays_cheek_strength")
)
COLUMNS: dict[str, str] = {
    "source": "text",
    "status": "text",
    "reason": "text",
    "frame": "whole",
    "time_s": "number",
    "face": "whole",
    "track_id": "whole",
    **dict.fromkeys(_NUMBER_COLUMNS, "number"),
    "emotion_label": "text",
    "emotion_category_label": "text",
    **dict.fromkeys(_ESTIMATE_COLUMNS, "number"),
    "emotion_clear": "truth",
    "emotion_evidence": "pairs",
    "displays_smile": "text",
    "attractiveness_pool": "text",
    "attributes": "json",
    "landmarks": "points",
    "landmarks_68": "points",
}
"""Columns of every table with their kinds, always the same, whatever was found."""


class _WholeTable(Sink):
    def __init__(self, path: Path, *, resume: bool = False) -> None:
        super().__init__()
        self.path = path
        rows, added = (path.with_name(f"{path.name}.{end}") for end in ("partial", "added.partial"))
        # A finished table is added to; of another run that was cut off, the kept rows hold everything.
        self._adds = resume and path.exists() and not rows.exists()
        self._rows = added if self._adds else rows
        self._again: set[str] = set()
        finished = self._finished() if self._adds else {}
        # An adding run that was cut off may have left its rows in the table too, those of half a source as well.
        if self._adds and added.exists():
            self._again = {str(row["source"]) for row in read_rows(added)}
        self._lines = JsonLinesSink(self._rows, resume=resume)
        self.done = self._lines.done | (set(finished) - self._again)
        self.errors = self._lines.errors | {source for source in finished if finished[source] and source in self.done}
        if not resume:
            added.unlink(missing_ok=True)

    def write(self, frame: Frame) -> None:
        """Keep the rows of one frame."""
        self._lines.write(frame)

    def close(self, complete: bool) -> None:
        """Write the table under its name. After Ctrl-C too: what was read is kept, as a valid file."""
        self._lines.close(complete)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            self._convert(temporary)
            os.replace(temporary, self.path)
        except OSError as error:
            raise SinkError(
                f"{str(self.path)!r} cannot be written: {error.strerror}. Rows are in {str(self._rows)!r}."
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
        if complete:
            self._rows.unlink()

    def _finished(self) -> dict[str, bool]:
        """The sources of the finished table, and whether each has an error."""
        failed: dict[str, bool] = {}
        try:
            for source, status in self._sources():
                failed[source] = failed.get(source, False) or status == "error"
            return failed
        except (OSError, ValueError, csv.Error) as error:
            raise SinkError(
                f"{str(self.path)!r} is not a whole table of mien, so nothing can be added to it. "
                f"Choose another name, or do without 'resume'. {error}"
            ) from error

    @abstractmethod
    def _convert(self, target: Path) -> None:
        """Write the kept rows as a table, after those of the finished table that is added to."""

    @abstractmethod
    def _sources(self) -> Iterable[tuple[str, str]]:
        """Source and status of each row of the finished table. Raises ValueError when it has other columns."""


class CsvSink(_WholeTable):
    """One row a face; lists and truth values as JSON, an empty cell where nothing is known."""

    def _convert(self, target: Path) -> None:
        with target.open("w", encoding="utf-8", newline="") as file:
            fresh = map(_csv_row, read_rows(self._rows))
            file.writelines(csv_text(tuple(COLUMNS), chain(self._old() if self._adds else (), fresh)))

    def _sources(self) -> Iterable[tuple[str, str]]:
        return ((row["source"], row["status"]) for row in self._old())

    def _old(self) -> Iterator[dict[str, Any]]:
        with self.path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            _check_columns(rows.fieldnames or ())
            yield from (row for row in rows if row["source"] not in self._again)


def csv_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The lines of a CSV file of rows, as `CsvSink` writes them: first the names of the columns."""
    return csv_text(tuple(COLUMNS), map(_csv_row, rows))


def _check_columns(names: Sequence[str]) -> None:
    if list(names) != list(COLUMNS):
        raise ValueError("Its columns are others.")


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row for tables, whose columns are always the same: the output of users' own models is one cell of JSON."""
    attributes = row.get("attributes")
    return flatten({**row, "attributes": None if attributes is None else json.dumps(attributes, ensure_ascii=False)})


def _csv_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: json.dumps(value) if isinstance(value, list | bool) else value for name, value in _flat(row).items()}


class ParquetSink(_WholeTable):
    """One row a face; landmarks as lists of points. Needs pyarrow (`pip install 'mien[parquet]'`)."""

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError as error:
            raise MissingDependencyError("A .parquet file", "pyarrow", "parquet") from error
        super().__init__(path, resume=resume)

    def _convert(self, target: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = parquet_schema(pa)
        rows = read_rows(self._rows)
        with pq.ParquetWriter(target, schema) as writer:
            for batch in pq.ParquetFile(self.path).iter_batches(_BATCH) if self._adds else ():
                fresh = [source not in self._again for source in batch.column("source").to_pylist()]
                writer.write_batch(batch.filter(pa.array(fresh, pa.bool_())).cast(schema))
            while chunk := list(islice(rows, _BATCH)):
                writer.write_table(pa.Table.from_pylist([parquet_row(row) for row in chunk], schema))

    def _sources(self) -> Iterable[tuple[str, str]]:
        import pyarrow.parquet as pq

        _check_columns(pq.read_schema(self.path).names)
        columns = pq.read_table(self.path, columns=["source", "status"])
        return zip(*(column.to_pylist() for column in columns.columns), strict=True)


def parquet_schema(pa: Any) -> Any:
    """The schema of every Parquet file of rows, in terms of the module `pyarrow` that is passed."""
    pair = pa.struct([("action_unit", pa.string()), ("contribution", pa.float32())])
    kinds = {
        "text": pa.string(),
        "json": pa.string(),
        "whole": pa.int64(),
        "number": pa.float64(),
        "truth": pa.bool_(),
        "points": pa.list_(pa.list_(pa.float32())),
        "pairs": pa.list_(pair),
    }
    return pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])


def parquet_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `Frame.to_dicts` as the Parquet file has it."""
    row = _flat(row)
    evidence = row.get("emotion_evidence")
    if evidence is None:
        return row
    return {**row, "emotion_evidence": [{"action_unit": code, "contribution": value} for code, value in evidence]}
