"""Pictures whose face stays and whose surroundings change: other backgrounds, oval masks, other colours."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from mien.geometry import Array, Image
from mien.opencv import cv2
from mien.runtime.detector import Detector
from mien.runtime.landmarks import Landmarker
from mien.studies.core.spoiled import SPOILED, Change

HEAD, FACE = (1.75, 2.1), (1.05, 1.22)
"""Half axes of an ellipse against the half width of the face and the height from brows to chin: hair and ears too,
or what an oval mask leaves."""
Fill = Callable[[Image], Image]


class Cutter:
    """Puts something else around the largest face of a picture; without a face the picture stays as it is."""

    def __init__(self, axes: tuple[float, float], fill: Fill, threads: int | None = 1) -> None:
        self.axes, self.fill = axes, fill
        self.detector = Detector(max_faces=1, threads=threads)
        self.landmarker = Landmarker(threads=threads, min_presence=0)

    def __call__(self, image: Image) -> Image:
        """The picture (H, W, 3), other pixels outside of the ellipse alone."""
        [faces] = self.landmarker([image], [self.detector(image)])
        if not len(faces) or faces.landmarks_68 is None:
            return image
        inside = ellipse(faces.landmarks_68[0], image.shape[:2], self.axes)
        return np.where(inside[..., None], image, self.fill(image))


def ellipse(points: Array, shape: tuple[int, ...], axes: tuple[float, float]) -> Array:
    """Mask (H, W) of an upright ellipse around a face, turned as its eyes are; points (68, 2) in pixels."""
    across = points[45] - points[36]
    brows, chin = points[17:27].mean(0), points[8]
    whole = (
        axes[0] * float(np.linalg.norm(points[16] - points[0])),
        axes[1] * float(np.linalg.norm(chin - brows)) / 0.8,
    )
    middle = brows + 0.3 * (chin - brows)
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    mask = np.zeros(shape, np.uint8)
    cv2.ellipse(mask, (middle.tolist(), whole, angle), 1, -1)
    return mask.astype(bool)


def plain(image: Image, colour: tuple[int, int, int]) -> Image:
    """One colour."""
    return np.full_like(image, colour)


def clutter(image: Image) -> Image:
    """Coloured patches, the same for each picture of a size."""
    patches = np.random.default_rng(0).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(patches, image.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def colourless(image: Image) -> Image:
    """Grey."""
    return np.asarray(np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2), np.uint8)


def tint(image: Image, gains: tuple[float, float, float]) -> Image:
    """Other light: red, green and blue times their gains."""
    return np.asarray(np.clip(image * np.array(gains), 0, 255), np.uint8)


def surroundings() -> Mapping[str, Change]:
    """Changes around the face, by name; each has networks of its own."""
    return {
        "white background": Cutter(HEAD, partial(plain, colour=(255, 255, 255))),
        "dark background": Cutter(HEAD, partial(plain, colour=(20, 20, 30))),
        "cluttered background": Cutter(HEAD, clutter),
        "oval mask, white": Cutter(FACE, partial(plain, colour=(255, 255, 255))),
        "oval mask, black": Cutter(FACE, partial(plain, colour=(0, 0, 0))),
        "oval mask, coloured": Cutter(FACE, partial(plain, colour=(180, 60, 40))),
    }


QUALITY: Mapping[str, Change] = {
    "without colour": colourless,
    "warm light": partial(tint, gains=(1.15, 1.0, 0.8)),
    "cold light": partial(tint, gains=(0.85, 1.0, 1.15)),
    **{name: SPOILED[name] for name in ("light 0.3", "blur 1", "blur 2", "2 times smaller", "4 times smaller")},
    **{name: SPOILED[name] for name in ("noise 10", "JPEG 20")},
}
"""Changes of the whole picture, by name."""
