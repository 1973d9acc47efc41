"""The faces of a labeled dataset as a model reads them, by the path that `mien analyze` takes, and their labels."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.aligned import known_boxes
from mien.datasets.base_table import Table
from mien.datasets.crops import pick_face, wanted_box
from mien.datasets.join import join_teacher
from mien.datasets.labels import labels_of
from mien.datasets.tables import open_table
from mien.errors import InputError, expect
from mien.evaluate.groups import SKIN_TONE
from mien.evaluate.skin_tone import skin_tones
from mien.faces import Faces
from mien.geometry import Array, Image, align
from mien.parallel import Mapped, chunks, one_by_one
from mien.runtime.detector import Detector
from mien.runtime.devices import choose_device
from mien.runtime.heads import Head
from mien.runtime.landmarks import Landmarker
from mien.runtime.models import Card, embedded_models, find_model, read_card
from mien.tasks import ColumnLabel, Labels, Read, Task, decoding_of, tasks_of

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model read in a dataset: M faces found in `pictures` rows, their rows in the table, outputs and labels."""

    model: str
    card: Card
    table: Table
    split: str
    pictures: int
    rows: NDArray[np.int64]
    faces: Faces
    outputs: dict[str, Array]
    labels: Labels

    @property
    def tasks(self) -> list[Task]:
        """The tasks of the model."""
        return tasks_of(self.card.task)

    def read(self, task: Task) -> Read:
        """What was read for one of the tasks."""
        decoding = decoding_of(self.card.task, task.name, self.card.decoding)
        return Read(self.faces, self.outputs, self.labels, decoding)

    @property
    def note(self) -> str:
        """What a reader of the figures must know: whether faces that the model was trained on are among them."""
        trained_on = {Path(str(data["file"])).name for data in self.card.values.get("data", ())}
        if self.split != "all" or self.table.path.name not in trained_on:
            return ""
        name = repr(self.table.path.name)
        return f"All rows of {name} were used, and the model was trained on some: expect larger errors on new faces."


def find_trained(model: str | Path) -> Path:
    """The ONNX file of an embedded model's name, of an .onnx file with its card, or of the folder of an exported run.

    Raises InputError for anything else.
    """
    path = Path(model)
    if path.is_dir():
        return _exported(path)
    if path.suffix != ".onnx":
        if str(model) not in embedded_models():
            names = ", ".join(embedded_models())
            raise InputError(
                f"'model' must be one of {names}, an .onnx file, or the folder of a run. Got {str(model)!r}."
            )
        return find_model(model)
    for needed in (path, path.with_suffix(".json")):
        if not needed.is_file():
            raise InputError(f"'model' must be an ONNX file with its card beside it. {str(needed)!r} is not there.")
    return path


def _exported(run: Path) -> Path:
    try:
        name = json.loads((run / "recipe.json").read_text(encoding="utf-8"))["name"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"'model' must be the folder of a run, with recipe.json in it, an .onnx file, or a name. Got {str(run)!r}."
        ) from error
    path = run / f"{name}.onnx"
    if not (path.is_file() and path.with_suffix(".json").is_file()):
        raise InputError(
            f"The run {str(run)!r} must have been exported: {path.name} or its card is not there. "
            f"Write them with: mien export {run}"
        )
    return path


def read_data(
    model: str | Path,
    data: Path,
    split: str | list[str] | None = "test",
    teacher: Path | None = None,
    *,
    column: str = "split",
    images: Path | None = None,
    limit: int | None = None,
    rows: NDArray[np.int64] | None = None,
    change: Callable[[Image], Image] | None = None,
    device: str = "cpu",
    mapped: Mapped = one_by_one,
) -> Reading:
    """Detect, align and read the faces of a labeled dataset. Labels are checked before any image is read.

    split: values of the split column to use; None, or a set without that column, takes all rows. teacher: labels
    joined by set and id. images: folder of a manifest's images. limit: so many rows, drawn at random. rows: those to
    use, instead of the ones that the split column tells; `split` is then a mere name. change: what happens to each
    image before it is read; places that the labels tell must stay where they are. device: see `choose_device`.
    mapped: where the faces are read, see `mien.parallel.Mapped`.
    Raises InputError for a dataset without labels for the model's task, a split without rows, or no face at all.
    """
    expect(limit is None or limit >= 1, "limit", "a whole number of at least 1, or None", limit)
    file = find_trained(model)
    card, table = read_card(file), open_table(data, images)
    columns: dict[str, Any] = table.columns()
    if teacher is not None:
        columns = join_teacher(columns, teacher, table.name)
    given = rows is not None
    rows = rows_of(columns, split, column, len(table), data) if rows is None else rows
    if limit is not None and limit < len(rows):
        rows = np.sort(np.random.default_rng(0).choice(rows, limit, replace=False))
    known = [label for label in column_labels(card) if set(label.columns) <= set(columns)]
    labels = {name: value[rows] for name, value in labels_of(columns, known, table.where).items()}
    check_labels(card, labels, columns, data)
    faces, places, outputs = read_faces(
        file, card, table, rows, known_boxes(labels), change, choose_device(device), mapped
    )
    labels = {name: value[places] for name, value in labels.items()}
    columns = {name: value[rows][places] for name, value in columns.items()}
    columns[SKIN_TONE] = outputs.pop(SKIN_TONE)
    everything = split is None or (column not in columns and not given)
    named = "all" if everything else split if isinstance(split, str) else "+".join(split or [])
    title = model if isinstance(model, str) and not Path(model).is_dir() else file.stem
    return Reading(str(title), card, table, named, len(rows), rows[places], faces, outputs, Labels(labels, columns))


