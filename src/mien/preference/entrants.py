"""The face of a photo that is compared, and what may be wrong with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mien.analyzer import CHILD_AGE
from mien.errors import Words, expect
from mien.faces import Attractiveness, Face, Faces
from mien.geometry import CropTemplate, Image, align
from mien.runtime.quality import detail

HEADS = ("age", "attractiveness")
BLURRED, TURNED, SMALL, CLOSED = 0.18, 30.0, 48.0, 0.5
"""Remarks are made below so much detail, from so many degrees, below so many pixels, from this probability of AU43."""
_CROP = CropTemplate(112, 0.36)


@dataclass(frozen=True, slots=True, eq=False)
class Entrant:
    """The largest face of a photo; remarks say what may be wrong with the photo, and change nothing."""

    source: str
    face: Face
    remarks: tuple[str, ...] = ()

    @property
    def attractiveness(self) -> Attractiveness:
        """What is known of the face."""
        assert self.face.attractiveness is not None
        return self.face.attractiveness

    @property
    def unscored(self) -> str:
        """Why the face gets no score: it looks like a child's. Empty where it has one."""
        assert self.face.age is not None
        if np.isfinite(self.attractiveness.score):
            return ""
        return f"apparent age {self.face.age.value:.0f}; below {CHILD_AGE:.0f} no score is given"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        numbers = self.attractiveness.to_dict()
        return {"source": self.source, "box": self.face.box.tolist(), **numbers, "remarks": list(self.remarks)}


def entrant(source: str, faces: Faces, image: Image) -> Entrant:
    """The largest of the faces of an image (H, W, 3), one or more.

    Raises InputError where the heads did not run that must tell who is no child, and the score.
    """
    ran = faces.age is not None and faces.attractiveness is not None
    expect(ran, "analyzer", f"one with the heads {' and '.join(HEADS)}: children get no score", Words("one without"))
    face = faces.largest()
    several = (f"{len(faces)} faces, the largest was taken",) if len(faces) > 1 else ()
    return Entrant(source, face, (*remarks(face, image), *several))


def remarks(face: Face, image: Image) -> list[str]:
    """What may be wrong with the photo (H, W, 3) of a face, in words."""
    side = float(np.sqrt((face.box[2:] - face.box[:2]).prod()))
    turn = 0.0 if face.pose is None else max(abs(float(face.pose.yaw)), abs(float(face.pose.pitch)))
    units = face.action_units
    closed = dict(zip(units.codes, units.probability, strict=True)).get("AU43", 0.0) if units else 0.0
    faults = {
        "blurred": sharpness(face, image) < BLURRED,
        f"small face, {side:.0f} pixels": side < SMALL,
        f"face turned by {turn:.0f} degrees": turn >= TURNED,
        "eyes closed": closed >= CLOSED,
    }
    return [text for text, holds in faults.items() if holds]


def sharpness(face: Face, image: Image) -> float:
    """`detail` of a face in its image (H, W, 3)."""
    return float(detail(align(image, face.landmarks[None], _CROP))[0])
