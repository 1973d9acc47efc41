"""Ray Data in, Ray Data out: faces of a dataset that holds images."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from mien.cluster.contents import Spool
from mien.cluster.session import actors
from mien.faces import Faces, Frame
from mien.media import Source
from mien.parallel import ReaderPool

_NAMES = ("path", "source", "__key__", "id")
_IMAGES = ("bytes", "image", "jpg", "png", "webp")


def analyze(
    dataset: Any,
    *,
    image: str | None = None,
    name: str | None = None,
    batch_size: int = 32,
    most_actors: int | None = None,
    **analyzer: Any,
) -> Any:
    """One row a face, with the columns of `mien analyze --out FILE.parquet`, lazily, as a Ray Data dataset.

    dataset: of `ray.data.read_binary_files(include_paths=True)`, `read_images`, `read_parquet`, `read_webdataset` or
    any other whose rows hold an image, encoded or as an array (H, W, 3). image, name: its columns; the usual names are
    tried unless given. most_actors: warm analyzers at a time, as many as the cluster has cores unless given. analyzer:
    arguments of `Analyzer`. An image that cannot be read is a row with status 'error'.
    """
    settings = {**analyzer, "threads": analyzer.get("threads") or 1}
    return dataset.map_batches(
        BatchReader,
        fn_constructor_args=(settings, image, name),
        compute=actors(most_actors),
        batch_size=batch_size,
        batch_format="numpy",
        num_cpus=1,
    )


class BatchReader:
    """Batches of images to tables of rows, with one warm analyzer in a process of its own."""

    def __init__(self, analyzer: Mapping[str, Any], image: str | None = None, name: str | None = None) -> None:
        from mien.analyzer import Analyzer

        self._pool, self._image, self._name = ReaderPool(Analyzer(**analyzer), 1), image, name

    def __call__(self, batch: Mapping[str, Any]) -> Any:
        """A table of pyarrow, one row a face, or one for an image without a face or that cannot be read."""
        import pyarrow as pa

        from mien.sinks.tables import parquet_row, parquet_schema

        image = self._image or next((column for column in _IMAGES if column in batch), "image")
        name = self._name or next((column for column in _NAMES if column in batch), None)
        names = [str(value) for value in batch[name]] if name else [f"row {i}" for i in range(len(batch[image]))]
        spool = Spool()
        try:
            sources = [_source(f"{i}", value, spool) for i, value in enumerate(batch[image])]
            frames = [spool.told(frame) for frame in self._pool.run(sources)]
        finally:
            spool.close()
        rows = [row for key, frame in zip(names, frames, strict=True) for row in _named(frame, key).to_dicts()]
        return pa.Table.from_pylist([parquet_row(row) for row in rows], parquet_schema(pa))


def _source(name: str, value: Any, spool: Spool) -> Source:
    if isinstance(value, bytes):
        return spool.source(name, "", value)
    if value is None:
        return Source(name, "error", reason="The row holds no image.")
    try:
        from PIL import Image

        encoded = BytesIO()
        Image.fromarray(value).save(encoded, "BMP")
    except (TypeError, ValueError, AttributeError, OSError) as error:
        return Source(name, "error", reason=f"An image must be encoded bytes or an array (H, W, 3) of uint8: {error}.")
    return spool.source(name, ".bmp", encoded.getvalue())


def _named(frame: Frame, name: str) -> Frame:
    faces = frame.faces if frame.status == "ok" else Faces.empty()
    return Frame(name, faces, frame.status, frame.reason)
