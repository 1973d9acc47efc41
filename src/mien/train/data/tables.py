"""Parquet files with an encoded `image` column, read picture by picture."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mien.errors import InputError
from mien.geometry import Image


def read_columns(path: Path) -> dict[str, Any]:
    """All columns but the pictures, as arrays (N,); lists become object arrays.

    Raises InputError when the file is missing, or is no Parquet file.
    """
    names = [name for name in _names(path) if name != "image"]
    table = pq.read_table(path, columns=names)
    return {name: table.column(name).to_numpy(zero_copy_only=False) for name in names}


def iterate_images(
    path: Path, wanted: NDArray[np.bool_] | None = None, batch_size: int = 256
) -> Iterator[Image | None]:
    """Pictures (H, W, 3) RGB in the order of the rows, None where one cannot be decoded or is not wanted (N,).

    Raises InputError when the file has no `image` column.
    """
    if "image" not in _names(path):
        raise InputError(f"{str(path)!r} must have a column 'image' of encoded pictures. Got none.")
    row = 0
    for batch in pq.ParquetFile(path).iter_batches(batch_size=batch_size, columns=["image"]):
        for cell in batch.column(0):
            yield decode(cell.as_py()) if wanted is None or wanted[row] else None
            row += 1


def _names(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"A data file must be a readable Parquet file. Got {str(path)!r}: {error}") from error


def decode(encoded: bytes | None) -> Image | None:
    """One encoded picture as RGB (H, W, 3), or None."""
    if not encoded:
        return None
    bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    return None if bgr is None else np.ascontiguousarray(bgr[..., ::-1], dtype=np.uint8)
