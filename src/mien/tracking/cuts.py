"""Cuts between the shots of a video, seen on tiny images of the frames."""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import expect
from mien.opencv import cv2

Array = NDArray[Any]

_WIDTH, _HEIGHT = 32, 24
_BLANK = 6.0  # gray levels of standard deviation; a frame below shows nothing (black, white, faded out)


class CutDetector:
    """Says of each frame whether a new shot begins with it.

    A frame is compared by layout, brightness ranks and color with the last frames that showed something, so
    that a flash, whose end looks like its beginning, and a blank frame are not taken for cuts. A cut is a
    difference above `threshold` (0..1) that also stands out from the recent ones.

    >>> cuts = CutDetector()
    >>> left, right = np.zeros((2, 48, 64, 3), np.uint8)
    >>> left[:24], right[:, :32] = (200, 60, 30), (30, 90, 220)
    >>> [cuts.is_cut(image) for image in (left, left, right, right)]
    [False, False, True, False]
    """

    def __init__(self, threshold: float = 0.4) -> None:
        expect(0 < threshold < 1, "threshold", "between 0 and 1", threshold)
        self.threshold = threshold
        self._recent: deque[tuple[Array, Array]] = deque(maxlen=4)
        self._usual = 0.0

    def is_cut(self, image: NDArray[np.uint8]) -> bool:
        """Whether a new shot begins with this RGB frame (H, W, 3); False for the first frame."""
        height, width = image.shape[:2]
        # Eight by eight pixels of a cell tell its mean well enough; all of a large frame take milliseconds.
        step = min(height // (8 * _HEIGHT), width // (8 * _WIDTH))
        part = image[::step, ::step] if step > 2 else image
        small = cv2.resize(part, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
        if small.mean(-1).std() < _BLANK:
            return False
        look = _describe(small)
        if not self._recent:
            self._recent.append(look)
            return False
        differences = [_difference(look, other) for other in self._recent]
        cut = min(differences) > max(self.threshold, 2.5 * self._usual)
        if cut:
            self._recent.clear()
            self._usual = 0.0
        else:
            self._usual += 0.2 * (min(differences[-1], 0.3) - self._usual)
        self._recent.append(look)
        return cut


def _describe(small: Array) -> tuple[Array, Array]:
    """Layout (H * W,) by brightness ranks, which any change of exposure keeps, and color histogram (64,)."""
    gray = cv2.GaussianBlur(small.mean(-1), (0, 0), 1.5)
    ranks = np.argsort(np.argsort(gray, axis=None, kind="stable")).astype(np.float32)
    layout = (ranks - ranks.mean()) / ranks.std()
    share = small / np.maximum(small.sum(-1, keepdims=True), 24.0)
    red, blue = (np.clip((share[..., i] - 1 / 3) * 12 + 4, 0, 7.99).astype(int) for i in (0, 2))
    colour = np.bincount((red * 8 + blue).ravel(), minlength=64).reshape(8, 8) / red.size
    return layout, cv2.GaussianBlur(colour, (3, 3), 0).ravel()


def _difference(a: tuple[Array, Array], b: tuple[Array, Array]) -> float:
    """Difference 0..1 of two looks: three parts layout, one part color."""
    layout = 1.0 - float(np.clip(np.mean(a[0] * b[0]), 0, 1))
    colour = 1.0 - float(np.minimum(a[1], b[1]).sum())
    return 0.75 * layout + 0.25 * colour
