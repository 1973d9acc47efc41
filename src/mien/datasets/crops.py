"""Crops cut once by the product's own detector and aligner, kept in a memory-mapped file; a killed cut goes on."""

import csv
import json
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.files import locked, progress_bar, replace_text
from mien.geometry import Array, Image, box_iou, warp
from mien.runtime.detector import Detector

UNREADABLE, NO_FACE, ELSEWHERE = "unreadable", "no face", "no face at the labelled place"
REASONS = (UNREADABLE, NO_FACE, ELSEWHERE)
"""Why a row is dropped."""
DONE = "aligned.json"
FLUSH_ROWS = 256

Locate = Callable[[Image, Array | None], Array | str]
"""Picture and, where known, the box (4,) of the wanted face -> picture-to-crop matrix (2, 3), or one of REASONS."""
Images = Callable[[int], Iterable[Image | None]]
"""Row -> all pictures from that row on."""


@dataclass(frozen=True, slots=True)
class Crops:
    """crops (M, S, S, 3) of the rows (M,) where a face was found; matrix (M, 2, 3) carries image to crop.

    dropped: how many rows were dropped, by reason.
    """

    crops: NDArray[np.uint8]
    row: NDArray[np.int64]
    matrix: Array
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is cut: `count` rows into crops of `size` pixels.

    boxes (count, 4): where the wanted face is, NaN where unknown. info: what `aligned.json` says beside the counts; a
    cut that was begun with other info is not gone on with. name_of: row -> its name in `dropped.csv`.
    finish: called with the folder, rows (M,) and matrices (M, 2, 3), it may write more files before the cut counts as
    done. workers: threads that look for faces. elsewhere: row -> what was found in each row from there on, where other
    machines look.
    """

    count: int
    size: int
    boxes: Array | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    name_of: Callable[[int], str] = str
    finish: Callable[[Path, NDArray[np.int64], Array], None] | None = None
    workers: int = 1
    elsewhere: Callable[[int], Iterator["Found"]] | None = None


def cut_crops(images: Images, locate: Locate, folder: Path, plan: Plan) -> Crops:
    """Cut all crops of a dataset into `folder`, or open them if they stand there already.

    The folder appears only when it is whole; until then `FOLDER.partial` holds what is done, and the next call goes
    on there. Writes crops.npy, where.npz, dropped.csv and aligned.json. Raises InputError where the disk is too full.
    """
    if not (folder / DONE).exists():
        try:
            with locked(folder):
                if not (folder / DONE).exists():
                    _cut(images, locate, folder, plan)
        except OSError as error:
            raise InputError(
                f"The folder of the crops must be one that can be written to. Got {str(folder.parent)!r}: {error}; "
                "make room, or choose another one (of a recipe: cache_dir=FOLDER)."
            ) from error
    return open_crops(folder)


def open_crops(folder: Path) -> Crops:
    """The crops of a finished folder, memory-mapped. Raises InputError that names the file that is damaged."""
    where = _whole(folder / "where.npz", _places)
    count = len(where["row"])
    crops = _whole(folder / "crops.npy", lambda path: np.load(path, mmap_mode="r"), count)
    _whole(folder / "where.npz", lambda path: where["matrix"], count)
    return Crops(crops[:count], where["row"], where["matrix"], dict(read_info(folder).get("dropped", {})))


def _places(path: Path) -> dict[str, NDArray[Any]]:
    with path.open("rb") as file, np.load(file) as arrays:
        return {name: arrays[name] for name in ("row", "matrix")}


def read_info(folder: Path) -> dict[str, Any]:
    """What `aligned.json` of a finished folder says. Raises InputError where it is damaged."""
    info: dict[str, Any] = _whole(folder / DONE, lambda path: dict(json.loads(path.read_text(encoding="utf-8"))))
    return info


def _whole(path: Path, read: Callable[[Path], Any], rows: int = 0) -> Any:
    """A file of at least so many rows. Raises InputError for one that is missing, cut off, or something else."""
    try:
        content = read(path)
        if len(content) >= rows:
            return content
        fault: object = f"{len(content)} rows of {rows}"
    except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile) as error:
        fault = error
    raise InputError(
        f"{str(path)!r} must be as it was written. Got a damaged file ({fault}); "
        "delete the folder, and the command that made it makes it anew."
    )


def _cut(images: Images, locate: Locate, folder: Path, plan: Plan) -> None:
    cut = _Cut(folder.with_name(folder.name + ".partial"), plan)
    start = cut.done
    with progress_bar(f"cutting {folder.name}", plan.count, start) as advance:
        rows = plan.elsewhere(start) if plan.elsewhere else _find(images(start), start, locate, plan)
        for row, outcome in enumerate(rows, start):
            cut.add(row, outcome)
            advance()
            if cut.done % FLUSH_ROWS == 0:
                cut.save()
    if cut.done != plan.count:
        raise InputError(f"{folder.name!r} must have {plan.count} pictures, one a row. Got {cut.done}.")
    cut.save()
    cut.finish()
    shutil.rmtree(folder, ignore_errors=True)
    cut.folder.rename(folder)
    for name in _Cut.SCRATCH:
        (folder / name).unlink(missing_ok=True)


Found = tuple[Array, Image] | str


def _find(pictures: Iterable[Image | None], start: int, locate: Locate, plan: Plan) -> Iterator[Found]:
    """Matrix and crop, or why there is none, for each image in order; few images are held at a time."""

    def find(row: int, image: Image | None) -> Found:
        return find_crop(image, wanted_box(plan.boxes, row), locate, plan.size)

    waiting: deque[Future[Found]] = deque()
    with ThreadPoolExecutor(plan.workers) if plan.workers > 1 else nullcontext() as pool:
        for row, image in enumerate(pictures, start):
            if pool is None:
                yield find(row, image)
                continue
            waiting.append(pool.submit(find, row, image))
            if len(waiting) > 2 * plan.workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def find_crop(image: Image | None, box: Array | None, locate: Locate, size: int) -> Found:
    """Matrix (2, 3) and crop (size, size, 3) of the wanted face of an image, or why there is none."""
    if image is None:
        return UNREADABLE
    place = locate(image, box)
    return place if isinstance(place, str) else (place, warp(image, place, size))


class _Cut:
    """A cut under way: crops and matrices of the faces so far, the outcome of each row, and how far they are sure."""

    SCRATCH = ("progress.json", "outcome.npy", "matrix.npy")

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan
        self.setting = {"rows": plan.count, "size": plan.size, **plan.info}
        self.done, self.faces = self._resume() or self._begin()
        try:
            self.crops, self.matrix, self.outcome = self._arrays()
        except (OSError, ValueError, EOFError):  # cut off: nothing of it is sure
            self.done, self.faces = self._begin()
            self.crops, self.matrix, self.outcome = self._arrays()

    def _arrays(self) -> list[NDArray[Any]]:
        names = ("crops.npy", "matrix.npy", "outcome.npy")
        for name in names:
            np.load(self.folder / name, mmap_mode="r")  # a short file is an error to read, and made longer to write
        return [np.load(self.folder / name, mmap_mode="r+") for name in names]

    def add(self, row: int, outcome: Found) -> None:
        if isinstance(outcome, str):
            self.outcome[row] = REASONS.index(outcome)
        else:
            self.outcome[row] = len(REASONS)
            self.matrix[self.faces], self.crops[self.faces] = outcome
            self.faces += 1
        self.done = row + 1

    def save(self) -> None:
        """Arrays first, then the count: a kill in between repeats rows, and loses none."""
        for array in (self.crops, self.matrix, self.outcome):
            array.flush()  # type: ignore[attr-defined]
        state = {"setting": self.setting, "done": self.done, "faces": self.faces}
        replace_text(self.folder / "progress.json", json.dumps(state))

    def finish(self) -> None:
        """Write what stays beside the crops; doing it twice does no harm."""
        row, matrix = np.flatnonzero(self.outcome == len(REASONS)), np.array(self.matrix[: self.faces])
        np.savez(self.folder / "where.npz", row=row, matrix=matrix)
        dropped = [(int(at), REASONS[self.outcome[at]]) for at in np.flatnonzero(self.outcome < len(REASONS))]
        with (self.folder / "dropped.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("row", "name", "reason"))
            writer.writerows((at, self.plan.name_of(at), reason) for at, reason in dropped)
        if self.plan.finish:
            self.plan.finish(self.folder, row, matrix)
        counts = {"faces": self.faces, "dropped": dict(Counter(reason for _, reason in dropped))}
        replace_text(self.folder / DONE, json.dumps({**self.setting, **counts}, indent=1))

    def _resume(self) -> tuple[int, int] | None:
        try:
            state = json.loads((self.folder / "progress.json").read_text(encoding="utf-8"))
            # Through JSON, as the written setting went.
            same = state["setting"] == json.loads(json.dumps(self.setting))
            return (int(state["done"]), int(state["faces"])) if same else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _begin(self) -> tuple[int, int]:
        count, size = self.plan.count, self.plan.size
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        need, free = count * size * size * 3, shutil.disk_usage(self.folder).free
        if need > free:
            where = str(self.folder.parent)
            raise InputError(f"{where!r} must have {need / 1e9:.1f} GB free for the crops. Got {free / 1e9:.1f} GB.")
        arrays = {"crops": (count, size, size, 3), "matrix": (count, 2, 3), "outcome": (count,)}
        for name, shape in arrays.items():
            kind = np.float32 if name == "matrix" else np.uint8
            np.lib.format.open_memmap(self.folder / f"{name}.npy", "w+", kind, shape).flush()
        return 0, 0


def wanted_box(boxes: Array | None, row: int) -> Array | None:
    """The box (4,) of a row, or None where it is unknown: no boxes (N, 4) at all, or NaN there."""
    return None if boxes is None or np.isnan(boxes[row]).any() else boxes[row]


def find_face(detector: Detector, image: Image, box: Array | None) -> tuple[Array, Array] | str:
    """Box (1, 4) and landmarks (1, 5, 2) of the wanted face, or of the one nearest to the middle; or why none."""
    faces = detector(image)
    if not len(faces):
        return NO_FACE
    if box is not None:
        overlap = box_iou(faces.box, box[None])[:, 0]
        best = int(overlap.argmax())
        return (faces.box[[best]], faces.landmarks[[best]]) if overlap[best] > 0.3 else ELSEWHERE
    middle = np.array([image.shape[1], image.shape[0]]) / 2
    center = (faces.box[:, :2] + faces.box[:, 2:]) / 2
    side = (faces.box[:, 2:] - faces.box[:, :2]).max(1)
    best = int((np.linalg.norm(center - middle, axis=1) / side - 0.5 * side / side.max()).argmin())
    return faces.box[[best]], faces.landmarks[[best]]


def pick_face(detector: Detector, image: Image, box: Array | None) -> tuple[Array, Array] | None:
    """Box (1, 4) and landmarks (1, 5, 2) of the wanted face, or of the one nearest to the middle; None if none."""
    face = find_face(detector, image, box)
    return None if isinstance(face, str) else face
