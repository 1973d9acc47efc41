"""What stands in the way of reading a file, said in words."""

import os
import stat
from pathlib import Path

from mien.errors import MediaError, TooLargeError

MAX_MEGAPIXELS = 300
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"ID3", "a sound (MP3)"),
    (b"\xff\xfb", "a sound (MP3)"),
    (b"fLaC", "a sound (FLAC)"),
    (b"OggS", "a sound or a video (Ogg)"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"\x00\x00\x01\xba", "an MPEG video"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"<svg", "an SVG drawing"),
)
_SOUND_BRANDS = (b"M4A ", b"M4B ")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"heif")


def display_name(path: str | os.PathLike[str]) -> str:
    r"""A path as text that every output can hold; bytes that are no UTF-8 show as \xNN.

    >>> display_name("照片/一.jpg")
    '照片/一.jpg'
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def check_file(path: Path) -> None:
    """Raise MediaError unless the path is a regular file with something in it that may be read."""
    name = display_name(path)
    try:
        info = path.stat()
        if stat.S_ISREG(info.st_mode):
            with path.open("rb"):
                pass
    except (OSError, ValueError) as error:
        raise MediaError(_why_closed(path, name, error)) from error
    if stat.S_ISDIR(info.st_mode):
        raise MediaError(f"'{name}' is a folder, not a file. Name a file in it, or analyse the folder.")
    if not stat.S_ISREG(info.st_mode):
        raise MediaError(f"'{name}' is a pipe or a device, not a file. Save its content to a file first.")
    if info.st_size == 0:
        raise MediaError(f"'{name}' is empty (0 bytes). Copy it again from where it came.")


def _why_closed(path: Path, name: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        if path.is_symlink():
            return f"'{name}' is a link to a file that does not exist. Mend or remove the link."
        return f"'{name}' does not exist. Check the path."
    if isinstance(error, PermissionError):
        return f"'{name}' may not be read: permission denied. Change its permissions (chmod +r)."
    reason = error.strerror if isinstance(error, OSError) else error
    return f"'{name}' cannot be opened: {reason}. Check the path."


def check_size(width: int, height: int, name: str, most: float = MAX_MEGAPIXELS) -> None:
    """Raise TooLargeError for an image of more than so many megapixels, which would not fit into memory."""
    megapixels = width * height / 1e6
    if megapixels > most:
        size = f"{round(megapixels, 1):g} megapixels; at most {most:g} are read"
        raise TooLargeError(f"{name!r} has {size}. Shrink it first.")


def describe(head: bytes) -> str:
    """What the first bytes of a file that is no image seem to be.

    >>> describe(b"hello"), describe(b"%PDF-1.7")
    ('text', 'a PDF document')
    """
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        kind = "a HEIC picture" if brand in _HEIF_BRANDS else "an MP4 or MOV video"
        return "a sound (M4A)" if brand in _SOUND_BRANDS else kind
    if head.startswith(b"RIFF"):
        return "an AVI video" if head[8:12] == b"AVI " else "a sound (WAV)"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return "text" if _is_text(head) else "data of an unknown format"


def _is_text(head: bytes) -> bool:
    # A character may be cut at the end of the head: only damage before the last three bytes counts.
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
    return not any(byte < 9 or 13 < byte < 32 for byte in head)
