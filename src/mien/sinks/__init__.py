"""Where results go: JSON Lines, CSV, Parquet or standard output; the name of the file chooses."""

import os
from pathlib import Path

from mien.errors import InputError, SinkError
from mien.sinks.events import EventSink
from mien.sinks.lines import JsonLinesSink
from mien.sinks.sink import Sink
from mien.sinks.tables import CsvSink, ParquetSink

__all__ = ["CsvSink", "EventSink", "JsonLinesSink", "ParquetSink", "Sink", "open_sink"]


def open_sink(target: str | os.PathLike[str], *, resume: bool = False) -> Sink:
    """A sink for FILE.jsonl, FILE.csv, FILE.parquet, or '-' for JSON Lines on standard output.

    resume: keep what an earlier run left, and say in `done` which sources need not be read again.
    Raises InputError for another suffix and SinkError where the folder does not exist.
    """
    if target == "-":
        return JsonLinesSink(None)
    path = Path(target)
    kinds: dict[str, type[JsonLinesSink | CsvSink | ParquetSink]] = {
        ".jsonl": JsonLinesSink,
        ".ndjson": JsonLinesSink,
        ".csv": CsvSink,
        ".parquet": ParquetSink,
    }
    if path.suffix.lower() not in kinds:
        raise InputError(f"'out' must end in {', '.join(kinds)}, or be '-'. Got {str(path)!r}.")
    if not path.absolute().parent.is_dir():
        raise SinkError(f"The folder {str(path.absolute().parent)!r} does not exist. Make it first.")
    if path.is_dir():
        raise SinkError(f"{str(path)!r} is a folder. Name a file in it.")
    return kinds[path.suffix.lower()](path, resume=resume)
