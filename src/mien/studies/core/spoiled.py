"""Ways in which pictures are spoiled: blurred, small, noisy, compressed, dark."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from mien.geometry import Image
from mien.opencv import cv2

Change = Callable[[Image], Image]


def blur(image: Image, sigma: float) -> Image:
    """Gaussian blur, sigma in 160ths of the shorter side."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma * min(image.shape[:2]) / 160), np.uint8)


def shrink(image: Image, times: float) -> Image:
    """Smaller, and as large as before: what an enlarged small picture looks like."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (int(width / times), int(height / times)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def grain(image: Image, spread: float) -> Image:
    """Noise of a spread in grey levels, the same for each picture of a size."""
    noise = np.random.default_rng(0).normal(0, spread, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def compress(image: Image, quality: int) -> Image:
    """JPEG of a quality, 1 to 100."""
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def darken(image: Image, part: float) -> Image:
    """Only a part of the light."""
    return (image * part).astype(np.uint8)


SPOILED: Mapping[str, Change] = {
    "blur 1": partial(blur, sigma=1), "blur 2": partial(blur, sigma=2), "blur 4": partial(blur, sigma=4),
    "2 times smaller": partial(shrink, times=2), "4 times smaller": partial(shrink, times=4),
    "6 times smaller": partial(shrink, times=6), "noise 10": partial(grain, spread=10),
    "noise 20": partial(grain, spread=20), "JPEG 20": partial(compress, quality=20),
    "light 0.3": partial(darken, part=0.3),
}  # fmt: skip
