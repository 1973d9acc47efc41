"""What every sink does, and the choice of one by the name of its file."""

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from mien.errors import InputError, SinkError
from mien.faces import Frame


class Sink(ABC):
    """Takes frames one by one; `done` holds the names of sources that an earlier run has finished."""

    def __init__(self) -> None:
        self.done: frozenset[str] = frozenset()

    @abstractmethod
    def write(self, frame: Frame) -> None:
        """Take one frame. Raises SinkError when it cannot be written."""

    @abstractmethod
    def close(self, complete: bool) -> None:
        """Finish the file; `complete` is false when the run was cut short."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(kind is None)


def open_sink(target: str | os.PathLike[str], *, resume: bool = False) -> Sink:
    """A sink for FILE.jsonl, FILE.csv, FILE.parquet, or '-' for JSON Lines on standard output.

    resume: keep what an earlier run left, and say in `done` which sources need not be read again.
    Raises InputError for another suffix and SinkError where the folder does not exist.
    """
    from mien.sinks.lines import JsonLinesSink
    from mien.sinks.tables import CsvSink, ParquetSink

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
