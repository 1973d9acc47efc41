"""Random changes to crops during training; all take and return RGB uint8 pictures."""

from dataclasses import dataclass

import cv2
import numpy as np

from mien.geometry import Array, Image


@dataclass(frozen=True, slots=True)
class Jitter:
    """How far a crop may move: shift as part of its side, log-scale, rotation in degrees, share turned anyhow."""

    shift: float = 0.03
    scale: float = 0.06
    rotation: float = 6.0
    turn: float = 0.0


def random_similarity(rng: np.random.Generator, jitter: Jitter, source: int, target: int, zoom: float) -> Array:
    """Cached-crop-to-network-crop matrix (2, 3): the central 1/zoom part of the cached crop, jittered."""
    scale = target / source * zoom * float(np.exp(rng.normal(0, jitter.scale)))
    turned = rng.random() < jitter.turn
    angle = np.radians(rng.uniform(-180, 180) if turned else rng.normal(0, jitter.rotation))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, sin], [-sin, cos]])
    shift = target / 2 + rng.normal(0, jitter.shift, 2) * target - linear @ np.array([source / 2, source / 2])
    return np.concatenate([linear, shift[:, None]], 1).astype(np.float32)


def mirror(matrix: Array, size: int) -> Array:
    """The same matrix (2, 3), its crop mirrored left to right."""
    flip = np.array([[-1, 0, size - 1], [0, 1, 0]], np.float32)
    return (flip[:, :2] @ matrix + np.array([[0, 0, size - 1], [0, 0, 0]], np.float32)).astype(np.float32)


def photometric(image: Image, rng: np.random.Generator, gray: float = 0.1) -> Image:
    """Colour, blur, low resolution, noise, compression, occlusion: what cameras and the world do to faces."""
    if rng.random() < 0.8:
        image = _colour(image, rng)
    if rng.random() < gray:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    chance = rng.random()
    if chance < 0.12:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 1.8))), np.uint8)
    elif chance < 0.3:
        image = _low_resolution(image, rng)
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(2, 10), image.shape).astype(np.float32)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        image = _compress(image, rng)
    return _occlude(image, rng) if rng.random() < 0.1 else image


def _colour(image: Image, rng: np.random.Generator) -> Image:
    gain = np.exp(rng.normal(0, 0.18)) * np.exp(rng.normal(0, 0.07, 3))
    offset = rng.normal(0, 12)
    gamma = np.exp(rng.normal(0, 0.15))
    levels = np.linspace(0, 1, 256)[:, None] ** gamma * 255 * gain + offset
    table = np.clip(levels, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), np.uint8)


def _low_resolution(image: Image, rng: np.random.Generator) -> Image:
    side = image.shape[0]
    small = int(side * rng.uniform(0.25, 0.8))
    down = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    way = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(down, (side, side), interpolation=way), np.uint8)


def _compress(image: Image, rng: np.random.Generator) -> Image:
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def _occlude(image: Image, rng: np.random.Generator) -> Image:
    side = image.shape[0]
    width, height = rng.integers(side // 8, side // 2, 2)
    x, y = rng.integers(-width // 2, side - width // 2), rng.integers(-height // 2, side - height // 2)
    covered = image.copy()
    covered[max(0, y) : y + height, max(0, x) : x + width] = rng.integers(0, 256, 3)
    return covered
