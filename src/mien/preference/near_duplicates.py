"""Photos of one scene: shots of a burst, copies that were shrunk, cropped a little or made lighter."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.errors import expect
from mien.geometry import Image
from mien.opencv import cv2

Array = NDArray[Any]

SIDE, REACH = 32, 3
"""Side of a thumbnail, and by how much two are moved against each other, in its pixels."""
SAME_SCENE = 0.8
"""Least likeness of near-duplicates. As alike are 0.6 % of pairs of people before a white wall (near-duplicates.md)."""
_COARSE = 3.0


def thumbnail(image: Image) -> Array:
    """The image (H, W, 3) in gray at 32 x 32, without its coarse light: (32, 32) float32."""
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), _COARSE))


def likeness(thumbnails: Array) -> Array:
    """Largest correlation (N, N) of thumbnails (N, 32, 32) over moves of up to 3 pixels, -1 to 1.

    The middle of the one on every place of the other, and the reverse, and the mean of both.
    """
    side = SIDE - 2 * REACH
    middle = _unit(thumbnails[:, REACH : REACH + side, REACH : REACH + side])
    best = np.full((len(thumbnails), len(thumbnails)), -1, np.float32)
    for y in range(2 * REACH + 1):
        for x in range(2 * REACH + 1):
            np.maximum(best, _unit(thumbnails[:, y : y + side, x : x + side]) @ middle.T, out=best)
    return np.asarray((best + best.T) / 2)


def _unit(parts: Array) -> Array:
    """Parts (N, S, S) as rows (N, S * S) of mean 0 and length 1; of one color 0."""
    rows = parts.reshape(len(parts), -1)
    rows = rows - rows.mean(1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-3))


def near_duplicates(thumbnails: Array, score: ArrayLike) -> NDArray[np.int64]:
    """Number (N,) of the best photo of the scene of each of N: its own where it is the best, or alone.

    The photo of the highest score takes all that are like it, then the best of the rest those that are left, so that
    each is like its best one; equal scores in their order.

    >>> flat = np.stack([thumbnail(np.full((9, 9, 3), grey, np.uint8)) for grey in (80, 90)])
    >>> near_duplicates(flat, [1.0, 2.0]).tolist()
    [0, 1]
    """
    order = np.argsort(-np.asarray(score, np.float64), kind="stable")
    expect(len(order) == len(thumbnails), "score", "one for each thumbnail", len(order))
    alike = likeness(thumbnails) >= SAME_SCENE if len(order) else np.zeros((0, 0), bool)
    best = np.full(len(order), -1, np.int64)
    for i in order:
        if best[i] < 0:
            best[alike[i] & (best < 0)] = i
            best[i] = i
    return best
