"""What time and film do to photos: fading, brown or gray tones, soft lenses, grain, dust, scratches, scan lines."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.geometry import Image
from mien.opencv import cv2

Change = Callable[[Image, np.random.Generator], Image]
SEPIA = np.array([1.0, 0.86, 0.68], np.float32)
"""How much red, green and blue are left of the light on brown paper."""


def old_photo(image: Image, rng: np.random.Generator) -> Image:
    """A crop as an old photo shows it: each way of aging as often as `AGING` says, in the order of the process.

    >>> old_photo(np.full((40, 40, 3), 128, np.uint8), np.random.default_rng(0)).shape
    (40, 40, 3)
    """
    for change, chance in AGING:
        if rng.random() < chance:
            image = change(image, rng)
    return image


def soften(image: Image, rng: np.random.Generator) -> Image:
    """The blur of a simple lens, 0.4 % to 1.5 % of the side."""
    sigma = image.shape[0] * float(rng.uniform(0.004, 0.015))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def tone(image: Image, rng: np.random.Generator) -> Image:
    """Black and white, or brown to some degree."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    brown = float(rng.uniform(0, 1)) if rng.random() < 0.5 else 0.0
    return _picture(gray * (1 + brown * (SEPIA - 1)))


def fade(image: Image, rng: np.random.Generator) -> Image:
    """Dyes that have gone: black becomes 10 to 80, white 190 to 250, each color by itself by a few levels."""
    black = rng.uniform(10, 80) + rng.normal(0, 8, 3)
    white = rng.uniform(190, 250) + rng.normal(0, 8, 3)
    return _picture(black + image * ((white - black) / 255))


def grain(image: Image, rng: np.random.Generator) -> Image:
    """Clumps of silver: noise without color, 1 to 2 pixels wide, strongest in the middle tones."""
    side = image.shape[0]
    noise = rng.normal(0, 1, (side, side)).astype(np.float32)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(0.3, 0.9))), np.float32)
    noise *= float(rng.uniform(5, 16)) / max(float(noise.std()), 1e-6)
    middle = 1 - 0.5 * np.abs(image.mean(2, dtype=np.float32) / 127.5 - 1)
    return _picture(image + (noise * middle)[..., None])


def dust(image: Image, rng: np.random.Generator) -> Image:
    """A few specks and scratches, light or dark."""
    canvas, side = image.copy(), image.shape[0]
    level = int(rng.choice([30, 225]))
    for _ in range(int(rng.integers(2, 12))):
        place = rng.integers(0, side, 2)
        cv2.circle(
            canvas, (int(place[0]), int(place[1])), int(rng.integers(1, 1 + max(1, side // 60))), (level,) * 3, -1
        )
    for _ in range(int(rng.integers(0, 3))):
        start = rng.integers(0, side, 2)
        end = start + rng.normal(0, [side / 12, side / 2])
        ends = [(int(x), int(y)) for x, y in (start, end)]
        cv2.line(canvas, ends[0], ends[1], (level,) * 3, 1, cv2.LINE_AA)
    return canvas


def scan_lines(image: Image, rng: np.random.Generator) -> Image:
    """Rows or columns that a scanner read 2 to 10 levels too light or too dark."""
    lines = np.asarray(rng.normal(0, rng.uniform(2, 10), image.shape[0]), np.float32)
    return _picture(image + (lines[:, None, None] if rng.random() < 0.5 else lines[None, :, None]))


AGING: tuple[tuple[Change, float], ...] = (
    (soften, 0.5),
    (tone, 0.6),
    (fade, 0.7),
    (grain, 0.7),
    (dust, 0.3),
    (scan_lines, 0.2),
)
"""How often an old photo is changed in each way."""


def _picture(values: NDArray[Any]) -> Image:
    return np.asarray(np.clip(values, 0, 255), np.uint8)
