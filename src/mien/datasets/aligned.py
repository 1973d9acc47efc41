"""A table to aligned crops, and folders of such crops as tables of their own."""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError

from mien.datasets.base_table import Columns, Table
from mien.datasets.crop import Crop
from mien.datasets.crops import (
    DONE,
    Crops,
    Found,
    Locate,
    Plan,
    cut_crops,
    find_crop,
    find_face,
    open_crops,
    read_info,
    wanted_box,
)
from mien.datasets.labels import labels_of
from mien.errors import InputError
from mien.geometry import Array, CropTemplate, Image, apply_affine, face_square, five_points, rotation_angle, similarity
from mien.parallel import Mapped, chunks
from mien.runtime.detector import Detector
from mien.runtime.landmarks import Landmarker
from mien.runtime.models import find_model

logger = logging.getLogger(__name__)
_CHUNK = 64
Locator = Callable[[Image, Array, Array], Array]
"""Picture, box (N, 4), five landmarks (N, 5, 2) -> 68 landmarks (N, 68, 2)."""


def align_table(
    table: Table,
    crop: Crop,
    folder: Path,
    boxes: Array | None = None,
    landmarker: Locator | None = None,
    finish: Callable[[Path, NDArray[np.int64], Array], None] | None = None,
    workers: int = 1,
    mapped: Mapped | None = None,
) -> Crops:
    """Detect, place and cut the face of every row of a table into `folder`, or open what stands there.

    boxes (N, 4): where the wanted faces are, NaN where unknown. The crops have `crop.size * crop.zoom` pixels.
    mapped: where faces are looked for, see `mien.parallel.Mapped`; in threads of this process unless given.
    A damaged folder is cut anew, unless `finish` writes more into it.
    """
    if (folder / DONE).exists():
        try:
            return open_crops(folder)
        except InputError as error:
            if finish or not os.access(folder, os.W_OK):
                raise
            logger.warning("%s The crops are cut anew.", error)
            (folder / DONE).unlink(missing_ok=True)
    size = round(crop.size * crop.zoom)
    make = partial(_square, crop, size) if crop.kind == "square" else partial(_aligned, crop, size, landmarker)
    plan = Plan(len(table), size, boxes, setting_of(table, crop, boxes), table.row_name, finish, workers)
    if mapped is not None:
        plan = replace(
            plan, elsewhere=partial(_elsewhere, mapped, partial(_RowFinder, table, make, boxes, size), len(table))
        )
    locate = make()
    return cut_crops(lambda start: table.images(start=start), locate, folder, plan)


class _RowFinder:
    """Looks for the faces of some rows of a table, in another process or on another machine."""

    def __init__(self, table: Table, make: Callable[[], Locate], boxes: Array | None, size: int) -> None:
        self.table, self.locate, self.boxes, self.size = table, make(), boxes, size

    def __call__(self, rows: range) -> list[Found]:
        images = islice(self.table.images(start=rows.start), len(rows))
        pairs = zip(rows, images, strict=True)
        return [find_crop(image, wanted_box(self.boxes, row), self.locate, self.size) for row, image in pairs]


def _elsewhere(mapped: Mapped, make: Callable[[], _RowFinder], count: int, start: int) -> Iterator[Found]:
    return chain.from_iterable(mapped(make, chunks(start, count, _CHUNK)))


def setting_of(table: Table, crop: Crop, boxes: Array | None) -> dict[str, Any]:
    """What the crops depend on: images, labeled places, crop, and the landmark network that places them."""
    used = crop.model_dump(exclude={"margin"} if crop.kind == "aligned" else {"scale"})
    landmarks = hashlib.sha256(find_model("landmarks").read_bytes()).hexdigest() if crop.kind == "aligned" else ""
    places = "" if boxes is None else hashlib.sha256(np.ascontiguousarray(boxes, np.float32).tobytes()).hexdigest()[:16]
    about = {"name": table.name, "metadata": table.metadata}
    return {**about, "crop": used, "landmarks": landmarks, "fingerprint": table.fingerprint, "boxes": places}


def make_crop(**values: Any) -> Crop:
    """A crop from its values. Raises InputError for one that is out of range."""
    try:
        return Crop(**values)
    except ValidationError as error:
        item = error.errors()[0]
        raise InputError(f"{item['loc'][0]!r} is wrong: {item['msg']}. Got {item['input']!r}.") from error


def write_aligned(
    table: Table,
    out: Path,
    crop: Crop,
    resume: bool = False,
    workers: int = 1,
    landmarker: Locator | None = None,
    mapped: Mapped | None = None,
) -> Crops:
    """Align a table into a folder that is a table itself: crops, places, and the other columns in labels.parquet.

    resume: go on with a killed run instead of starting anew. Raises InputError for faulty labels, before any image
    is read, and where `out` holds something else.
    """
    columns = table.columns()
    boxes = known_boxes(labels_of(columns, where=table.where))
    if (out / DONE).exists():
        info = read_info(out)
        if any(info.get(key) != value for key, value in setting_of(table, crop, boxes).items()):
            raise InputError(f"'out' must be a new folder. Got {str(out)!r}, which holds crops of another set or kind.")
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"'out' must be a new or empty folder. Got {str(out)!r}, which holds other files.")
    if not resume:
        shutil.rmtree(out.with_name(out.name + ".partial"), ignore_errors=True)

    def finish(folder: Path, row: NDArray[np.int64], matrix: Array) -> None:
        kept = {}
        for name, values in columns.items():
            kept[name] = pa.array(values[row].tolist() if values.dtype == object else values[row])
        kept |= {"row": pa.array(row), "matrix": pa.array(matrix.reshape(-1, 6).tolist(), pa.list_(pa.float32()))}
        pq.write_table(pa.table(kept).replace_schema_metadata(table.metadata), folder / "labels.parquet")

    return align_table(table, crop, out, boxes, landmarker, finish, workers, mapped)


