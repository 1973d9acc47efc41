"""Images without a face, made from crops with one: what a detector takes for a face now and then."""

import numpy as np

from mien.geometry import Image
from mien.opencv import cv2


def nonface(crop: Image, size: int, rng: np.random.Generator) -> Image:
    """An image (size, size, 3) from a face crop (S, S, 3): a part of it, its pieces in another order, or a texture."""
    kind = rng.choice(4, p=(0.3, 0.25, 0.25, 0.2))
    if kind == 0:
        picture = _part(crop, rng)
    elif kind == 1:
        picture = _corner(crop, rng)
    elif kind == 2:
        picture = _shuffled(crop, rng)
    else:
        picture = _texture(crop, rng)
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


def _part(crop: Image, rng: np.random.Generator) -> Image:
    """An eye, a cheek, hair: a square of a fifth to a third of the crop's side."""
    side = int(crop.shape[0] * rng.uniform(0.18, 0.34))
    y, x = rng.integers(0, crop.shape[0] - side, 2)
    return crop[y : y + side, x : x + side]


def _corner(crop: Image, rng: np.random.Generator) -> Image:
    """What lies beside the face."""
    side = int(crop.shape[0] * rng.uniform(0.2, 0.3))
    y, x = (0 if rng.random() < 0.5 else crop.shape[0] - side for _ in range(2))
    return crop[y : y + side, x : x + side]


def _shuffled(crop: Image, rng: np.random.Generator) -> Image:
    """Pieces of a grid in another order; each may be turned."""
    count = int(rng.integers(3, 7))
    side = crop.shape[0] // count
    pieces = [crop[i * side : (i + 1) * side, j * side : (j + 1) * side] for i in range(count) for j in range(count)]
    order = np.roll(rng.permutation(len(pieces)), 1)
    turned = [np.rot90(pieces[k], int(rng.integers(4))) for k in order]
    return np.ascontiguousarray(np.vstack([np.hstack(turned[i * count : (i + 1) * count]) for i in range(count)]))


def _texture(crop: Image, rng: np.random.Generator) -> Image:
    """Noise of some scale in the colors of the crop, with round and straight things on it."""
    side = crop.shape[0]
    cells = int(rng.integers(2, 24))
    noise = cv2.resize(rng.random((cells, cells), np.float32), (side, side), interpolation=cv2.INTER_CUBIC)[..., None]
    dark, light = (crop[tuple(rng.integers(0, side, 2))].astype(np.float32) for _ in range(2))
    picture = np.clip(dark + (light - dark) * noise + rng.normal(0, 6, crop.shape), 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 6))):
        color = tuple(int(v) for v in crop[tuple(rng.integers(0, side, 2))])
        (x, y), radius = rng.integers(0, side, 2), int(rng.integers(2, side // 4))
        if rng.random() < 0.6:
            cv2.circle(picture, (int(x), int(y)), radius, color, -1 if rng.random() < 0.6 else 2)
        else:
            cv2.line(picture, (int(x), int(y)), tuple(int(v) for v in rng.integers(0, side, 2)), color, radius // 4 + 1)
    return np.asarray(picture, np.uint8)
