"""Random changes to crops during training; all take and return RGB uint8 images."""

from dataclasses import dataclass
from math import hypot

import numpy as np

from mien.geometry import Array, Image
from mien.opencv import cv2
from mien.train.data.old_photos import old_photo
from mien.train.data.studio_light import studio_light

ALIGNMENT_NOISE = (0.0125, 0.0149, 0.876)
"""Spread of shift (x and y, in eye-to-mouth distances), log-scale and rotation (degrees) of the product's alignment:
`alignment_noise` on 300 validation faces of FairFace, six changes each (size 0.6 to 1.6, place, brightness, JPEG)."""


LEAST_SIDE = 8
"""Pixels to which low resolution may make a crop."""


@dataclass(frozen=True, slots=True)
class Jitter:
    """How far a crop may move: shift as part of its side, log-scale, rotation in degrees, share turned anyhow.

    alignment: the noise of the product's own alignment on top, as a multiple of `ALIGNMENT_NOISE`. It was measured on
    the similarity transforms that the five points give, since their errors go together. face: eye-to-mouth distance
    of the template, as part of the crop's side.
    """

    shift: float = 0.03
    scale: float = 0.06
    rotation: float = 6.0
    turn: float = 0.0
    alignment: float = 0.0
    face: float = 0.36

    def spread(self) -> tuple[float, float, float]:
        """Shift, log-scale and rotation with the noise of the alignment.

        >>> [round(value, 4) for value in Jitter(0, 0, 3, alignment=2).spread()]
        [0.009, 0.0298, 3.4741]
        """
        base = (self.shift, self.scale, self.rotation)
        noise = (ALIGNMENT_NOISE[0] * self.face, *ALIGNMENT_NOISE[1:])
        shift, scale, rotation = (hypot(a, self.alignment * b) for a, b in zip(base, noise, strict=True))
        return shift, scale, rotation


@dataclass(frozen=True, slots=True)
class Chances:
    """How often an image is changed, 0 to 1, in each way. Of blur and low resolution at most one happens.

    contrast: how strongly brightness, contrast and color change, as a multiple of a mild camera's.
    lowest: the least side of an image of low resolution, as part of the crop's; never below `LEAST_SIDE` pixels.
    """

    gray: float = 0.1
    color: float = 0.8
    blur: float = 0.12
    low_resolution: float = 0.18
    noise: float = 0.2
    jpeg: float = 0.2
    occlusion: float = 0.1
    border: float = 0.0
    oval: float = 0.0
    old: float = 0.0
    light: float = 0.0
    contrast: float = 1.0
    lowest: float = 0.25


def random_similarity(rng: np.random.Generator, jitter: Jitter, source: int, target: int, zoom: float) -> Array:
    """Cached-crop-to-network-crop matrix (2, 3): the central 1/zoom part of the cached crop, jittered."""
    shift_spread, scale_spread, rotation_spread = jitter.spread()
    scale = target / source * zoom * float(np.exp(rng.normal(0, scale_spread)))
    turned = rng.random() < jitter.turn
    angle = np.radians(rng.uniform(-180, 180) if turned else rng.normal(0, rotation_spread))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, sin], [-sin, cos]])
    shift = target / 2 + rng.normal(0, shift_spread, 2) * target - linear @ np.array([source / 2, source / 2])
    return np.concatenate([linear, shift[:, None]], 1).astype(np.float32)


def mirror(matrix: Array, size: int) -> Array:
    """The same matrix (2, 3), its crop mirrored left to right."""
    flip = np.array([[-1, 0, size - 1], [0, 1, 0]], np.float32)
    return (flip[:, :2] @ matrix + np.array([[0, 0, size - 1], [0, 0, 0]], np.float32)).astype(np.float32)


def photometric(image: Image, rng: np.random.Generator, chances: Chances = Chances()) -> Image:  # noqa: B008
    """Border, light, age, color, blur, low resolution, noise, compression, occlusion: what the world does to faces.

    What is switched off by a chance of 0 and came later than the others draws nothing: seeded runs stay as they were.
    """
    if rng.random() < chances.border:
        image = _border(image, rng)
    if chances.oval and rng.random() < chances.oval:
        image = _oval(image, rng)
    if chances.light and rng.random() < chances.light:
        image = studio_light(image, rng)
    if chances.old and rng.random() < chances.old:
        image = old_photo(image, rng)
    if rng.random() < chances.color:
        image = _colour(image, rng, chances.contrast)
    if rng.random() < chances.gray:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    chance = rng.random()
    if chance < chances.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 1.8))), np.uint8)
    elif chance < chances.blur + chances.low_resolution:
        image = _low_resolution(image, rng, chances.lowest)
    if rng.random() < chances.noise:
        noise = rng.normal(0, rng.uniform(2, 10), image.shape).astype(np.float32)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < chances.jpeg:
        image = _compress(image, rng)
    return _occlude(image, rng) if rng.random() < chances.occlusion else image


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """Blurred by 0.5 to 4.5 pixels, or made 1.2 to 8 times smaller and enlarged again; compressed in one of three."""
    side = image.shape[0]
    if rng.random() < 0.5:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(np.exp(rng.uniform(np.log(0.5), np.log(4.5))))))
    else:
        small = int(side / np.exp(rng.uniform(np.log(1.2), np.log(8))))
        image = np.asarray(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA))
        image = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR))
    return _compress(image, rng) if rng.random() < 1 / 3 else image


def _border(image: Image, rng: np.random.Generator) -> Image:
    """As if the image ended near the face: beyond some edges its last pixels go on, as the aligner makes them."""
    side = image.shape[0]
    top, bottom, left, right = (rng.uniform(0, [0.15, 0.28, 0.2, 0.2]) * side * (rng.random(4) < 0.7)).astype(int)
    inside = image[top : side - bottom, left : side - right]
    return np.asarray(cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)


def _oval(image: Image, rng: np.random.Generator) -> Image:
    """As if the face had been cut out: all around an oval gives way to a color, to noise or to a blur."""
    side = image.shape[0]
    middle = side * rng.uniform(0.46, 0.54, 2)
    axes = side * rng.uniform([0.4, 0.46], [0.52, 0.6])
    y, x = np.mgrid[:side, :side]
    outside = ((x - middle[0]) / axes[0]) ** 2 + ((y - middle[1]) / axes[1]) ** 2 > 1
    kind = rng.integers(3)
    if kind == 0:
        other = np.full_like(image, rng.integers(0, 256, 3 if rng.random() < 0.5 else 1))
    elif kind == 1:
        coarse = rng.integers(0, 256, (int(rng.integers(2, 12)),) * 2 + (3,)).astype(np.uint8)
        other = np.asarray(cv2.resize(coarse, (side, side)), np.uint8)
    else:
        other = np.asarray(cv2.GaussianBlur(image, (0, 0), side * rng.uniform(0.03, 0.15)), np.uint8)
    return np.where(outside[..., None], other, image)


def _colour(image: Image, rng: np.random.Generator, strength: float = 1.0) -> Image:
    gain = np.exp(rng.normal(0, 0.18 * strength)) * np.exp(rng.normal(0, 0.07 * strength, 3))
    offset = rng.normal(0, 12 * strength)
    gamma = np.exp(rng.normal(0, 0.15 * strength))
    levels = np.linspace(0, 1, 256)[:, None] ** gamma * 255 * gain + offset
    table = np.clip(levels, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), np.uint8)


def _low_resolution(image: Image, rng: np.random.Generator, lowest: float = 0.25) -> Image:
    side = image.shape[0]
    small = max(LEAST_SIDE, int(side * rng.uniform(lowest, 0.8)))
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
