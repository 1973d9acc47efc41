"""Geometry of faces: boxes, similarity transforms, the one aligner, landmarks.

Points are (x, y) in pixels, boxes float (x1, y1, x2, y2) in pixels. "Right" and "left" are the person's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import expect
from mien.opencv import cv2

Array = NDArray[np.float32]
Image = NDArray[np.uint8]

# Right eye, left eye, nose tip, right and left mouth corner of a frontal face; the origin is the point
# between eyes and mouth, the unit is the distance from that point's eye line to its mouth line.
_CANONICAL_FACE = np.array(
    [[-0.4405, -0.5], [0.4405, -0.5], [0.0, 0.07], [-0.365, 0.5], [0.365, 0.5]], dtype=np.float32
)

# Left/right swap of the 68 points (Multi-PIE order) when an image is mirrored.
MIRROR_68: NDArray[np.int64] = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]  # jaw, brows, nose
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]  # eyes
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]  # mouth
)


@dataclass(frozen=True, slots=True)
class CropTemplate:
    """Where a face lies in an aligned crop: side in pixels, eye-to-mouth distance and centre as parts of it.

    >>> CropTemplate(100, scale=0.4).points[0].round().tolist()
    [32.0, 30.0]
    """

    size: int
    scale: float = 0.36
    center_x: float = 0.5
    center_y: float = 0.5

    @property
    def points(self) -> Array:
        """Five template points (5, 2) in pixels of the crop."""
        center = np.array([self.center_x, self.center_y], np.float32)
        return (_CANONICAL_FACE * self.scale + center) * np.float32(self.size)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a model card."""
        return {"size": self.size, "scale": self.scale, "center_x": self.center_x, "center_y": self.center_y}


def similarity(source: Array, target: Array) -> Array:
    """Least-squares similarity transforms (N, 2, 3) that carry source points (N, P, 2) to target (P, 2).

    Minimises sum |s R x + t - y|^2 in closed form with complex numbers; no reflection.

    >>> square = np.array([[[0, 0], [2, 0], [2, 2], [0, 2]]], np.float32)
    >>> similarity(square, square[0] * 3 + 1)[0].round(3).tolist()
    [[3.0, -0.0, 1.0], [0.0, 3.0, 1.0]]
    """
    x = source[..., 0].astype(np.float64) + 1j * source[..., 1]
    y = np.broadcast_to(target[..., 0].astype(np.float64) + 1j * target[..., 1], x.shape)
    x_mean, y_mean = x.mean(-1, keepdims=True), y.mean(-1, keepdims=True)
    spread = (np.abs(x - x_mean) ** 2).sum(-1)
    # Points that all coincide have no direction and no size: they are only moved.
    a = ((x - x_mean).conj() * (y - y_mean)).sum(-1) / np.where(spread > 1e-12, spread, 1)
    a = np.where(spread > 1e-12, a, 1)
    t = y_mean[..., 0] - a * x_mean[..., 0]
    rows = [[a.real, -a.imag, t.real], [a.imag, a.real, t.imag]]
    return np.moveaxis(np.array(rows, np.float32), (0, 1), (-2, -1))


def apply_affine(matrix: Array, points: Array) -> Array:
    """Carry points (..., P, 2) by affine matrices (..., 2, 3).

    >>> apply_affine(np.array([[2, 0, 1], [0, 2, 0]], np.float32), np.ones((1, 2), np.float32)).tolist()
    [[3.0, 2.0]]
    """
    moved = points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]
    return np.asarray(moved, np.float32)


def invert_affine(matrix: Array) -> Array:
    """Inverse of affine matrices (..., 2, 3)."""
    linear = np.linalg.inv(matrix[..., :2].astype(np.float64))
    shift = -(linear @ matrix[..., 2:].astype(np.float64))
    return np.concatenate([linear, shift], -1).astype(np.float32)


def warp(image: Image, matrix: Array, size: int) -> Image:
    """Cut one crop (size, size, 3) by an image-to-crop matrix (2, 3), without aliasing when it shrinks.

    What lies outside the image repeats the edge: a constant color would tell one source from another.
    """
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        image, matrix = _shrink_around(image, matrix, size, scale)
    flags = cv2.INTER_LINEAR
    crop = cv2.warpAffine(image, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)


def _shrink_around(image: Image, matrix: Array, size: int, scale: float) -> tuple[Image, Array]:
    """Area-shrink the part of the image that the crop covers, so that a bilinear warp does not alias."""
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    covered = apply_affine(invert_affine(matrix), corners)
    height, width = image.shape[:2]
    x1, y1 = np.clip(np.floor(covered.min(0)) - 2, 0, [width - 1, height - 1]).astype(int)
    x2, y2 = np.clip(np.ceil(covered.max(0)) + 2, [x1 + 1, y1 + 1], [width, height]).astype(int)
    part = image[y1:y2, x1:x2]
    factor = 0.75 / scale
    new = (max(1, round((x2 - x1) / factor)), max(1, round((y2 - y1) / factor)))
    small = cv2.resize(part, new, interpolation=cv2.INTER_AREA)
    fx, fy = (x2 - x1) / new[0], (y2 - y1) / new[1]
    back = np.array([[fx, 0, x1 + fx / 2 - 0.5], [0, fy, y1 + fy / 2 - 0.5], [0, 0, 1]], np.float32)
    return np.asarray(small, np.uint8), np.asarray(matrix @ back, np.float32)


