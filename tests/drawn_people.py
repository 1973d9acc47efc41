"""Groups of drawn faces: each person is a pattern of their own, seen in other light and with another look each time."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def person(seed: int, count: int = 10, side: int = 32) -> Array:
    """Pictures (count, side, side) of one drawn person, float32 from 0 to 1."""
    rng = np.random.default_rng(seed)

    def pattern(blur: float, size: float) -> Array:
        picture = cv2.GaussianBlur(rng.standard_normal((side, side)), (0, 0), blur * side / 32)
        return np.asarray(size * picture / picture.std())

    common, looks = pattern(2.5, 0.15), [pattern(4, 0.05) for _ in range(3)]
    x, y = np.meshgrid(np.linspace(-0.15, 0.15, side), np.linspace(-0.15, 0.15, side))
    weights = rng.uniform(-1, 1, (count, 5))
    pictures = common + np.einsum("nk,kij->nij", weights, [x, y, *looks]) + 0.5
    pictures += 0.01 * rng.standard_normal(pictures.shape)
    return np.asarray(np.clip(pictures, 0, 1), np.float32)


def covered(face: Array, share: float = 0.2) -> Array:
    """A face with a grey square over its lower middle."""
    side = len(face)
    edge = round(side * share**0.5)
    left, top = (side - edge) // 2, side - edge - 2
    face = face.copy()
    face[top : top + edge, left : left + edge] = 0.05
    return face


def shifted(face: Array, x: float, y: float) -> Array:
    """A face that was cut beside its place."""
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
    return np.asarray(cv2.warpAffine(face, matrix, face.shape[::-1], borderMode=cv2.BORDER_REFLECT))
