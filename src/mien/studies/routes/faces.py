"""Pictures as the routes read them, and the voted faces of ferplus with their landmarks, found once and kept."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.crops import pick_face
from mien.datasets.labels import labels_of
from mien.datasets.schema import VOTES
from mien.datasets.tables import open_table
from mien.files import progress_bar, whole_file
from mien.geometry import Array, CropTemplate, Image, align, five_points
from mien.runtime.detector import Detector
from mien.runtime.landmarks import Landmarker
from mien.runtime.models import find_model
from mien.studies.routes.routes import EXACT, Answers, Crops, Route

SUBSETS = ("all", "pose30", "pose45", "occluded")
SURPRISED = 3
"""Label of the faces that most voted to show surprise, after positive, neutral and negative."""
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its 68 landmarks (68, 2) where they have been found before.

    exact: those of a rendered face, and intensity (18,): its Action Units.
    """

    image: Image
    landmarks: Array | None = None
    exact: Array | None = None
    intensity: Array | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What each route answered for the M pictures whose face was found; found (N,), landmarks (M, 68, 2)."""

    answers: dict[str, Answers]
    found: NDArray[np.bool_]
    landmarks: Array


class Finder:
    """Detector and landmark network, as the Analyzer runs them, for the face nearest to the middle of a picture."""

    def __init__(self) -> None:
        self.detector, self.landmarker = Detector(threads=1), Landmarker(threads=1, min_presence=0)

    def __call__(self, image: Image) -> Array | None:
        """68 landmarks (68, 2), or None without a face."""
        face = pick_face(self.detector, image, None)
        return None if face is None else np.asarray(self.landmarker.points(image, *face)[0])


def read_pictures(pictures: Iterable[Picture], routes: Sequence[Route], finder: Finder) -> Reading:
    """Find the face of each picture, cut it as each route wants it, and let every route answer."""
    detected, points = [], []
    parts: list[dict[str, Answers]] = []
    for batch in _batches(pictures):
        places = [finder(p.image) if p.landmarks is None else p.landmarks for p in batch]
        seen = [(picture, place) for picture, place in zip(batch, places, strict=True) if place is not None]
        detected += [place is not None for place in places]
        if seen:
            points += [place for _, place in seen]
            parts.append({route.name: _read(route, seen) for route in routes})
    names = [route.name for route in routes]
    return Reading(
        {name: _joined([part[name] for part in parts]) for name in names}, np.array(detected), np.stack(points)
    )


def _batches(pictures: Iterable[Picture]) -> Iterator[list[Picture]]:
    batch: list[Picture] = []
    for picture in pictures:
        batch.append(picture)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _read(route: Route, seen: list[tuple[Picture, Array]]) -> Answers:
    exact = [p.exact for p, _ in seen if p.exact is not None] if route.name == EXACT else []
    landmarks = np.stack(exact or [place for _, place in seen])
    return route.read(cut([p.image for p, _ in seen], landmarks, route.template), landmarks)


def cut(images: Sequence[Image], landmarks: Array, template: CropTemplate | None) -> Crops:
    """Aligned crops (N, S, S, 3); none of any size where no template is given."""
    if template is None:
        return np.zeros((len(images), 0, 0, 3), np.uint8)
    five = five_points(landmarks)
    return np.concatenate([align(image, five[k : k + 1], template) for k, image in enumerate(images)])


def _joined(parts: list[Answers]) -> Answers:
    displays = {name: np.concatenate([part.displays[name] for part in parts]) for name in parts[0].displays}
    return Answers(
        np.concatenate([part.log_probability for part in parts]),
        np.concatenate([part.representation for part in parts]),
        displays,
    )


@dataclass(frozen=True, slots=True)
class VotedFaces:
    """Faces of ferplus that at least 60 % of the votes agree on.

    row (N,) in the file; split (N,); label (N,) positive 0, neutral 1, negative 2, surprise 3; landmarks (N, 68, 2);
    subset: masks (N,) of the named parts of the test split.
    """

    path: Path
    row: NDArray[np.int64]
    split: NDArray[Any]
    label: NDArray[np.int64]
    landmarks: Array
    subset: dict[str, NDArray[np.bool_]]

    def part(self, split: str, surprised: bool = False) -> "VotedFaces":
        """The faces of a split, with those that show surprise where wanted."""
        chosen = (self.split == split) & (surprised | (self.label < SURPRISED))
        subset = {name: mask[chosen] for name, mask in self.subset.items()}
        row, label, landmarks = self.row[chosen], self.label[chosen], self.landmarks[chosen]
        return VotedFaces(self.path, row, self.split[chosen], label, landmarks, subset)

    def pictures(self) -> Iterator[Picture]:
        """The pictures in the order of the rows, with their landmarks."""
        for place, image in _images(self.path, self.row):
            yield Picture(image, self.landmarks[place])


def voted_faces(path: Path, cache: Path, limit: int | None, finder: Finder) -> VotedFaces:
    """Faces with a clear vote and their landmarks, at most `limit` a split; the landmarks are kept in `cache`."""
    table = open_table(path)
    columns = table.columns()
    label, split = clear_votes(columns), columns["split"].astype(str)
    row = np.sort(np.concatenate([_some(np.flatnonzero((label >= 0) & (split == s)), limit) for s in np.unique(split)]))
    network = hashlib.sha256(find_model("landmarks").read_bytes()).hexdigest()
    setting = f"{table.fingerprint} {network} {hashlib.sha256(row.tobytes()).hexdigest()}"
    kept = cache / f"{table.name}-landmarks-{hashlib.sha256(setting.encode()).hexdigest()[:8]}.npy"
    if not kept.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        places = _find_all(path, row, finder)
        with whole_file(kept) as partial, partial.open("wb") as file:
            np.save(file, places)
    landmarks = np.load(kept)
    seen = ~np.isnan(landmarks).any((1, 2))
    row, landmarks = row[seen], landmarks[seen]
    marked = {name: np.asarray(columns[name])[row].astype(float) == 1 for name in SUBSETS[1:] if name in columns}
    subset = {"all": np.ones(len(row), bool), **marked}
    return VotedFaces(path, row, split[row], label[row], landmarks, subset)


def clear_votes(columns: dict[str, Any]) -> NDArray[np.int64]:
    """Label (N,) 0 to 3 of the rows that at least 60 % of the votes agree on, else -1; see `data.labels`."""
    shares = labels_of(columns)["emotion"]
    known = ~np.isnan(shares).any(1)
    label = np.where(known, np.nan_to_num(shares).argmax(1), -1)
    total = np.sum([columns[name] for name in (*VOTES, "unknown", "NF") if name in columns], axis=0)
    surprised = np.asarray(columns["surprise"]) >= 0.6 * np.maximum(total, 1)
    return np.where(~known & surprised, SURPRISED, label).astype(np.int64)


def _some(rows: NDArray[np.int64], limit: int | None) -> NDArray[np.int64]:
    return rows if limit is None else np.random.default_rng(0).permutation(rows)[:limit]


def _find_all(path: Path, row: NDArray[np.int64], finder: Finder) -> Array:
    """Landmarks (N, 68, 2) of the rows, NaN where no face is found."""
    points = np.full((len(row), 68, 2), np.nan, np.float32)
    with progress_bar("landmarks", len(row)) as advance:
        for place, image in _images(path, row):
            landmarks = finder(image)
            if landmarks is not None:
                points[place] = landmarks
            advance()
    return points


def _images(path: Path, row: NDArray[np.int64]) -> Iterator[tuple[int, Image]]:
    """Place and picture of the wanted rows that can be read; rows (N,) in rising order."""
    table = open_table(path)
    wanted = np.zeros(len(table), bool)
    wanted[row] = True
    for at, image in enumerate(table.images(wanted)):
        if image is not None and wanted[at]:
            yield int(np.searchsorted(row, at)), image
