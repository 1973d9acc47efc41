"""Where panels and labels go: beside their face, inside the image, over no face and no other panel."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Box = tuple[int, int, int, int]


@dataclass(slots=True)
class Memory:
    """Where the panels of the last frames of a video lay and which units they showed, so that they do not jump."""

    places: dict[int, tuple[int, float, float]] = field(default_factory=dict)
    units: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def keep_only(self, tracks: set[int]) -> None:
        """Forget the tracks that are gone."""
        self.places = {track: place for track, place in self.places.items() if track in tracks}
        self.units = {track: codes for track, codes in self.units.items() if track in tracks}


def is_free(box: Box, obstacles: Array, width: int, height: int, margin: int) -> bool:
    """Whether a box lies inside an image and off all obstacles (M, 4)."""
    x1, y1, x2, y2 = box
    if x1 < margin or y1 < margin or x2 > width - margin or y2 > height - margin:
        return False
    if not len(obstacles):
        return True
    apart = (obstacles[:, 0] >= x2) | (obstacles[:, 2] <= x1) | (obstacles[:, 1] >= y2) | (obstacles[:, 3] <= y1)
    return bool(apart.all())


def panel_candidates(face: Array, size: tuple[int, int], shape: tuple[int, int], margin: int) -> list[tuple[int, int]]:
    """Corners (x, y) for a panel of a size (w, h) beside a face (4,), best first, moved into the image."""
    x1, y1, x2, y2 = (float(v) for v in face)
    (w, h), (height, width) = size, shape
    side = min(x2 - x1, y2 - y1)
    gaps = (max(0.35 * side, margin), max(0.15 * side, margin), float(margin))
    spots: list[tuple[float, float]] = []
    for gap in gaps:
        sides = [x2 + gap, x1 - gap - w]
        if width - x2 < x1 and sides[0] + w > width - margin:
            sides.reverse()
        spots += [(x, y) for x in sides for y in (y1 - 0.1 * side, (y1 + y2 - h) / 2, y2 - h)]
    for gap in gaps[1:]:
        spots += [(x, y) for y in (y2 + gap, y1 - gap - h) for x in ((x1 + x2 - w) / 2, x1, x2 - w)]
    most_x, most_y = max(width - margin - w, margin), max(height - margin - h, margin)
    return [_moved_in(x, y, most_x, most_y, margin) for x, y in spots]


def _moved_in(x: float, y: float, most_x: float, most_y: float, margin: int) -> tuple[int, int]:
    return round(min(max(x, margin), most_x)), round(min(max(y, margin), most_y))


def place_panel(
    face: Array,
    track: int | None,
    size: tuple[int, int],
    obstacles: Array,
    shape: tuple[int, int],
    margin: int,
    memory: Memory,
) -> Box | None:
    """Box of a panel of a size (w, h) for a face (4,), or None where there is no room for it."""
    w, h = size
    spots = list(enumerate(panel_candidates(face, size, shape, margin)))
    last = None if track is None else memory.places.get(track)
    if last is not None and last[0] < len(spots):
        x, y = spots[last[0]][1]
        # A panel drifts after its face instead of trembling with it.
        drift = (round(last[1] + 0.25 * (x - last[1])), round(last[2] + 0.25 * (y - last[2])))
        spots = [(last[0], drift), spots[last[0]], *spots]
    for number, (x, y) in spots:
        if is_free((x, y, x + w, y + h), obstacles, shape[1], shape[0], margin):
            if track is not None:
                memory.places[track] = (number, x, y)
            return x, y, x + w, y + h
    return None


def place_label(face: Array, size: tuple[int, int], obstacles: Array, shape: tuple[int, int], gap: int) -> Box | None:
    """Box of a label of a size (w, h) above or below a face (4,), or None where there is no room for it."""
    w, h = size
    x1, y1, x2, y2 = (float(v) for v in face)
    middle = (x1 + x2 - w) / 2
    for y in (y1 - gap - h, y2 + gap):
        for x in (middle, x1, x2 - w):
            left = round(min(max(x, 2), max(shape[1] - w - 2, 2)))
            box = (left, round(y), left + w, round(y) + h)
            if is_free(box, obstacles, shape[1], shape[0], 1):
                return box
    return None


def face_obstacles(box: Array, margin: float) -> Array:
    """Boxes (N, 4) that nothing may cover: the faces and a little around them."""
    grow = np.array([-margin, -margin, margin, margin])
    return np.asarray(np.reshape(box, (-1, 4)) + grow)
