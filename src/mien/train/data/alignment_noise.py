"""How far the product's own alignment moves when an image changes and its face does not.

python -m mien.train.data.alignment_noise DATA [N]
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from mien.datasets.aligned import Locator
from mien.datasets.crops import find_face
from mien.errors import InputError
from mien.geometry import Array, CropTemplate, Image, apply_affine, five_points, invert_affine, similarity
from mien.opencv import cv2
from mien.runtime.detector import Detector
from mien.runtime.landmarks import Landmarker

_TEMPLATE = CropTemplate(100)


@dataclass(frozen=True, slots=True)
class AlignmentNoise:
    """Spread of the alignment: 1.4826 times the median distance from the median, which a face that is lost or taken
    for another one does not move.

    points (5, 2): of the five points, in eye-to-mouth distances. shift (as part of that distance), scale (log),
    rotation (degrees): of the crop. lost: share of the changed images in which the face was not found.
    """

    points: Array
    shift: float
    scale: float
    rotation: float
    lost: float
    faces: int


def measure_alignment_noise(
    images: Iterable[Image | None], changes: int = 6, seed: int = 0, landmarker: Locator | None = None
) -> AlignmentNoise:
    """Align each face again after harmless changes: other size, other place, JPEG, other brightness.

    Raises InputError where no image has a face.
    """
    rng = np.random.default_rng(seed)
    detector, landmarker = Detector(threads=1), landmarker or Landmarker(threads=1).points
    placed, faces, lost = [], 0, 0
    for image in images:
        face = "" if image is None else find_face(detector, image, None)
        if image is None or isinstance(face, str):
            continue
        faces += 1
        first = five_points(landmarker(image, *face))
        carry = similarity(first, _TEMPLATE.points)[0]
        for _ in range(changes):
            changed, matrix = _change(image, rng)
            box = apply_affine(matrix, face[0].reshape(2, 2)).reshape(4)
            again = find_face(detector, changed, box)
            if isinstance(again, str):
                lost += 1
                continue
            points = apply_affine(invert_affine(matrix), five_points(landmarker(changed, *again))[0])
            placed.append(apply_affine(carry, np.stack([first[0], points])))
    if not placed:
        raise InputError(f"'images' must hold pictures with a face. Got {faces} faces.")
    return _summary(np.stack(placed), lost / (faces * changes), faces)


def _summary(placed: Array, lost: float, faces: int) -> AlignmentNoise:
    """Of the five points before and after a change (N, 2, 5, 2), both in the crop that the first ones give."""
    first, points = placed[:, 0], placed[:, 1]
    unit = _TEMPLATE.size * _TEMPLATE.scale
    moved = similarity(points, _TEMPLATE.points)
    middle = np.full((1, 2), _TEMPLATE.size / 2, np.float32)
    shift = (apply_affine(moved, middle)[:, 0] - middle) / unit
    scale = np.log(np.hypot(moved[:, 0, 0], moved[:, 1, 0]))
    rotation = np.degrees(np.arctan2(moved[:, 1, 0], moved[:, 0, 0]))
    per_point, center = _spread(points - first) / unit, float(_spread(shift).mean())
    return AlignmentNoise(per_point, center, float(_spread(scale)), float(_spread(rotation)), lost, faces)


def _spread(values: Array) -> Array:
    return np.asarray(1.4826 * np.median(np.abs(values - np.median(values, 0)), 0))


def _change(image: Image, rng: np.random.Generator) -> tuple[Image, Array]:
    """The image with another size, place, brightness and JPEG compression, and its matrix (2, 3) from the first."""
    scale, (x, y) = float(np.exp(rng.uniform(np.log(0.6), np.log(1.6)))), rng.uniform(0, 8, 2)
    matrix = np.array([[scale, 0, x], [0, scale, y]], np.float32)
    height, width = (round(side * scale) + 8 for side in image.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    moved = cv2.warpAffine(image, matrix, (width, height), flags=way, borderMode=cv2.BORDER_REPLICATE)
    lit = np.clip(moved * np.exp(rng.normal(0, 0.1)), 0, 255).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", lit, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8), matrix


def main(data: str, count: str = "300") -> None:
    """Print the noise on the first images of the validation split."""
    from mien.datasets.tables import open_table

    table = open_table(Path(data))
    split = table.columns().get("split")
    wanted = None if split is None else split == "val"
    pictures = (image for image in table.images(wanted) if image is not None)
    print(measure_alignment_noise(islice(pictures, int(count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
