"""Pixels that are not square: width over height of a pixel, and images stretched until it is 1."""

import logging
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.opencv import cv2

logger = logging.getLogger(__name__)

_MOST = 8.0
_UNSEEN = 0.02


def aspect_ratio(horizontal: float, vertical: float) -> float:
    """The ratio, or 1 where it is unknown or beyond what any device makes (1:8 to 8:1).

    >>> round(aspect_ratio(64, 45), 3), aspect_ratio(0, 1), aspect_ratio(1, 255)
    (1.422, 1.0, 1.0)
    """
    if not (horizontal > 0 and vertical > 0 and math.isfinite(horizontal) and math.isfinite(vertical)):
        return 1.0
    ratio = horizontal / vertical
    return float(ratio) if 1 / _MOST <= ratio <= _MOST else 1.0


def square_pixels(image: NDArray[np.uint8], aspect: float) -> NDArray[np.uint8]:
    """The image (H, W, 3) with the side enlarged along which its pixels are long, so that no detail is lost.

    >>> square_pixels(np.zeros((576, 720, 3), np.uint8), 64 / 45).shape
    (576, 1024, 3)
    """
    height, width = image.shape[:2]
    size = square_size(width, height, aspect)
    if size == (width, height):
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def square_size(width: int, height: int, aspect: float) -> tuple[int, int]:
    """Width and height of a stretched image.

    >>> square_size(720, 480, 8 / 9)
    (720, 540)
    """
    return (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))


def note_aspect(image: Image.Image, name: str) -> None:
    """Tell the logger of a photo whose resolution differs along its sides; the pixels of photos are taken as square.

    Density of JFIF, pHYs of PNG, resolution of TIFF: viewers ignore them, cameras and scanners write wrong ones, and
    programs contradict each other on whether the larger number means the wider or the narrower pixel. To stretch by
    them would spoil more photos than it mends.
    """
    stated = (image.info.get(key) for key in ("dpi", "jfif_density", "aspect"))
    horizontal, vertical = (_number(side) for side in next((pair for pair in stated if pair), (1, 1)))
    if abs(aspect_ratio(horizontal, vertical) - 1) > _UNSEEN:
        logger.warning(
            "%r states a resolution of %g x %g. Its pixels are taken as square; stretch it first if its faces look so.",
            name,
            horizontal,
            vertical,
        )


def _number(side: Any) -> float:
    try:
        return float(side)
    except (TypeError, ValueError, ArithmeticError):
        return math.nan
