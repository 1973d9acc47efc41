"""68 landmarks and head pose: they, not the detector's five points, place the aligned crops."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.estimates import landmarks_estimate, pose_estimate, presence_estimate
from mien.faces import Faces, Pose
from mien.geometry import Array, Image, face_square, five_points, rotation_angle, warp, wrap_degrees
from mien.runtime.models import Model, find_model
from mien.runtime.quality import detail

_TURNED = 15.0
"""Degrees beyond which a face is cut again, upright: the detector's five points do not tell how it is turned."""

_TOO_SOFT = 0.16
"""Detail of a crop, see `detail`, below which presence is not judged: a strongly blurred face looks like texture."""


class Landmarker:
    """Refines detected faces: 68 landmarks, pose, and the five points derived from the 68; drops what is no face.

    min_presence: probability of a face below which one is dropped; None for that of the card, 0 keeps all.
    """

    def __init__(
        self,
        model: str | Path = "landmarks",
        threads: int | None = None,
        min_presence: float | None = None,
        device: str = "cpu",
    ) -> None:
        self.model = Model(find_model(model), threads, device)
        self._margin = float(self.model.card.crop["margin"])
        threshold = self.model.card.decoding.get("presence", {}).get("threshold", 0.0)
        self.min_presence = float(threshold if min_presence is None else min_presence)

    def __call__(self, images: Sequence[Image], faces: Sequence[Faces]) -> list[Faces]:
        """The faces with `landmarks_68`, `pose` and refined `landmarks`; all images share one run.

        Those whose presence lies below the card's threshold are left out: texture, helmets, parts of faces.
        """
        counts = [len(part) for part in faces]
        if not sum(counts):
            return list(faces)
        owner = np.repeat(np.arange(len(images)), counts)
        box = np.concatenate([part.box for part in faces])
        points, pose, presence = self._read(images, owner, box, np.concatenate([part.landmarks for part in faces]))
        known = presence >= self.min_presence
        refined = [_refined(part, points[span], pose[span]) for part, span in zip(faces, _parts(counts), strict=True)]
        return [
            part if known[span].all() else part.select(known[span])
            for part, span in zip(refined, _parts(counts), strict=True)
        ]

    def points(self, image: Image, box: Array, landmarks: Array) -> Array:
        """68 landmarks (N, 68, 2) of faces known by box (N, 4) and five points (N, 5, 2)."""
        return self._read([image], np.zeros(len(box), np.int64), box, landmarks)[0]

    def _read(
        self, images: Sequence[Image], owner: NDArray[np.int64], box: Array, landmarks: Array
    ) -> tuple[Array, Pose, Array]:
        """Landmarks (N, 68, 2), pose and presence (N,) of the faces that lie in images[owner]."""
        size = self.model.card.size
        matrix = face_square(box, landmarks, size, self._margin)
        points, pose, presence = self._look(images, owner, matrix)
        upright = face_square(box, five_points(points), size, self._margin)
        turned = np.abs(wrap_degrees(rotation_angle(upright) - rotation_angle(matrix))) > _TURNED
        if turned.any():
            points[turned], angles, presence[turned] = self._look(images, owner[turned], upright[turned])
            for name in ("yaw", "pitch", "roll"):
                getattr(pose, name)[turned] = getattr(angles, name)
        return points, pose, presence

    def _look(self, images: Sequence[Image], owner: NDArray[np.int64], matrix: Array) -> tuple[Array, Pose, Array]:
        """Landmarks, pose and presence in crops cut by the matrices (N, 2, 3)."""
        size = self.model.card.size
        crops = np.empty((len(matrix), size, size, 3), np.uint8)
        for crop, transform, which in zip(crops, matrix, owner, strict=True):
            crop[:] = warp(images[which], transform, size)
        outputs = self.model(crops)
        presence = presence_estimate(outputs, self.model.card.decoding)
        if self.min_presence > 0:
            presence = np.where((presence < self.min_presence) & (detail(crops) < _TOO_SOFT), np.float32(1), presence)
        points = landmarks_estimate(outputs["landmarks"], matrix, size)
        return points, pose_estimate(outputs["pose"], matrix), presence


def _parts(counts: Sequence[int]) -> list[slice]:
    """Where each image's faces stand among all."""
    ends = np.cumsum(counts)
    return [slice(int(end - count), int(end)) for end, count in zip(ends, counts, strict=True)]


def _refined(faces: Faces, points: Array, pose: Pose) -> Faces:
    return replace(faces, landmarks=five_points(points), landmarks_68=points, pose=pose)
