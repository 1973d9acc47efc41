"""Events of Action Units as a table: CSV or JSON Lines, written whole or not at all."""

import csv
import json
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from mien.errors import InputError, SinkError
from mien.expression.events import Event, EventFinder
from mien.faces import Frame
from mien.sinks.csv_text import csv_text
from mien.sinks.lines import json_line, read_rows
from mien.sinks.sink import Sink

_HEAD = ("source", "track_id", "action_unit", "name")
EVENT_COLUMNS = (*_HEAD, *(field.name for field in fields(Event) if field.name not in (*_HEAD, "code")))
"""Columns of a table of events, always the same."""
_SUFFIXES = (".csv", ".jsonl", ".ndjson")


class EventSink(Sink):
    """Finds the events of the frames that it is given, and writes one row an event to FILE.csv or FILE.jsonl.

    Rows are kept as JSON Lines in `NAME.partial` until the run ends. resume: go on with the rows of an earlier run;
    of these stay the ones of `done`, the sources that are not read again. Give a frame to this sink before the one
    that tells what is done: then a source that is done has all its events here, however a run ended.

    Raises InputError for another suffix, or where an earlier run left no events; SinkError where the file cannot be
    written.
    """

    def __init__(self, path: str | os.PathLike[str], *, resume: bool = False, done: Collection[str] = ()) -> None:
        super().__init__()
        self.path, self.done = Path(path), frozenset(done)
        check_target(self.path)
        self._partial = self.path.with_name(f"{self.path.name}.partial")
        self._finder = EventFinder()
        kept = list(self._earlier()) if resume and self.done else []
        temporary = self._temporary()
        try:
            _write_lines(temporary, kept)
            os.replace(temporary, self._partial)
            self._file = self._partial.open("a", encoding="utf-8")
        except OSError as error:
            raise SinkError(f"{str(self._partial)!r} cannot be written: {error.strerror}.") from error

    def write(self, frame: Frame) -> None:
        """Take the next frame; only those of videos have events."""
        self._add(self._finder.update(frame))

    def close(self, complete: bool = True) -> None:
        """Write the table under its name. After Ctrl-C too: what was found is kept, as a valid file."""
        self._add(self._finder.close())
        temporary = self._temporary()
        try:
            self._file.close()
            rows = read_rows(self._partial)
            (_write_csv if self.path.suffix.lower() == ".csv" else _write_lines)(temporary, rows)
            os.replace(temporary, self.path)
        except OSError as error:
            raise SinkError(
                f"{str(self.path)!r} cannot be written: {error.strerror}. Rows are in {str(self._partial)!r}."
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
        if complete:
            self._partial.unlink()

    def _temporary(self) -> Path:
        return self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")

    def _add(self, events: list[Event]) -> None:
        try:
            self._file.writelines(json_line(event.to_dict()) for event in events)
            self._file.flush()
        except OSError as error:
            raise SinkError(f"{str(self._partial)!r} cannot be written: {error.strerror}.") from error

    def _earlier(self) -> Iterator[dict[str, Any]]:
        """Rows of the sources that are done, as a run that was cut off, or else a finished one, left them."""
        path = self._partial if self._partial.exists() else self.path
        if not path.exists():
            raise InputError(
                f"'events' must name the file of the run that is resumed, which has handled {len(self.done)} sources. "
                f"Got {str(self.path)!r}, which does not exist. Do without 'resume', or without 'events'."
            )
        rows = _read_csv(path) if path.suffix.lower() == ".csv" else read_rows(path)
        return (row for row in rows if row["source"] in self.done)


def check_target(path: Path) -> None:
    """Raise InputError where a table of events cannot have this name, SinkError where it cannot be written."""
    if path.suffix.lower() not in _SUFFIXES:
        raise InputError(f"'events' must end in {', '.join(_SUFFIXES)}. Got {str(path)!r}.")
    folder = path.absolute().parent
    if not folder.is_dir() or path.is_dir() or not os.access(folder, os.W_OK):
        raise SinkError(f"{str(path)!r} cannot be written: it must be a file in a folder that exists and takes files.")


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(map(json_line, rows))


def _write_csv(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(event_csv_lines(rows))


def event_csv_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The lines of a CSV file of events: first the names of the columns."""
    texts = ({k: json.dumps(v) if isinstance(v, bool) else v for k, v in row.items()} for row in rows)
    return csv_text(EVENT_COLUMNS, texts)


def _read_csv(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a finished table, with their numbers as text."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != EVENT_COLUMNS:
            raise SinkError(f"{str(path)!r} has other columns than a table of events. Choose another name.")
        yield from rows