class AlignedTable(Table):
    """A folder that `mien data align` wrote: the images are its crops.

    Raises InputError where a file of it is missing.
    """

    kind = "aligned crops"

    def __init__(self, path: Path) -> None:
        missing = [name for name in ("labels.parquet", "crops.npy", "where.npz") if not (path / name).is_file()]
        if missing:
            raise InputError(f"{str(path)!r} must be a whole folder of 'mien data align'. Got no {', '.join(missing)}.")
        super().__init__(path)
        self.info = read_info(path)
        missing = [key for key in ("name", "metadata", "crop") if key not in self.info]
        if missing:
            raise InputError(
                f"{str(path / DONE)!r} must be as 'mien data align' wrote it. Got no {', '.join(missing)}."
            )
        self.name = self.info["name"]
        self.crops = open_crops(path)

    @property
    def fingerprint(self) -> str:
        """Digest of what the crops were cut from, and how."""
        return hashlib.sha256((self.path / DONE).read_bytes()).hexdigest()[:16]

    @property
    def metadata(self) -> dict[str, str]:
        """Of the set that was aligned."""
        return dict(self.info["metadata"])

    def __len__(self) -> int:
        return len(self.crops.row)

    def stored(self) -> Columns:
        """The columns (M,) as the set had them: landmarks in pixels of the images before they were cut."""
        try:
            table = pq.read_table(self.path / "labels.parquet")
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(
                f"{str(self.path / 'labels.parquet')!r} must be a whole Parquet file. Got: {error}; "
                "run 'mien data align' again into a new folder."
            ) from error
        return {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names}

    def columns(self) -> Columns:
        """The columns (M,); landmarks and roll as they are in the crops."""
        columns = self.stored()
        labels = move_labels(labels_of(columns), self.crops.matrix)
        if "landmarks" in labels:
            points = np.empty(len(self), object)
            points[:] = list(labels["landmarks"].reshape(-1, 136))
            columns |= {"landmarks": points, "roll": labels["pose"][:, 2]}
        return columns

    def images(self, wanted: NDArray[np.bool_] | None = None, start: int = 0) -> Iterator[Image | None]:
        """The crops, with the margin that is kept around them."""
        for row in range(start, len(self)):
            yield np.array(self.crops.crops[row]) if wanted is None or wanted[row] else None

    def row_name(self, row: int) -> str:
        """File or id of the row."""
        return str(self._names[row]) if self._names is not None else ""

    def check_crop(self, crop: Crop) -> None:
        """Raise InputError unless a recipe cuts faces as this folder does."""
        have, want = self.info["crop"], crop.model_dump(include=set(self.info["crop"]))
        if have != want:
            raise InputError(
                f"'crop' of the recipe must be that of {str(self.path)!r}, {have}. Got {want}; "
                "change the recipe, or run 'mien data align' again."
            )

    @cached_property
    def _names(self) -> NDArray[Any] | None:
        columns = self.stored()
        return next((columns[name] for name in ("file", "id") if name in columns), None)


def known_boxes(labels: dict[str, Array]) -> Array | None:
    """Boxes (N, 4) around the landmarks of the labels, NaN where a row has none; None where no row can have any."""
    if "landmarks" not in labels:
        return None
    points = labels["landmarks"]
    return np.concatenate([points.min(1), points.max(1)], 1)


def move_labels(labels: dict[str, Array], matrix: Array) -> dict[str, Array]:
    """Landmarks and pose carried from images into crops by matrices (N, 2, 3); other labels as they are."""
    if "landmarks" not in labels:
        return labels
    roll = labels["pose"][:, 2] + rotation_angle(matrix)
    pose = np.concatenate([labels["pose"][:, :2], roll[:, None]], 1).astype(np.float32)
    return {**labels, "landmarks": apply_affine(matrix, labels["landmarks"]), "pose": pose}


def _square(crop: Crop, size: int) -> Locate:
    detector = Detector(threads=1)

    def locate(image: Image, box: Array | None) -> Array | str:
        face = find_face(detector, image, box)
        if isinstance(face, str):
            return face
        matrix: Array = face_square(*face, size, crop.margin * crop.zoom)[0]
        return matrix

    return locate


def _aligned(crop: Crop, size: int, landmarker: Locator | None) -> Locate:
    landmarker = landmarker or Landmarker(threads=1).points
    detector = Detector(threads=1)
    template = CropTemplate(size, crop.scale / crop.zoom)

    def locate(image: Image, box: Array | None) -> Array | str:
        face = find_face(detector, image, box)
        if isinstance(face, str):
            return face
        matrix: Array = similarity(five_points(landmarker(image, *face)), template.points)[0]
        return matrix

    return locate
