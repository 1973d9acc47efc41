"""What every kind of labeled dataset offers, whatever its files look like."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import MediaError
from mien.geometry import Image
from mien.media import read_photo

Columns = dict[str, NDArray[Any]]


class Table(ABC):
    """One labeled dataset: N rows, each with an image and labels. Rows count from 0.

    kind: what it is, in words.
    """

    kind: str

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem if path.is_file() else path.name

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """16 digits that change when labels or images change."""

    @property
    def metadata(self) -> dict[str, str]:
        """What the dataset says of itself, such as `source` and `terms`."""
        return {}

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def columns(self) -> Columns:
        """All columns but the images, as arrays (N,); lists become object arrays."""

    @abstractmethod
    def images(self, wanted: NDArray[np.bool_] | None = None, start: int = 0) -> Iterator[Image | None]:
        """Images (H, W, 3) RGB from row `start` on, None where one is not wanted (N,) or cannot be read."""

    def where(self, row: int) -> str:
        """A row in words, for messages."""
        name = self.row_name(row)
        return f"{self.path.name}, row {row}" + (f" ({name})" if name else "")

    def row_name(self, row: int) -> str:
        """What tells a person which image a row is: its file or its id; empty where there is neither."""
        return ""


class FileTable(Table):
    """A dataset whose images are files of their own, `files` (N,) below the folder `root`."""

    root: Path
    files: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.files)

    def images(self, wanted: NDArray[np.bool_] | None = None, start: int = 0) -> Iterator[Image | None]:
        """Images in the order of the rows, turned upright by their EXIF orientation."""
        for row in range(start, len(self)):
            name = self.files[row]
            yield _read(self.root / name) if name and (wanted is None or wanted[row]) else None

    def row_name(self, row: int) -> str:
        """The file of the row."""
        return self.files[row] or ""

    def _files_digest(self, labels: bytes) -> str:
        """Digest of labels, names, sizes and times of change: the images themselves may be many."""
        digest = hashlib.sha256(labels)
        for name in self.files:
            digest.update(f"{name}:{_stamp(self.root / name) if name else ''};".encode())
        return digest.hexdigest()[:16]


def _read(path: Path) -> Image | None:
    try:
        return read_photo(path)
    except MediaError:
        return None


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "none"
    return f"{status.st_size}-{status.st_mtime_ns}"
