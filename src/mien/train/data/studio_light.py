"""Light of studios and stages on a crop: flat, hard, from one side, high key; all smooth across the face."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.geometry import Array, Image
from mien.opencv import cv2

Change = Callable[[Image, np.random.Generator], Image]


def studio_light(image: Image, rng: np.random.Generator) -> Image:
    """A crop in one of the lights `LIGHTS`.

    >>> studio_light(np.full((40, 40, 3), 128, np.uint8), np.random.default_rng(0)).dtype
    dtype('uint8')
    """
    return LIGHTS[int(rng.integers(len(LIGHTS)))](image, rng)


def flat(image: Image, rng: np.random.Generator) -> Image:
    """Large lamps from all sides: broad light and shadow drawn to their mean by 30 % to 80 %, detail kept."""
    broad = _broad(image)
    return _picture(image + float(rng.uniform(0.3, 0.8)) * (broad.mean() - broad)[..., None])


def hard(image: Image, rng: np.random.Generator) -> Image:
    """A bare lamp: broad light and shadow 1.3 to 2 times as far from their mean."""
    broad = _broad(image)
    return _picture(image + float(rng.uniform(0.3, 1)) * (broad - broad.mean())[..., None])


def side(image: Image, rng: np.random.Generator) -> Image:
    """A lamp at one side, any side: light rises across the crop from 0.2 to 0.7 up to 1.1 to 1.5 times as much."""
    angle, edge = rng.uniform(0, 2 * np.pi), np.linspace(-1, 1, image.shape[0], dtype=np.float32)
    across = np.cos(angle) * edge[None] + np.sin(angle) * edge[:, None]
    dark, light = rng.uniform(0.2, 0.7), rng.uniform(1.1, 1.5)
    sharpness = rng.uniform(1, 4)
    gain = dark + (light - dark) / (1 + np.exp(-sharpness * across))
    return _picture(image * gain[..., None])


def high_key(image: Image, rng: np.random.Generator) -> Image:
    """White surroundings and much light: gamma 0.4 to 0.75, shadows lifted by 0 to 40 levels."""
    lifted = float(rng.uniform(0, 40))
    return _picture(lifted + (255 - lifted) * (image / 255.0) ** float(rng.uniform(0.4, 0.75)))


LIGHTS: tuple[Change, ...] = (flat, hard, side, high_key)


def _broad(image: Image) -> Array:
    """Light and shadow (S, S) that are wider than an eighth of the side, in gray levels."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(gray, (0, 0), image.shape[0] / 8), np.float32)


def _picture(values: NDArray[Any]) -> Image:
    return np.asarray(np.clip(values, 0, 255), np.uint8)
