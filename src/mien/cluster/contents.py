"""What the units of a plan hold, as sources on the disk of the machine that reads them."""

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from mien.cluster.plan import Unit
from mien.cluster.stores import Store, copy_to, is_address
from mien.faces import Frame
from mien.media import Source
from mien.media.files import display_name
from mien.media.sources import PHOTO_SUFFIXES

_IMAGE_COLUMNS = ("image", "bytes", "jpg")
_ROWS = 64


@dataclass
class Spool:
    """Files that were fetched for reading; each goes when its row is out."""

    folder: TemporaryDirectory[str] = field(default_factory=lambda: TemporaryDirectory(prefix="mien-"))
    paths: dict[str, Path] = field(default_factory=dict)
    count: int = 0

    def source(self, name: str, suffix: str, content: IO[bytes] | bytes, kind: str = "photo") -> Source:
        """A source whose content lies in a file of the spool."""
        self.count += 1
        path = Path(self.folder.name, f"{self.count}{suffix}")
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            copy_to(content, path)
        return self.place(name, path, kind)

    def place(self, name: str, path: Path, kind: str) -> Source:
        """A source that lies elsewhere."""
        self.paths[name] = path
        return Source(name, "video" if kind == "video" else "photo", path)

    def told(self, frame: Frame) -> Frame:
        """A frame whose reason names the source, not where it lay."""
        path = self.paths.get(frame.source)
        if path is None:
            return frame
        if frame.index is None:
            del self.paths[frame.source]
            if path.parent == Path(self.folder.name):
                path.unlink(missing_ok=True)
        reason = frame.reason.replace(display_name(path), frame.source) if frame.reason else None
        return replace(frame, reason=reason)

    def close(self) -> None:
        """Remove all files."""
        self.folder.cleanup()


def sources_of(units: Sequence[Unit], spool: Spool) -> Iterator[Source]:
    """Sources of the units in order. Raises StoreError where a store fails: that says nothing about a file."""
    for unit in units:
        try:
            yield from _sources(unit, spool)
        except FileNotFoundError:
            yield Source(unit.name, "error", reason=f"'{unit.name}' does not exist any more.")


def _sources(unit: Unit, spool: Spool) -> Iterator[Source]:
    if unit.kind == "error":
        yield Source(unit.name, "error", reason=unit.reason)
    elif unit.kind in ("table", "shard"):
        yield from _inside(unit, spool)
    elif is_address(unit.address):
        yield _fetched(unit, spool)
    else:
        yield spool.place(unit.name, Path(unit.address), unit.kind)


def _fetched(unit: Unit, spool: Spool) -> Source:
    with Store(unit.address).reading("") as file:
        return spool.source(unit.name, Path(unit.address).suffix, file, unit.kind)


def _inside(unit: Unit, spool: Spool) -> Iterator[Source]:
    """Photos of a table or shard; where it is cut off or damaged, a row says so after those before."""
    what, read = ("Parquet file", _rows) if unit.kind == "table" else ("tar shard", _members)
    try:
        yield from read(unit, spool)
    except (tarfile.TarError, EOFError, ValueError) as error:
        reason = f"'{unit.name}' is not a whole {what}: {error}. Copy it again from where it came."
        yield Source(unit.name, "error", reason=reason)


def _rows(unit: Unit, spool: Spool) -> Iterator[Source]:
    """Rows of a Parquet file, named FILE#ROW; encoded images in a column of `image`, `bytes` or `jpg`."""
    path = _fetched(unit, spool).path if is_address(unit.address) else Path(unit.address)
    assert path is not None
    for row, content in enumerate(_cells(path)):
        name = f"{unit.name}#{row}"
        if isinstance(content, bytes):
            yield spool.source(name, "", content)
        else:
            yield Source(name, "error", reason=f"'{name}' holds no encoded image.")
    if is_address(unit.address):
        path.unlink()


def _cells(path: Path) -> Iterator[object]:
    """Cells of the column of images. Raises ValueError where the file is damaged or has no such column."""
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as table:
            column = next((column for column in _IMAGE_COLUMNS if column in table.schema_arrow.names), None)
            if column is None:
                raise ValueError(f"it must have a column {', '.join(_IMAGE_COLUMNS)}")
            for batch in table.iter_batches(_ROWS, columns=[column]):
                for cell in batch.column(0).to_pylist():
                    yield cell.get("bytes") if isinstance(cell, dict) else cell
    except OSError as error:
        raise ValueError(str(error)) from error


def _members(unit: Unit, spool: Spool) -> Iterator[Source]:
    """Photos of a tar shard, as WebDataset writes them, named SHARD#MEMBER; streamed in one pass."""
    with Store(unit.address).reading("") as file, tarfile.open(fileobj=file, mode="r|") as shard:
        for member in shard:
            content = shard.extractfile(member)
            if content is None or Path(member.name).suffix.lower() not in PHOTO_SUFFIXES:
                continue
            data = content.read()
            if len(data) < member.size:
                raise EOFError(f"it ends within {member.name}")
            yield spool.source(f"{unit.name}#{member.name}", Path(member.name).suffix, data)
