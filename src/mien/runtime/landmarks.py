"""68 landmarks and head pose: they, not the detector's five points, place the aligned crops."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.estimates import landmarks_estimate, pose_estimate
from mien.faces import Faces, Pose
from mien.geometry import Array, Image, face_square, five_points, warp
from mien.runtime.models import Model, find_model


class Landmarker:
    """Refines detected faces: 68 landmarks, pose, and the five points derived from the 68."""

    def __init__(self, model: str | Path = "landmarks", threads: int | None = None) -> None:
        self.model = Model(find_model(model), threads)
        self._margin = float(self.model.card.crop["margin"])

    def __call__(self, images: Sequence[Image], faces: Sequence[Faces]) -> list[Faces]:
        """The same faces with `landmarks_68`, `pose` and refined `landmarks`; all pictures share one run."""
        if not sum(map(len, faces)):
            return list(faces)
        matrices = [self._matrices(part.box, part.landmarks) for part in faces]
        crops = [self._crops(image, part) for image, part in zip(images, matrices, strict=True)]
        outputs = self.model(np.concatenate(crops))
        matrix = np.concatenate(matrices)
        points = landmarks_estimate(outputs["landmarks"], matrix, self.model.card.size)
        pose = pose_estimate(outputs["pose"], matrix)
        ends = np.cumsum([len(part) for part in faces])
        return [
            _refined(part, points, pose, slice(end - len(part), end)) for part, end in zip(faces, ends, strict=True)
        ]

    def points(self, image: Image, box: Array, landmarks: Array) -> Array:
        """68 landmarks (N, 68, 2) of faces known by box (N, 4) and five points (N, 5, 2)."""
        matrix = self._matrices(box, landmarks)
        return landmarks_estimate(self.model(self._crops(image, matrix))["landmarks"], matrix, self.model.card.size)

    def _matrices(self, box: Array, landmarks: Array) -> Array:
        return face_square(box, landmarks, self.model.card.size, self._margin)

    def _crops(self, image: Image, matrices: Array) -> Image:
        size = self.model.card.size
        crops = np.empty((len(matrices), size, size, 3), np.uint8)
        for crop, matrix in zip(crops, matrices, strict=True):
            crop[:] = warp(image, matrix, size)
        return crops


def _refined(faces: Faces, points: Array, pose: Pose, part: slice) -> Faces:
    return replace(faces, landmarks=five_points(points[part]), landmarks_68=points[part], pose=pose[part])
