"""A model measured on a labelled Parquet file, by the path that `mien analyze` takes."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.faces import Faces
from mien.geometry import Array, Image, align
from mien.runtime.detector import Detector
from mien.runtime.heads import Head
from mien.runtime.landmarks import Landmarker
from mien.runtime.models import find_model, read_card
from mien.train.data.crops import pick_face, wanted_box
from mien.train.data.dataset import join_teacher, known_boxes
from mien.train.data.labels import labels_of
from mien.train.data.tables import iterate_images, read_columns
from mien.train.measures import Labels, Measure, groups_of, measures_of
from mien.train.metrics import bootstrap_interval

_BATCH = 64
ROUNDS = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One measure with its 95 % bootstrap interval over faces."""

    name: str
    value: float
    low: float | None
    high: float | None
    faces: int


@dataclass(frozen=True, slots=True)
class Report:
    """Measures of a model on a set; `groups` holds the main measure by group."""

    model: str
    data: str
    split: str
    pictures: int
    faces: int
    rows: list[Row]
    groups: list[Row] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What was measured on what."""
        return f"{self.model} on {self.data} ({self.split}): {self.faces} faces found in {self.pictures} pictures"

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the `summary` maps each measure to its value."""
        return {**asdict(self), "summary": {row.name: row.value for row in self.rows}}


def evaluate_file(
    model: str | Path,
    data: Path,
    split: str | list[str] | None = "test",
    teacher: Path | None = None,
    *,
    column: str = "split",
    rounds: int = ROUNDS,
) -> Report:
    """Detect, align and read the faces of `data` with the model, and measure it against the labels.

    split: values of the split column to use; None takes all rows. teacher: labels joined by set and id.
    Raises InputError for a file without pictures or labels, or a split without rows.
    """
    columns = read_columns(data)
    if teacher is not None:
        columns = join_teacher(columns, teacher, data.stem)
    rows = _rows_of(columns, split, column, data)
    labels = {name: value[rows] for name, value in labels_of(columns).items()}
    faces, found, outputs = read_faces(model, data, rows, known_boxes(labels))
    labels = {name: value[found] for name, value in labels.items()}
    columns = {name: value[rows][found] for name, value in columns.items()}
    task = read_card(find_model(model)).task
    measures = measures_of(task, faces, outputs, Labels(labels, columns))
    if not measures:
        raise InputError(f"{str(data)!r} must have labels for the task {task!r}. Got the columns {sorted(columns)}.")
    name, measure = next(iter(measures.items()))
    groups = [
        row
        for group, index in groups_of(task, faces, labels, columns)
        if (row := _row(f"{name}, {group}", measure, index, rounds)).faces >= 20
    ]
    everyone = np.arange(len(found))
    listed = [_row(n, m, everyone, rounds) for n, m in measures.items()]
    named = "all" if split is None else split if isinstance(split, str) else "+".join(split)
    return Report(
        str(model) if isinstance(model, str) else model.stem, data.stem, named, len(rows), len(found), listed, groups
    )


def _rows_of(columns: dict[str, Any], split: str | list[str] | None, column: str, data: Path) -> NDArray[np.int64]:
    count = len(next(iter(columns.values())))
    if split is None or column not in columns:
        return np.arange(count)
    wanted = [split] if isinstance(split, str) else split
    rows = np.flatnonzero(np.isin(columns[column].astype(str), wanted))
    if not len(rows):
        have = ", ".join(sorted(set(columns[column].astype(str))))
        raise InputError(f"'split' must be one of {have}, or 'all'. Got {split!r} for {str(data)!r}.")
    return rows


def read_faces(
    model: str | Path, data: Path, rows: NDArray[np.int64], boxes: Array | None = None
) -> tuple[Faces, NDArray[np.int64], dict[str, Array]]:
    """Estimates for one face a picture: faces (M,), their places (M,) in `rows`, raw outputs (M, width).

    boxes (N, 4) tell which face of a picture is meant, NaN where unknown.
    """
    detector = Detector(threads=2)
    places_faces = read_card(find_model(model)).task == "landmarks"
    landmarker = Landmarker(model if places_faces else "landmarks", threads=2)
    head = None if places_faces else Head(model, threads=2)
    places: list[int] = []
    batch: list[tuple[Image, Faces]] = []
    parts: list[tuple[Faces, dict[str, Array]]] = []
    place_of = {int(row): place for place, row in enumerate(rows)}
    wanted = np.zeros(max(place_of, default=-1) + 1, bool)
    wanted[rows] = True
    for row, image in zip(range(len(wanted)), iterate_images(data, wanted), strict=False):
        if image is None:
            continue
        place = place_of[row]
        picked = pick_face(detector, image, wanted_box(boxes, place))
        if picked is None:
            continue
        places.append(place)
        batch.append((image, Faces(picked[0], np.ones(1, np.float32), picked[1])))
        if len(batch) == _BATCH:
            parts.append(_read(batch, landmarker, head))
            batch = []
    if batch:
        parts.append(_read(batch, landmarker, head))
    if not parts:
        raise InputError(f"{str(data)!r} must hold pictures with a face. No face was found in {len(rows)} pictures.")
    outputs = {name: np.concatenate([part[1][name] for part in parts]) for name in parts[0][1]}
    return Faces.join([part[0] for part in parts]), np.array(places), outputs


def _read(
    batch: list[tuple[Image, Faces]], landmarker: Landmarker, head: Head | None
) -> tuple[Faces, dict[str, Array]]:
    images = [image for image, _ in batch]
    refined = landmarker(images, [faces for _, faces in batch])
    joined = Faces.join(refined)
    if head is None:
        return joined, {}
    crops = np.concatenate([align(i, f.landmarks, head.template) for i, f in zip(images, refined, strict=True)])
    outputs = head.model(crops)
    return head.decode(joined, outputs), outputs


def _row(name: str, measure: Measure, index: NDArray[np.int64], rounds: int) -> Row:
    """A measure on the faces of `index` that it applies to, with its bootstrap interval."""
    index = index[measure.known[index]]
    value = measure.on(index) if len(index) else float("nan")
    if np.isnan(value) or rounds < 2:
        return Row(name, value, None, None, len(index))
    return Row(name, value, *bootstrap_interval(measure.on, index, rounds), len(index))
