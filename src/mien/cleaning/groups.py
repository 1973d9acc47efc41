"""From images to groups of aligned faces of one size, and from groups to a row for each image."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.cleaning.joint_alignment import align_jointly
from mien.cleaning.outliers import DUPLICATE, FEWEST, GroupCheck, check_group
from mien.errors import MediaError
from mien.geometry import CropTemplate, Image, align
from mien.media import folder_sources, read_photo
from mien.media.files import display_name
from mien.opencv import cv2
from mien.runtime.detector import Detector
from mien.runtime.landmarks import Landmarker

ALL = "all"
_SCALE = 0.36
_TOGETHER = 50
"""Faces that are moved onto each other at once: more of them cost much and tell no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image (H, W, 3) RGB of a group, or None and the reason why it cannot be read, or the path to read it from."""

    source: str
    group: str
    image: Image | None
    reason: str = ""
    path: Path | None = None


@dataclass(slots=True, eq=False)
class Row:
    """What is known of one image. status: 'ok', 'no_face' or 'error'; score and rank are None where none can be given.

    crop, low_rank, sparse (S, S): the aligned face in gray, uint8, and its parts, from 0 to 1.
    """

    source: str
    group: str
    status: str = "ok"
    score: float | None = None
    threshold: float | None = None
    rank: int | None = None
    suspect: bool = False
    reason: str = ""
    crop: Image | None = None
    low_rank: NDArray[Any] | None = None
    sparse: NDArray[Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without images."""
        names = ("source", "group", "status", "score", "threshold", "rank", "suspect", "reason")
        return {name: getattr(self, name) for name in names}


def folder_pictures(folder: Path, together: bool = False) -> Iterator[Picture]:
    """Photos of a folder; those in a folder of it are the group of its name, the others the group `.`.

    together: all are one group. Raises InputError where there is no such folder, or no photo in it.
    """
    return map(read_picture, folder_photos(folder, together))


def folder_photos(folder: Path, together: bool = False) -> Iterator[Picture]:
    """The same images before they are read."""
    for source in folder_sources(folder, "source"):
        parts = Path(source.path or folder).relative_to(folder).parts
        group = ALL if together else parts[0] if len(parts) > 1 else "."
        if source.kind == "photo":
            yield Picture(source.name, group, None, path=(source.path or Path(source.name)).absolute())
        else:
            yield Picture(source.name, group, None, source.reason or "It is a video; only photos are looked at.")


def read_picture(picture: Picture) -> Picture:
    """A picture with its image, or with the reason why it has none."""
    if picture.path is None or picture.image is not None:
        return picture
    try:
        return replace(picture, image=read_photo(picture.path), path=None)
    except MediaError as error:
        reason = str(error).replace(display_name(picture.path), picture.source)
        return replace(picture, reason=reason, path=None)


class FaceCutter:
    """Cuts the largest face of an image, placed by its landmarks as `mien analyze` places it, in gray.

    size: side in pixels. margin: further pixels on each side. aligned: the images are faces already; they are shrunk
    to the side as they are, and all must have the shape of the first.
    """

    def __init__(self, size: int, margin: int = 0, aligned: bool = False, threads: int | None = None) -> None:
        self.side = size + 2 * margin
        self._template = CropTemplate(self.side, _SCALE * size / self.side)
        self._shape: tuple[int, ...] | None = None
        self._detector = None if aligned else Detector(threads=threads)
        self._landmarker = None if aligned else Landmarker(threads=threads, min_presence=0)

    def __call__(self, picture: Picture) -> Row:
        """The row of an image, with its crop or with the reason why it has none."""
        picture = read_picture(picture)
        row = Row(picture.source, picture.group)
        if picture.image is None:
            row.status, row.reason = "error", picture.reason
            return row
        face = self._as_it_is(picture.image) if self._detector is None else self._face(picture.image)
        if isinstance(face, str):
            row.status, row.reason = "no_face" if self._detector else "error", face
        elif np.ptp(face) == 0:
            row.status, row.reason = "error", "The face is of one colour."
        else:
            row.crop = face
        return row

    def _face(self, image: Image) -> Image | str:
        assert self._detector is not None
        assert self._landmarker is not None
        faces = self._detector(image)
        if not len(faces):
            return "no face"
        refined = self._landmarker([image], [faces[[faces.largest_index()]]])[0]
        return _grey(align(image, refined.landmarks, self._template)[0])

    def _as_it_is(self, image: Image) -> Image | str:
        self._shape = self._shape or image.shape
        if image.shape != self._shape:
            size, first = (f"{shape[1]} x {shape[0]}" for shape in (image.shape, self._shape))
            return f"{size} pixels; the pictures before have {first}."
        small = cv2.resize(image, (self.side, self.side), interpolation=cv2.INTER_AREA)
        return _grey(np.asarray(small, np.uint8))


def _grey(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def check_groups(rows: Iterable[Row], cut: float = 2.5, margin: int = 0) -> None:
    """Fill in the findings on each row with a crop, group by group.

    margin: of the crops; where it is not 0, the faces of a group are moved onto each other within it beforehand.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.crop is not None:
            groups.setdefault(row.group, []).append(row)
    for group in groups.values():
        faces = np.stack([row.crop for row in group if row.crop is not None]).astype(np.float32) / 255
        if margin and len(faces) > 1:
            faces = _moved_together(faces, margin)
        _tell(group, faces, check_group(faces, cut=cut))


def _moved_together(faces: NDArray[Any], margin: int) -> NDArray[Any]:
    parts = -(-len(faces) // _TOGETHER)
    side = faces.shape[1] - 2 * margin
    moved = np.empty((len(faces), side, side), np.float32)
    for k in range(parts):
        moved[k::parts] = align_jointly(faces[k::parts], margin=margin, max_move=margin).faces
    return moved


def _tell(group: list[Row], faces: NDArray[Any], check: GroupCheck) -> None:
    for i, row in enumerate(group):
        row.crop = np.asarray(np.clip(faces[i] * 255, 0, 255).round(), np.uint8)
        row.low_rank, row.sparse = check.low_rank[i], check.sparse[i]
        row.reason, row.suspect = check.reason[i], bool(check.reason[i])
        if row.reason == DUPLICATE:
            row.reason = f"{DUPLICATE} of {group[check.copy_of[i]].source}"
        if np.isnan(check.score[i]):
            few = f"fewer than {FEWEST} different faces in the group"
            row.reason = row.reason or few
        else:
            row.score, row.threshold, row.rank = float(check.score[i]), check.threshold, int(check.rank[i])
