"""Lists of paths on standard input, read as they come."""

import os
import select
from collections.abc import Iterable, Iterator
from typing import BinaryIO, TextIO

_CHUNK = 1 << 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_list(stdin: TextIO) -> Iterator[tuple[str, bool]]:
    """Each path of a list, one a line, and whether the next must be waited for.

    Empty lines are passed over, and byte order marks are no part of a path.

    >>> import io
    >>> list(read_list(io.StringIO("a.jpg\\n\\nb.jpg")))
    [('a.jpg', False), ('b.jpg', False)]
    """
    stream = getattr(stdin, "buffer", None)  # a path need not be valid text
    if stream is None:
        yield from ((path, False) for path in _paths(line.encode("utf-8", "surrogateescape") for line in stdin))
        return
    rest = b""
    while chunk := stream.read1(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        paths = list(_paths(lines))
        yield from ((path, False) for path in paths[:-1])
        yield from ((path, not _ready(stream)) for path in paths[-1:])
    yield from ((path, False) for path in _paths([rest]))


def _paths(lines: Iterable[bytes]) -> Iterator[str]:
    for line in lines:
        if path := line.removeprefix(_BYTE_ORDER_MARK).rstrip(b"\r\n"):
            yield os.fsdecode(path)


def _ready(stream: BinaryIO) -> bool:
    """Whether the stream has more, or its end, at once; where that cannot be known, as of a pipe on Windows, no."""
    try:
        return bool(select.select([stream], [], [], 0)[0])
    except (OSError, ValueError):
        return False