def rows_of(
    columns: dict[str, Any], split: str | list[str] | None, column: str, count: int, data: Path
) -> NDArray[np.int64]:
    """Rows whose split column has one of the values. Raises InputError when there are none."""
    if split is None or column not in columns:
        rows = np.arange(count)
        if not count:
            raise InputError(f"{str(data)!r} must have at least one row. Got none.")
        return rows
    wanted = [split] if isinstance(split, str) else split
    rows = np.flatnonzero(np.isin(columns[column].astype(str), wanted))
    if not len(rows):
        have = ", ".join(sorted(set(columns[column].astype(str))))
        raise InputError(f"'split' must be one of {have}, or 'all'. Got {split!r} for {str(data)!r}.")
    return rows


def column_labels(card: Card) -> list[ColumnLabel]:
    """The labels that a model's own tasks need: of classes, numbers, or columns of 0 and 1."""
    tasks = tasks_of(card.task)
    return [label for task in tasks for label in task.columns(decoding_of(card.task, task.name, card.decoding))]


def check_labels(card: Card, labels: dict[str, Array], columns: dict[str, Any], data: Path) -> None:
    """Raise InputError, with the columns that are wanted, unless a row has a label for a task of the model."""
    named = {label.name: label.columns for label in column_labels(card)}
    wanted = []
    for task in tasks_of(card.task):
        keys, words = task.wanted
        if any(key in labels and not np.isnan(labels[key]).all() for key in keys):
            return
        wanted.append(words or ", ".join(map(repr, named.get(task.name, ()))))
    raise InputError(
        f"{str(data)!r} must have labels for the task {card.task!r} in the rows that are used: the columns "
        f"{', or '.join(wanted)}. Got the columns {', '.join(sorted(columns)) or 'none'}."
    )


def read_faces(
    file: Path,
    card: Card,
    table: Table,
    rows: NDArray[np.int64],
    boxes: Array | None = None,
    change: Callable[[Image], Image] | None = None,
    device: str = "cpu",
    mapped: Mapped = one_by_one,
) -> tuple[Faces, NDArray[np.int64], dict[str, Array]]:
    """Estimates for one face an image: faces (M,), their places (M,) in `rows`, raw outputs (M, width) and skin tone.

    boxes (N, 4) tell which face of an image is meant, NaN where unknown; change: of each image before it is read.
    Raises InputError where no face is found.
    """
    make = partial(_FaceReader, file, card, table, rows, boxes, change, device)
    parts = [part for part in mapped(make, chunks(0, len(rows), _BATCH)) if part[1]]
    if not parts:
        raise InputError(
            f"{str(table.path)!r} must hold pictures with a face. No face was found in {len(rows)} pictures."
        )
    outputs = {name: np.concatenate([part[2][name] for part in parts]) for name in parts[0][2]}
    places = np.concatenate([part[1] for part in parts])
    return Faces.concat([part[0] for part in parts]), places, outputs


class _FaceReader:
    """Reads the faces of some of the rows, on this machine or another; see `read_faces`."""

    def __init__(
        self,
        file: Path,
        card: Card,
        table: Table,
        rows: NDArray[np.int64],
        boxes: Array | None,
        change: Callable[[Image], Image] | None,
        device: str,
    ) -> None:
        self.table, self.rows, self.boxes, self.change = table, rows, boxes, change
        places_faces = not all(task.aligned for task in tasks_of(card.task))
        self.detector = Detector(threads=2, device=device)
        self.landmarker = Landmarker(file if places_faces else "landmarks", threads=2, min_presence=0, device=device)
        self.head = None if places_faces else Head(file, threads=2, device=device)

    def __call__(self, places: range) -> tuple[Faces, list[int], dict[str, Array]]:
        """Faces, their places, outputs; no place where no face is found."""
        batch = list(self._detected(places))
        if not batch:
            return Faces.empty(), [], {}
        faces, outputs = _read([(image, faces) for _, image, faces in batch], self.landmarker, self.head)
        return faces, [place for place, _, _ in batch], outputs

    def _detected(self, places: range) -> Iterator[tuple[int, Image, Faces]]:
        """Place in `rows`, image, and the one face (1,) that is meant."""
        rows = self.rows[places.start : places.stop]
        place_of = {int(row): place for place, row in zip(places, rows, strict=True)}
        for row, picture in pictures_of(self.table, rows):
            image = self.change(picture) if self.change else picture
            picked = pick_face(self.detector, image, wanted_box(self.boxes, place_of[row]))
            if picked is not None:
                yield place_of[row], image, Faces(picked[0], np.ones(1, np.float32), picked[1])


def pictures_of(table: Table, rows: NDArray[np.int64]) -> Iterator[tuple[int, Image]]:
    """Row and image of the rows that can be read, in the order of the table."""
    wanted = np.zeros(len(table), bool)
    wanted[rows] = True
    start, stop = (int(rows.min()), int(rows.max()) + 1) if len(rows) else (0, 0)
    for row, image in zip(range(start, stop), table.images(wanted, start), strict=False):
        if image is not None and wanted[row]:
            yield row, image


def _read(
    batch: list[tuple[Image, Faces]], landmarker: Landmarker, head: Head | None
) -> tuple[Faces, dict[str, Array]]:
    images = [image for image, _ in batch]
    refined = landmarker(images, [faces for _, faces in batch])
    joined = Faces.concat(refined)
    assert joined.landmarks_68 is not None
    seen = {SKIN_TONE: skin_tones(images, joined.landmarks_68)}
    if head is None:
        return joined, seen
    crops = np.concatenate([align(i, f.landmarks, head.template) for i, f in zip(images, refined, strict=True)])
    outputs = head.model(crops)
    return head.decode(joined, outputs), {**outputs, **seen}
