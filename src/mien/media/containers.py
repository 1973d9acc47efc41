"""Whether a video file is whole, judged by its container.

Many containers promise a length in time, counted from zero and to the end of the longest track: a segment that begins
later, or a sound that goes on after the picture, is whole though fewer frames come than the length promises.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_MATROSKA = b"\x1aE\xdf\xa3"
_SEGMENT = 0x18538067
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_FLV_HEAD, _FLV_TAG_HEAD = 9, 11
_TAIL = 512


def is_whole(path: Path) -> bool:
    """Whether the container shows that nothing of the file is missing; False also where it does not tell.

    Matroska and WebM: the segment ends within the file. WMV: the file has the size that its header gives. FLV: it ends
    with a whole tag. Fragmented MP4: the boxes fill the file. MPEG and Ogg streams have no length but that of what is
    there. MP4 and AVI files count their frames, which tells more, and are False here.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _TAIL))
        if not any(file.read(_TAIL)):
            return False  # space that a download has reserved and not filled
        file.seek(0)
        head = file.read(4096)
        return next((test(file, head, size) for fits, test in _TESTS if fits(head)), False)


def _matroska(file: BinaryIO, head: bytes, size: int) -> bool:
    length, at = _vint(head, len(_MATROSKA))
    at += length or 0
    if int.from_bytes(head[at : at + 4], "big") != _SEGMENT:
        return False
    length, at = _vint(head, at + 4)
    return length is not None and at + length <= size


def _vint(data: bytes, at: int) -> tuple[int | None, int]:
    """A size of EBML and the place after it; None for an unknown size. The leading zeros tell how many bytes follow."""
    if at >= len(data) or data[at] == 0:
        return None, at + 8
    count = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + count], "big") & ((1 << 7 * count) - 1)
    return (None if value == (1 << 7 * count) - 1 else value), at + count


def _asf(file: BinaryIO, head: bytes, size: int) -> bool:
    at = head.find(_ASF_PROPERTIES) + 40
    return at >= 40 and 0 < int.from_bytes(head[at : at + 8], "little") <= size


def _flv(file: BinaryIO, head: bytes, size: int) -> bool:
    """The last four bytes give the length of the last tag, whose own header must agree."""
    file.seek(max(0, size - 4))
    length = int.from_bytes(file.read(4), "big")
    if not _FLV_TAG_HEAD < length < size - _FLV_HEAD:
        return False
    file.seek(size - 4 - length + 1)
    return int.from_bytes(file.read(3), "big") == length - _FLV_TAG_HEAD


def _fragments(file: BinaryIO, head: bytes, size: int) -> bool:
    at, fragmented = 0, False
    while at < size:
        file.seek(at)
        box = file.read(16)
        length = int.from_bytes(box[:4], "big")
        length = int.from_bytes(box[8:16], "big") if length == 1 else length or size - at
        if length < 8 or at + length > size:
            return False
        fragmented = fragmented or box[4:8] == b"moof"
        at += length
    return fragmented


_TESTS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, bytes, int], bool]], ...] = (
    (lambda head: head.startswith(_MATROSKA), _matroska),
    (lambda head: head.startswith(_ASF), _asf),
    (lambda head: head.startswith(b"FLV"), _flv),
    (lambda head: head[4:8] in (b"ftyp", b"styp", b"moov"), _fragments),
    (lambda head: head.startswith((b"OggS", b"\0\0\1\xba")) or _is_transport_stream(head), lambda *_: True),
)


def _is_transport_stream(head: bytes) -> bool:
    """Packets of 188 bytes, or of 192 with a time stamp of four bytes first, that begin with the letter G."""
    return any(set(head[start : 8 * step : step]) == {ord("G")} for start, step in ((0, 188), (4, 192)))
