"""What a face looks like, as a short vector that stands a change of light."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import expect
from mien.opencv import cv2

Array = NDArray[Any]

_SIDE = 16
_PARTS = np.sqrt(np.array([0.3, 0.4, 0.3]))  # shading, gradients, color


def appearance(thumbnails: NDArray[np.uint8]) -> Array:
    """Descriptors (N, 1280) of unit length of aligned RGB crops (N, S, S, 3): shading, gradients and color.

    Shading and gradients are standardised a crop, so that a change of light moves them little.

    >>> appearance(np.zeros((2, 32, 32, 3), np.uint8)).shape
    (2, 1280)
    """
    expect(thumbnails.ndim == 4 and thumbnails.shape[-1] == 3, "thumbnails", "(N, S, S, 3)", thumbnails.shape)
    if not len(thumbnails):
        return np.zeros((0, 5 * _SIDE * _SIDE), np.float32)
    small = np.stack([cv2.resize(t, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for t in thumbnails])
    small = small.astype(np.float32)
    gray = small.mean(-1)
    color = (small - gray[..., None])[..., [0, 2]] / 20.0
    gradient = np.stack([np.gradient(gray, axis=1), np.gradient(gray, axis=2)], -1)
    parts = [_standard(gray[..., None]), _standard(gradient), color.reshape(len(small), -1)]
    parts[2] /= np.sqrt(parts[2].shape[1])
    joined = np.concatenate([w * part for w, part in zip(_PARTS, parts, strict=True)], 1)
    return np.asarray(joined / np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-6), np.float32)


def _standard(part: Array) -> Array:
    """Rows (N, ...) flattened to mean 0 and length 1."""
    flat = part.reshape(len(part), -1)
    flat = flat - flat.mean(1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-3))
