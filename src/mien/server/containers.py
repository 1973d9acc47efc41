"""Which videos are opened: by their first bytes, never by their names.

A decoder would take a playlist for a video, and open the files and addresses that it names.
"""

from mien.errors import UnknownFormatError
from mien.media.files import describe

_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x1aE\xdf\xa3", ".mkv"),
    (b"\x00\x00\x01\xba", ".mpg"),
    (b"\x00\x00\x01\xb3", ".mpg"),
    (b"OggS", ".ogv"),
    (b"FLV\x01", ".flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ".wmv"),
)
_PACKET = 188


def video_suffix(head: bytes, name: str) -> str:
    """The suffix of a video by its first bytes, at least 377 of them. Raises UnknownFormatError for anything else.

    >>> video_suffix(bytes(4) + b"ftypisom", "a.txt")
    '.mp4'
    >>> video_suffix(b"#EXTM3U\\nfile:///etc/passwd", "a.mp4")
    Traceback (most recent call last):
    ...
    mien.errors.UnknownFormatError: 'a.mp4' is not a video that is read here: it holds text. Convert it to MP4 (H.264).
    """
    if head[4:8] in _BOXES:
        return ".mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return ".avi"
    if head[:1] == head[_PACKET : _PACKET + 1] == head[2 * _PACKET : 2 * _PACKET + 1] == b"G":
        return ".ts"
    for start, suffix in _STARTS:
        if head.startswith(start):
            return suffix
    kind = describe(head) if head else "nothing"
    raise UnknownFormatError(f"{name!r} is not a video that is read here: it holds {kind}. Convert it to MP4 (H.264).")
