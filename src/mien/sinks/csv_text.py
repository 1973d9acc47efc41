"""CSV as text, line by line."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any


def csv_text(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    r"""The names of columns, then each row; other keys are left out, and missing ones are empty.

    >>> list(csv_text(["a", "b"], [{"a": 1, "c": 2}]))
    ['a,b\r\n', '1,\r\n']
    """
    buffer = StringIO(newline="")
    writer = csv.DictWriter(buffer, list(columns), extrasaction="ignore")
    writer.writeheader()
    yield _taken(buffer)
    for row in rows:
        writer.writerow(row)
        yield _taken(buffer)


def _taken(buffer: StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
