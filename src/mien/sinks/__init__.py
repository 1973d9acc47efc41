"""Where results go: JSON Lines, CSV, Parquet or standard output; the name of the file chooses."""

import os
from pathlib import Path

from mien.errors import InputError, SinkError
from mien.sinks.events import EventSink
from mien.sinks.lines import JsonLinesSink
from mien.sinks.options import Options, check_options, write_options
from mien.sinks.people import PeopleSink
from mien.sinks.sink import Sink
from mien.sinks.tables import CsvSink, ParquetSink

__all__ = ["CsvSink", "EventSink", "JsonLinesSink", "ParquetSink", "PeopleSink", "Sink", "open_sink"]


def open_sink(target: str | os.PathLike[str], *, resume: bool = False, options: Options | None = None) -> Sink:
    """A sink for FILE.jsonl, FILE.csv, FILE.parquet, or '-' for JSON Lines on standard output.

    resume: keep what an earlier run left, and say in `done` which sources need not be read again, in `errors` which of
    these could not be read. options: of the run, as JSON has them; they are kept beside the file.
    Raises InputError for another suffix, and for a run to be resumed that had other options; SinkError where the folder
    does not exist.
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
    if options is not None and resume:
        check_options(path, options)
    sink = kinds[path.suffix.lower()](path, resume=resume)
    if options is not None:
        write_options(path, options)  # after the rows of another run were dropped
    return sink
