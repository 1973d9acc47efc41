"""Labeled datasets, whatever their files: Parquet, manifests, folders of images, folders of aligned crops."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mien.datasets.aligned import AlignedTable
from mien.datasets.base_table import Columns, Table
from mien.datasets.crops import DONE
from mien.datasets.folders import FolderTable, ManifestTable
from mien.datasets.schema import check_distinct
from mien.errors import InputError
from mien.geometry import Image
from mien.opencv import cv2

_WHOLE = 1 << 28
"""Parquet files up to this size are read whole for their fingerprint; of larger ones the footer is, with its sizes."""


def open_table(path: Path, images: Path | None = None) -> Table:
    """The labeled dataset at a path: a Parquet file, a CSV or TSV manifest, an image folder, or aligned crops.

    images: the folder of a manifest's images; its own folder if not given. Raises InputError for anything else.
    """
    if path.is_dir():
        return AlignedTable(path) if (path / DONE).is_file() else FolderTable(path)
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return ManifestTable(path, images)
    table = ParquetTable(path)
    return ParquetManifest(path, images) if table.has_paths else table


def read_columns(path: Path, images: Path | None = None) -> dict[str, Any]:
    """All columns of a dataset but the images, as arrays (N,); lists become object arrays.

    Raises InputError when there is no such dataset.
    """
    return open_table(path, images).columns()


def iterate_images(
    path: Path, wanted: NDArray[np.bool_] | None = None, batch_size: int = 256, images: Path | None = None
) -> Iterator[Image | None]:
    """Images (H, W, 3) RGB in the order of the rows, None where one cannot be decoded or is not wanted (N,).

    Raises InputError when the dataset has no images.
    """
    table = open_table(path, images)
    if isinstance(table, ParquetTable):
        table.batch_size = batch_size
    return table.images(wanted)


class ParquetTable(Table):
    """A Parquet file with a column `image` of encoded bytes, or of structs that hold `bytes`; read group by group.

    Raises InputError for a file that is missing, damaged, or no Parquet file, and for a column name that stands twice.
    """

    kind = "Parquet"
    batch_size = 256

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.name = path.stem
        with _readable(path):
            self._schema, self._groups = pq.read_schema(path), pq.read_metadata(path)
        check_distinct(self._schema.names, path)

    @property
    def has_paths(self) -> bool:
        """Whether `image` holds texts, which name files, instead of encoded images."""
        kind = self._schema.field("image").type if "image" in self._schema.names else None
        return kind in (pa.string(), pa.large_string())

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the file; of a very large one, of size, time and footer."""
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            if size <= _WHOLE:
                return hashlib.file_digest(file, "sha256").hexdigest()[:16]
            file.seek(-8, 2)
            file.seek(-8 - int.from_bytes(file.read(4), "little"), 2)
            stamp = f"{size}-{self.path.stat().st_mtime_ns}-".encode()
            return hashlib.sha256(stamp + file.read()).hexdigest()[:16]

    @property
    def metadata(self) -> dict[str, str]:
        """The schema's, without what pandas and Arrow keep there for themselves."""
        return _metadata(self._schema)

    def __len__(self) -> int:
        return int(self._groups.num_rows)

    def columns(self) -> Columns:
        """All columns but `image`."""
        names = [name for name in self._schema.names if name != "image"]
        with _readable(self.path):
            table = pq.read_table(self.path, columns=names)
            return {name: table.column(name).to_numpy(zero_copy_only=False) for name in names}

    def images(self, wanted: NDArray[np.bool_] | None = None, start: int = 0) -> Iterator[Image | None]:
        """Images from row `start` on; groups before it are not read."""
        self._check_pictures()
        first, row = self._group_of(start)
        for batch in self._batches(first):
            for cell in batch.column(0):
                if row >= start:
                    yield decode(_bytes_of(cell)) if wanted is None or wanted[row] else None
                row += 1

    def _batches(self, first: int) -> Iterator[Any]:
        """Images of the groups from the first on, some at a time."""
        groups = range(first, self._groups.num_row_groups)
        with _readable(self.path):
            file = pq.ParquetFile(self.path, buffer_size=1 << 20, pre_buffer=False)
            yield from file.iter_batches(self.batch_size, row_groups=groups, columns=["image"])

    def _check_pictures(self) -> None:
        expected = f"{str(self.path)!r} must have a column 'image' of encoded pictures (bytes)."
        if "image" not in self._schema.names:
            raise InputError(f"{expected} Got none.")
        kind = self._schema.field("image").type
        if pa.types.is_struct(kind):
            kind = kind.field("bytes").type if kind.get_field_index("bytes") >= 0 else kind
        if not _is_bytes(kind):
            raise InputError(f"{expected} Got {kind}; to name files of pictures, make it a column of texts.")

    def row_name(self, row: int) -> str:
        """Its `id`, `file` or `path`."""
        return str(self._names[row]) if self._names is not None else ""

    def _group_of(self, row: int) -> tuple[int, int]:
        """The group that holds a row, and that group's first row."""
        sizes = [self._groups.row_group(k).num_rows for k in range(self._groups.num_row_groups)]
        ends = np.cumsum(sizes)
        group = int(np.searchsorted(ends, row, "right"))
        return group, int(ends[group - 1]) if group else 0

    @cached_property
    def _names(self) -> NDArray[Any] | None:
        name = next((name for name in ("id", "file", "path") if name in self._schema.names), None)
        if name is None:
            return None
        with _readable(self.path):
            return np.asarray(pq.read_table(self.path, columns=[name]).column(0).to_numpy(zero_copy_only=False))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Make what Arrow raises on a damaged file an InputError that names it."""
    try:
        yield
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(
            f"A data file must be a readable Parquet file, or a CSV or TSV manifest. Got {str(path)!r}: {error}"
        ) from error


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    checks = (types.is_binary, types.is_large_binary, types.is_binary_view, types.is_null)
    return any(bool(check(kind)) for check in checks)


class ParquetManifest(ManifestTable):
    """A Parquet file whose column `image` names files, relative to `images` or to its own folder."""

    kind = "Parquet with paths"

    @property
    def metadata(self) -> dict[str, str]:
        """The schema's, without what pandas and Arrow keep there for themselves."""
        return _metadata(self._table.schema)

    def _read(self) -> pa.Table:
        with _readable(self.path):
            return pq.read_table(self.path)


def _metadata(schema: pa.Schema) -> dict[str, str]:
    entries = (schema.metadata or {}).items()
    pairs = (tuple(text.decode("utf-8", "backslashreplace") for text in pair) for pair in entries)
    return {key: value for key, value in pairs if key not in ("pandas", "ARROW:schema", "huggingface")}


def _bytes_of(cell: Any) -> bytes | None:
    value = cell.as_py()
    return value.get("bytes") if isinstance(value, dict) else value


def decode(encoded: bytes | None) -> Image | None:
    """One encoded image as RGB (H, W, 3), or None."""
    if not encoded:
        return None
    bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    return None if bgr is None else np.ascontiguousarray(bgr[..., ::-1], dtype=np.uint8)
