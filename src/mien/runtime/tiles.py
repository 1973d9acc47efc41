"""Huge and elongated images in overlapping tiles."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mien.faces import Faces
from mien.geometry import Image

_SIDE = 2560
_SHRUNK, _ELONGATED, _SHRUNK_IF_ELONGATED = 1 / 5, 3, 1 / 2
_SEEN = 24.0  # pixels of a face that no look misses; the smallest that are seen at all have half as many
_STEP = 1 / 8


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of an image: its left upper corner and its size in pixels."""

    x: int
    y: int
    width: int
    height: int

    def cut(self, image: Image) -> Image:
        """The part of an image (H, W, 3)."""
        return image[self.y : self.y + self.height, self.x : self.x + self.width]

    def place(self, faces: Faces, size: tuple[int, int], largest: float) -> Faces:
        """The faces of the tile in the image of a size (width, height), up to the largest that the tile is there for.

        What an inner edge of the tile cuts is left out: the next tile holds the whole of it.
        """
        sides = np.array(size)
        start, end = np.array([self.x, self.y]), np.array([self.x + self.width, self.y + self.height])
        box = faces.box + np.tile(start, 2)
        whole = ((box[:, :2] >= start) | (start == 0)) & ((box[:, 2:] <= end) | (end == sides))
        small = (box[:, 2:] - box[:, :2]).max(1, initial=0) <= largest
        kept = np.flatnonzero(whole.all(1) & small)
        landmarks = faces.landmarks[kept] + start
        return Faces(box[kept].astype(np.float32), faces.score[kept], landmarks.astype(np.float32))


def tile_scales(size: tuple[int, int], coarse: float, finest: float) -> list[float]:
    """The scales at which an image (width, height) is seen in tiles, besides the whole of it at the scale `coarse`.

    None where the whole shows enough: where it is shrunk to a fifth at least, or to half if it is three times as long
    as wide (its tiles are few). Each scale is at most eight times the next coarser one, so that no face falls between.

    >>> tile_scales((4000, 3000), 0.32, 1.0), tile_scales((12000, 1200), 0.107, 1.0)
    ([], [1.0, 0.125])
    """
    elongated = max(size) >= _ELONGATED * min(size)
    if coarse >= finest * (_SHRUNK_IF_ELONGATED if elongated else _SHRUNK):
        return []
    scales = [finest]
    while coarse < scales[-1] * _STEP:
        scales.append(scales[-1] * _STEP)
    return scales


def largest_face(scale: float, coarse: float) -> float:
    """The largest face, in pixels of the image, that tiles at a scale are for: coarser looks see larger ones."""
    return _SEEN / max(coarse, scale * _STEP)


def tiles(size: tuple[int, int], scale: float, coarse: float) -> Iterator[list[Tile]]:
    """Batches of tiles of one size that overlap by the largest face; a batch has at most 2560 x 2560 pixels."""
    overlap, most = round(largest_face(scale, coarse)), round(_SIDE / scale)
    (width, columns), (height, rows) = (_cuts(side, most, overlap) for side in size)
    grid = [Tile(x, y, width, height) for y in rows for x in columns]
    count = max(1, most**2 // (width * height))
    return (grid[i : i + count] for i in range(0, len(grid), count))


def _cuts(length: int, side: int, overlap: int) -> tuple[int, list[int]]:
    """Side of the tiles along one direction, and where they begin.

    >>> _cuts(100, 200, 10), _cuts(100, 40, 10)
    ((100, [0]), (40, [0, 30, 60]))
    """
    count = max(1, -(-(length - overlap) // (side - overlap)))
    side = -(-(length + (count - 1) * overlap) // count)
    return side, [round(i * (length - side) / max(1, count - 1)) for i in range(count)]
