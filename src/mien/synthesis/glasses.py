"""Glasses for synthetic heads: two rims, a bridge and temples, turned and projected with the head."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.geometry import Array
from mien.opencv import cv2

MOST_YAW = 50.0  # degrees beyond which the nose would have to hide a lens
_STEPS = 24


@dataclass(frozen=True, slots=True)
class Glasses:
    """width, height of a lens and its roundness (2: ellipse, more: box); color RGB; thickness and tint of the lens."""

    width: float = 2.3
    height: float = 1.8
    roundness: float = 3.0
    color: tuple[float, float, float] = (30.0, 30.0, 35.0)
    thickness: float = 0.012
    tint: float = 0.1
    glare: float = 0.0


def sample_glasses(rng: np.random.Generator) -> Glasses:
    """Any pair that people wear, none of them dark: the eyes stay visible."""
    dark = rng.random() < 0.7
    color = rng.uniform(5, 60, 3) if dark else rng.uniform(60, 220, 3)
    return Glasses(
        width=rng.uniform(2.0, 2.7),
        height=rng.uniform(1.4, 2.3),
        roundness=rng.uniform(2, 5),
        color=tuple(color.tolist()),
        thickness=rng.uniform(0.004, 0.02),
        tint=rng.uniform(0, 0.2),
        glare=rng.choice([0.0, rng.uniform(0.1, 0.6)]),
    )


def glasses_points(glasses: Glasses, vertices: Array, landmarks: NDArray[np.int64]) -> Array:
    """Points (2 * 24 + 4, 3) of both rims and the ends of both temples, in the axes of the mesh."""
    angle = np.linspace(0, 2 * np.pi, _STEPS, endpoint=False)
    power = 2 / glasses.roundness
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power * glasses.width
    y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power * glasses.height
    points = []
    for eye, ear in ((slice(36, 42), 0), (slice(42, 48), 16)):
        middle = vertices[landmarks[eye]].mean(0)
        side = 1 if middle[0] > 0 else -1
        center = middle + np.array([0.25 * side, -0.15, 1.3])
        back = 0.35 * np.maximum(side * x, 0)  # lenses bend towards the temples
        points.append(center + np.stack([x, y, -back], 1))
        hinge = center + np.array([side * glasses.width, 0.6, -0.4])
        end = vertices[landmarks[ear]] + np.array([0.5 * side, 2.2, 0.5])
        points.append(np.stack([hinge, end]))
    return np.concatenate(points).astype(np.float32)


def draw_glasses(glasses: Glasses, points: Array, canvas: Array, yaw: float) -> None:
    """Draw onto canvas (S, S, 3) the points (2 * 24 + 4, 2) in its pixels."""
    size = canvas.shape[0]
    width = max(round(glasses.thickness * size), 1)
    rims = [points[:_STEPS], points[_STEPS + 2 : 2 * _STEPS + 2]]
    temples = [points[_STEPS : _STEPS + 2], points[2 * _STEPS + 2 :]]
    for rim in rims:
        _shade_lens(glasses, rim, canvas)
    near, far = (rim[np.argmin(np.abs(rim[:, 0] - other[:, 0].mean()))] for rim, other in (rims, rims[::-1]))
    lines = [np.stack([near, far])] + [
        temple for temple, sign in zip(temples, (1, -1), strict=True) if sign * yaw > -10
    ]
    for line in lines:
        cv2.polylines(canvas, [_fixed(line)], False, glasses.color, width, cv2.LINE_AA, 4)
    for rim in rims:
        cv2.polylines(canvas, [_fixed(rim)], True, glasses.color, width, cv2.LINE_AA, 4)


def _shade_lens(glasses: Glasses, rim: Array, canvas: Array) -> None:
    mask = np.zeros(canvas.shape[:2], np.float32)
    cv2.fillPoly(mask, [_fixed(rim)], 1.0, cv2.LINE_AA, 4)
    canvas *= 1 - glasses.tint * mask[..., None]
    if glasses.glare:
        low, high = rim.min(0), rim.max(0)
        cut = low + (high - low) * np.array([[0.1, 0.1], [0.45, 0.1], [0.3, 0.6], [0.1, 0.6]])
        streak = np.zeros_like(mask)
        cv2.fillPoly(streak, [_fixed(cut)], 1.0, cv2.LINE_AA, 4)
        streak = np.asarray(cv2.GaussianBlur(streak, (0, 0), 3)) * mask * glasses.glare
        canvas += (255 - canvas) * streak[..., None]


def _fixed(points: Array) -> NDArray[np.int32]:
    """For cv2, which draws with 4 fractional bits."""
    return np.round(points * 16).astype(np.int32)
