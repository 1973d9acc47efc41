"""JSON Lines: one object a face, flushed with every frame, so that a killed run loses nothing."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from mien.errors import SinkError
from mien.faces import Frame
from mien.sinks.sink import Sink


class JsonLinesSink(Sink):
    """Writes to a file, or to standard output when `path` is None.

    With resume, whole lines of an earlier run stay. The last source may have been cut short: its lines are
    dropped, and it is read again.
    """

    def __init__(self, path: Path | None, *, resume: bool = False) -> None:
        super().__init__()
        self.path = path
        if path is None:
            self._file: TextIO = sys.stdout
            return
        try:
            if resume and path.exists():
                self.done, self.errors = _keep_finished(path)
            self._file = path.open("a" if resume else "w", encoding="utf-8")
        except OSError as error:
            raise SinkError(f"{str(path)!r} cannot be written: {error.strerror}.") from error

    def write(self, frame: Frame) -> None:
        """Write one line a face, or one that says why there is none."""
        lines = "".join(map(json_line, frame.to_dicts()))
        try:
            self._file.write(lines)
            self._file.flush()
        except BrokenPipeError:
            # Who reads has enough, as `mien analyze ... | head` does; Python must not complain again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise
        except OSError as error:
            raise SinkError(f"The output cannot be written: {error.strerror}.") from error

    def close(self, complete: bool) -> None:
        """Every line is already written, save one that did not fit on the disk."""
        if self.path is None:
            return
        try:
            self._file.close()
        except OSError as error:
            raise SinkError(f"The output cannot be written: {error.strerror}.") from error


def json_line(row: Mapping[str, Any]) -> str:
    """A row as a line of JSON.

    >>> json_line({"source": "été.jpg", "face": None})
    '{"source": "été.jpg", "face": null}\\n'
    """
    return f"{json.dumps(row, ensure_ascii=False)}\n"


def _keep_finished(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Cut the file after its last finished source; names of the finished ones, and of those with an error."""
    finished: set[str] = set()
    failed: set[str] = set()
    current: str | None = None
    end = at = 0
    with path.open("rb") as file:
        for line in file:
            row = parse(line)
            if row is None:
                break
            source = str(row["source"])
            if source != current and current is not None:
                finished.add(current)
                end = at
            if row.get("status") == "error":
                failed.add(source)
            current = source
            at += len(line)
    os.truncate(path, end)
    return frozenset(finished), frozenset(finished & failed)


def parse(line: bytes) -> dict[str, Any] | None:
    """One whole line as a row, or None for one that was cut off."""
    if not line.endswith(b"\n"):
        return None
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and "source" in row else None


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a file of JSON Lines, up to the first line that is not whole."""
    with path.open("rb") as file:
        for line in file:
            row = parse(line)
            if row is None:
                return
            yield row