def align(image: Image, landmarks: Array, template: CropTemplate) -> Image:
    """Aligned crops (N, size, size, 3) of the faces whose five landmarks (N, 5, 2) are given.

    The one aligner: training data and inference both go through here.

    >>> picture = np.zeros((50, 50, 3), np.uint8)
    >>> align(picture, CropTemplate(50).points[None], CropTemplate(32)).shape
    (1, 32, 32, 3)
    """
    expect(landmarks.ndim == 3 and landmarks.shape[1:] == (5, 2), "landmarks", "an array (N, 5, 2)", landmarks.shape)
    matrices = similarity(landmarks, template.points)
    crops = np.empty((len(landmarks), template.size, template.size, 3), np.uint8)
    for crop, matrix in zip(crops, matrices, strict=True):
        crop[:] = warp(image, matrix, template.size)
    return crops


def five_points(landmarks_68: Array) -> Array:
    """Eye centres, nose tip and mouth corners (..., 5, 2) of 68 landmarks (..., 68, 2)."""
    eyes = [landmarks_68[..., 36:42, :].mean(-2), landmarks_68[..., 42:48, :].mean(-2)]
    rest = [landmarks_68[..., i, :] for i in (30, 48, 54)]
    return np.stack(eyes + rest, axis=-2).astype(np.float32)


def outer_eye_distance(landmarks_68: Array) -> Array:
    """Distance (...,) between the outer eye corners of 68 landmarks (..., 68, 2), in pixels."""
    return np.asarray(np.linalg.norm(landmarks_68[..., 36, :] - landmarks_68[..., 45, :], axis=-1), np.float32)


def face_square(box: Array, landmarks: Array, size: int, margin: float) -> Array:
    """Image-to-crop matrices (N, 2, 3) for upright square crops of detected faces.

    The crop is centred on the box, its side is `margin` times the longer side of the face, and it is turned
    by the angle of the line from the middle of the eyes to the middle of the mouth.

    box (N, 4), landmarks (N, 5, 2): the detector's, in pixels.
    """
    eyes, mouth = landmarks[:, :2].mean(1), landmarks[:, 3:].mean(1)
    down = mouth - eyes
    across = landmarks[:, 1] - landmarks[:, 0] + landmarks[:, 4] - landmarks[:, 3]
    # A turned head shortens `across`, a nodding head shortens `down`: the sum of both stays reliable.
    angle = np.arctan2(across[:, 1] - down[:, 0], across[:, 0] + down[:, 1])
    center = (box[:, :2] + box[:, 2:]) / 2
    side = (box[:, 2:] - box[:, :2]).max(1) * margin
    scale = size / np.maximum(side, 1e-3)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], -2)
    shift = size / 2 - np.einsum("nij,nj->ni", linear, center)
    return np.concatenate([linear, shift[..., None]], -1).astype(np.float32)


def rotation_angle(matrix: Array) -> Array:
    """Angle (N,) in degrees by which matrices (N, 2, 3) turn an image, counter-clockwise positive as seen."""
    return np.asarray(-np.degrees(np.arctan2(matrix[..., 1, 0], matrix[..., 0, 0])), np.float32)


def box_iou(a: Array, b: Array) -> Array:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4).

    >>> box_iou(np.array([[0, 0, 2, 2.0]]), np.array([[0, 0, 2, 1.0]])).tolist()
    [[0.5]]
    """
    overlap = box_intersection(a, b)
    union = box_area(a)[:, None] + box_area(b)[None] - overlap
    return np.asarray(overlap / np.maximum(union, 1e-9))


def box_intersection(a: Array, b: Array) -> Array:
    """Area (N, M) that boxes (N, 4) and (M, 4) share."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.clip(high - low, 0, None).prod(-1))


def box_area(box: Array) -> Array:
    """Area (N,) of boxes (N, 4)."""
    return np.asarray(np.clip(box[:, 2:] - box[:, :2], 0, None).prod(-1))


def non_maximum_suppression(box: Array, score: Array, threshold: float) -> NDArray[np.int64]:
    """Indices of the boxes that stay, best score first; others overlap a better one by more than threshold.

    A box of which four fifths lie inside a better one goes too: parts of a large face can look like a face.
    """
    order, area = np.argsort(-score, kind="stable"), box_area(box)
    keep: list[int] = []
    while len(order):
        best, order = order[0], order[1:]
        keep.append(best)
        shared, rest = box_intersection(box[order], box[best, None])[:, 0], area[order]
        overlap = np.where(shared > 0.8 * rest, 1.0, shared / np.maximum(rest + area[best] - shared, 1e-9))
        order = order[overlap <= threshold]
    return np.asarray(keep, np.int64)


def wrap_degrees(angle: Array) -> Array:
    """Angles folded into [-180, 180)."""
    return np.asarray((angle + 180.0) % 360.0 - 180.0, np.float32)
