"""How much fine detail a crop of a face holds: little where it is blurred, or was small and has been enlarged."""

import numpy as np
from numpy.typing import NDArray

from mien.geometry import Array
from mien.opencv import cv2

FINE, COARSE = 1.0, 4.0
"""Widths in pixels of the two Gaussians that part a crop into fine, middle and coarse."""


def detail(crops: NDArray[np.uint8]) -> Array:
    """std(I - G1 I) / (1 + std(G1 I - G4 I)) of the gray crops I (N, S, S, 3), (N,): fine against middle structure.

    The 1 is one gray level: a crop without any structure has no detail.

    >>> board = np.kron(np.indices((28, 28)).sum(0) % 2, np.ones((4, 4))) * 255
    >>> sharp = np.repeat(board.astype(np.uint8)[None, :, :, None], 3, 3)
    >>> soft = cv2.GaussianBlur(sharp[0], (0, 0), 3)[None]
    >>> bool(detail(sharp)[0] > 3 * detail(soft)[0])
    True
    """
    return np.array([_detail(crop) for crop in crops], np.float32).reshape(-1)


def _detail(crop: NDArray[np.uint8]) -> float:
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = cv2.GaussianBlur(grey, (0, 0), FINE)
    coarse = cv2.GaussianBlur(grey, (0, 0), COARSE)
    return float((grey - fine).std() / (1 + (fine - coarse).std()))
