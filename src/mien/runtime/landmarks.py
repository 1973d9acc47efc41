"""68 landmarks and head pose: they, not the detector's five points, place the aligned crops."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.estimates import landmarks_estimate, pose_estimate
from mien.faces import Faces, Pose
from mien.geometry import Array, Image, face_square, five_points, rotation_angle, warp, wrap_degrees
from mien.runtime.models import Model, find_model

_TURNED = 15.0
"""Degrees beyond which a face is cut again, upright: the detector's five points do not tell how it is turned."""


class Landmarker:
    """Refines detected faces: 68 landmarks, pose, and the five points derived from the 68."""

    def __init__(self, model: str | Path = "landmarks", threads: int | None = None) -> None:
        self.model = Model(find_model(model), threads)
        self._margin = float(self.model.card.crop["margin"])

    def __call__(self, images: Sequence[Image], faces: Sequence[Faces]) -> list[Faces]:
        """The same faces with `landmarks_68`, `pose` and refined `landmarks`; all pictures share one run."""
        counts = [len(part) for part in faces]
        if not sum(counts):
            return list(faces)
        owner = np.repeat(np.arange(len(images)), counts)
        box = np.concatenate([part.box for part in faces])
        points, pose = self._read(images, owner, box, np.concatenate([part.landmarks for part in faces]))
        ends = np.cumsum(counts)
        return [
            _refined(part, points, pose, slice(end - len(part), end)) for part, end in zip(faces, ends, strict=True)
        ]

    def points(self, image: Image, box: Array, landmarks: Array) -> Array:
        """68 landmarks (N, 68, 2) of faces known by box (N, 4) and five points (N, 5, 2)."""
        return self._read([image], np.zeros(len(box), np.int64), box, landmarks)[0]

    def _read(
        self, images: Sequence[Image], owner: NDArray[np.int64], box: Array, landmarks: Array
    ) -> tuple[Array, Pose]:
        """Landmarks (N, 68, 2) and pose of the faces that lie in images[owner]."""
        size = self.model.card.size
        matrix = face_square(box, landmarks, size, self._margin)
        points, pose = self._look(images, owner, matrix)
        upright = face_square(box, five_points(points), size, self._margin)
        turned = np.abs(wrap_degrees(rotation_angle(upright) - rotation_angle(matrix))) > _TURNED
        if turned.any():
            again, angles = self._look(images, owner[turned], upright[turned])
            points[turned] = again
            for name in ("yaw", "pitch", "roll"):
                getattr(pose, name)[turned] = getattr(angles, name)
        return points, pose

    def _look(self, images: Sequence[Image], owner: NDArray[np.int64], matrix: Array) -> tuple[Array, Pose]:
        """Landmarks and pose in crops cut by the matrices (N, 2, 3)."""
        size = self.model.card.size
        crops = np.empty((len(matrix), size, size, 3), np.uint8)
        for crop, one, which in zip(crops, matrix, owner, strict=True):
            crop[:] = warp(images[which], one, size)
        outputs = self.model(crops)
        return landmarks_estimate(outputs["landmarks"], matrix, size), pose_estimate(outputs["pose"], matrix)


def _refined(faces: Faces, points: Array, pose: Pose, part: slice) -> Faces:
    return replace(faces, landmarks=five_points(points[part]), landmarks_68=points[part], pose=pose[part])
