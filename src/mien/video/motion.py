"""Where a face that was seen a moment ago is now: boxes and five points from 68 landmarks, moved on."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.faces import Faces
from mien.faces.parts import Array
from mien.geometry import box_area, box_intersection, box_iou

_LONGEST_S = 0.25  # a motion that was seen longer ago is not believed to go on
_OFF_CENTER, _OFF_SIZE = 0.1, 0.1  # parts of a face's side, and of its size, by which a crop may miss the face


@dataclass(frozen=True, slots=True)
class Followed:
    """Faces that are followed: as they were last seen, with what places them in the next frame.

    faces (N) with landmarks; margin (N, 4): edges of the detector's box beyond those of the landmarks, in their size;
    velocity (N, 2) in pixels a second; misses (N,): looks of the detector in a row that did not see the face.
    """

    faces: Faces
    margin: Array
    velocity: Array
    misses: NDArray[np.int64]
    time_s: float

    @classmethod
    def start(cls, faces: Faces, time_s: float) -> "Followed":
        """Faces that the detector has just seen."""
        n = len(faces)
        return cls(faces, box_margin(faces), np.zeros((n, 2)), np.zeros(n, np.int64), time_s)

    def pick(self, index: Array) -> "Followed":
        """Those of a mask or of whole numbers."""
        arrays: dict[str, Any] = {
            f.name: getattr(self, f.name)[index] for f in fields(self) if f.name not in ("faces", "time_s")
        }
        return replace(self, faces=self.faces.select(index), **arrays)

    def join(self, other: "Followed") -> "Followed":
        """These and the others, all without `track_id`."""
        faces = [replace(part.faces, track_id=None) for part in (self, other) if len(part.faces)]
        if len(faces) < 2:
            return self if len(self.faces) or not len(other.faces) else other
        names = (f.name for f in fields(self) if f.name not in ("faces", "time_s"))
        arrays: dict[str, Any] = {n: np.concatenate([getattr(self, n), getattr(other, n)]) for n in names}
        return replace(self, faces=Faces.concat(faces), **arrays)

    def predict(self, time_s: float) -> Faces:
        """The faces where they are expected at a time: box and five points, moved on."""
        elapsed = time_s - self.time_s
        step = self.velocity * (elapsed if elapsed <= _LONGEST_S else 0.0)
        box = placed_box(self.faces, self.margin) + np.tile(step, 2)
        landmarks = self.faces.landmarks + step[:, None]
        return Faces(box.astype(np.float32), self.faces.score, landmarks.astype(np.float32))

    def moved(self, faces: Faces, time_s: float) -> "Followed":
        """The same faces, seen again."""
        elapsed = max(time_s - self.time_s, 1e-3)
        step = faces.landmarks.mean(1) - self.faces.landmarks.mean(1)
        return replace(self, faces=faces, velocity=step / elapsed, time_s=time_s)


def extent(landmarks_68: Array) -> tuple[Array, Array]:
    """Box (N, 4) of 68 landmarks (N, 68, 2), and its size (N, 1), the root of its area."""
    low, high = landmarks_68.min(1), landmarks_68.max(1)
    size = np.sqrt(np.maximum((high - low).prod(1), 1e-6))
    return np.concatenate([low, high], 1), size[:, None]


def box_margin(faces: Faces) -> Array:
    """By how much (N, 4) the edges of the boxes lie beyond those of the landmarks, in the size of these."""
    box, size = extent(faces.require("landmarks_68"))
    return np.asarray((faces.box - box) / size)


def placed_box(faces: Faces, margin: Array) -> Array:
    """Boxes (N, 4) around the landmarks with a known margin (N, 4)."""
    box, size = extent(faces.require("landmarks_68"))
    return np.asarray(box + margin * size)


def missed(crop: Array, box: Array) -> NDArray[np.bool_]:
    """Whether a face of box (N, 4) was read from a crop that was cut for quite another box (N, 4)."""
    side, cut = (np.maximum((b[:, 2:] - b[:, :2]).max(1), 1e-3) for b in (box, crop))
    away = np.linalg.norm((box[:, :2] + box[:, 2:] - crop[:, :2] - crop[:, 2:]) / 2, axis=1)
    return np.asarray((away > _OFF_CENTER * side) | (np.abs(np.log(cut / side)) > _OFF_SIZE))


def shared_part(box: Array, others: Array) -> Array:
    """Largest part (N,) of each box (N, 4), or of the other where that is smaller, that it shares with one of others.

    >>> shared_part(np.array([[0, 0, 4, 4.0]]), np.array([[3, 0, 5, 1.0], [9, 9, 10, 10]])).tolist()
    [0.5]
    """
    smaller = np.minimum(box_area(box)[:, None], box_area(others))
    part = box_intersection(box, others) / np.maximum(smaller, 1e-9)
    return np.asarray(part.max(1, initial=0.0))


def best_overlap(box: Array, others: Array) -> tuple[Array, NDArray[np.int64]]:
    """Largest intersection over union (N,) of each box (N, 4) with the others (M, 4), and with which (N,)."""
    if not len(others):
        return np.zeros(len(box)), np.zeros(len(box), np.int64)
    overlap = box_iou(box, others)
    return overlap.max(1), overlap.argmax(1)
