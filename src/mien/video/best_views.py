"""The best view of each person of a clip: sharp, frontal, large."""

from dataclasses import dataclass

import numpy as np

from mien.faces import Frame
from mien.faces.parts import Array
from mien.geometry import CropTemplate, Image, align
from mien.video.slow_reads import view_quality

_TEMPLATE = CropTemplate(112, 0.42)
_LARGE = 224.0  # pixels of a face beyond which more do not count
_AROUND = 0.6  # sides of the face that are kept on each of its sides


@dataclass(frozen=True, slots=True)
class BestView:
    """A face with its surroundings, RGB (H, W, 3); of which frame, and how good the view is."""

    frame: int | None
    time_s: float
    quality: float
    image: Image


class BestViews:
    """Keeps the best view of each track: `view_quality` times the side of the face, up to 224 pixels.

    views: by track. Memory holds one cut a track.
    """

    def __init__(self) -> None:
        self.views: dict[int, BestView] = {}

    def update(self, frame: Frame) -> None:
        """Look at the faces of the next frame, which needs its `image`."""
        faces, time_s = frame.faces, frame.time_s
        if frame.image is None or time_s is None or faces.track_id is None or not len(faces):
            return
        side = (faces.box[:, 2:] - faces.box[:, :2]).max(1)
        quality = view_quality(align(frame.image, faces.landmarks, _TEMPLATE), faces.pose) * np.minimum(side, _LARGE)
        for row, track in enumerate(faces.track_id.tolist()):
            before = self.views.get(track)
            if track >= 0 and (before is None or quality[row] > before.quality):
                image = _surroundings(frame.image, faces.box[row])
                self.views[track] = BestView(frame.index, time_s, float(quality[row]), image)


def _surroundings(image: Image, box: Array) -> Image:
    side = float((box[2:] - box[:2]).max()) * _AROUND
    x1, y1 = np.maximum(np.floor(box[:2] - side), 0).astype(int)
    x2, y2 = np.ceil(box[2:] + side).astype(int)
    return image[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)].copy()
