"""An attractiveness network of a few bytes whose card can compare, and files of one photo in several looks."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.geometry import Image
from tiny_models import save

DECODING: dict[str, Any] = {
    "mean": 0.0, "std": 1.0, "quantiles": np.linspace(-3, 3, 101).tolist(),
    "pool": "SMALL-SET", "raters": "9 people of a village",
    "coverage": 0.9, "half_width": 0.8, "preference": {"slope": 1.5, "error": 0.7},
}  # fmt: skip


def score_model(folder: Path, **changes: Any) -> Path:
    """Lighter faces score higher; the embedding (N, 3) is the mean of each channel. changes: of the decoding."""
    weights = {"score": [[0.3], [0.3], [0.3]], "embedding": np.eye(3)}
    decoding = {name: value for name, value in {**DECODING, **changes}.items() if value is not None}
    return save(folder, "attractiveness", {"score": [0.0], "embedding": [0.0] * 3}, weights=weights, decoding=decoding)


def write(path: Path, image: Image) -> Path:
    """The picture (H, W, 3) as a file without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.ascontiguousarray(image[..., ::-1]))
    return path


def lighter(image: Image, gain: float) -> Image:
    return np.asarray(np.clip(image * gain, 0, 255), np.uint8)


def elsewhere(image: Image, seed: int) -> Image:
    """The same face before something else: random patches around the middle of the top of the picture."""
    rng = np.random.default_rng(seed)
    patches = cv2.resize(rng.integers(0, 256, (9, 9, 3), np.uint8), image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    patches[:260, 130:330] = image[:260, 130:330]
    return np.asarray(patches, np.uint8)
