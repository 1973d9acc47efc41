"""What comes between a camera and a face: hands, bars, cups and microphones, dark glasses, scarves.

Each is made of parts, drawn flat onto the finished image from the back to the front and shaded as if they bulged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.geometry import Array, Image
from mien.opencv import cv2
from mien.synthesis.head import Scene

Values = NDArray[Any]
"""Floats of any precision."""

_BITS = 4  # fractional bits of the places that cv2 draws at


@dataclass(frozen=True, slots=True)
class Part:
    """mask (S, S) from 0 to 1; color (3,) or (S, S, 3), 0 to 255; bulge: pixels from the rim to where it is flat."""

    mask: Array
    color: Values
    bulge: float


@dataclass(frozen=True, slots=True)
class Face:
    """landmarks (68, 2) in an image of `size` pixels; unit: from brows to chin; skin (P, P, 3) of somebody else."""

    landmarks: Array
    size: int
    unit: float
    skin: Image


def occlude(
    image: Image, landmarks: Array, scene: Scene, skin: Image, kind: str, rng: np.random.Generator
) -> tuple[Image, float]:
    """Draw a thing of this kind before the face; returns the image (S, S, 3) and the share of landmarks it covers.

    landmarks (68, 2) in pixels; scene: its light; skin (P, P, 3): what hands are covered with.
    """
    unit = float(np.linalg.norm(landmarks[8] - landmarks[[19, 24]].mean(0)))
    face = Face(landmarks, image.shape[0], max(unit, 0.2 * image.shape[0]), skin)
    out, covered = image.astype(np.float32), np.zeros(image.shape[:2], np.float32)
    soft = rng.uniform(0.4, 1.2)
    for part in KINDS[kind](face, rng):
        mask = np.asarray(cv2.GaussianBlur(part.mask, (0, 0), soft))
        out += mask[..., None] * (part.color * _shade(part, scene) - out)
        covered = np.maximum(covered, mask)
    x, y = np.round(landmarks.T).astype(int)
    seen = (x >= 0) & (y >= 0) & (x < face.size) & (y < face.size)
    hidden = covered[y[seen], x[seen]] > 0.5
    return out.clip(0, 255).astype(np.uint8), float(hidden.sum() / len(landmarks))


def skin_patch(texture: Image, cheek: Array) -> Image:
    """A piece (P, P, 3) of a person's texture (H, W, 3) around the middle of a cheek (K, 2), in texels."""
    (x, y), half = cheek.mean(0).round().astype(int), texture.shape[0] // 24
    low, side = np.clip([x - half, y - half], 0, texture.shape[0] - 2 * half), 2 * half
    return texture[low[1] : low[1] + side, low[0] : low[0] + side]


def _shade(part: Part, scene: Scene) -> Array:
    """Light (S, S, 3) on a part whose rim bends away from the camera."""
    away = cv2.distanceTransform((part.mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    rise = np.clip(away / part.bulge, 0, 1)
    height = cv2.GaussianBlur((part.bulge * np.sqrt(1 - (1 - rise) ** 2)).astype(np.float32), (0, 0), 1.0)
    slope_x, slope_y = (cv2.Sobel(height, cv2.CV_32F, *order, scale=0.125) for order in ((1, 0), (0, 1)))
    normal = np.stack([-slope_x, slope_y, np.ones_like(slope_x)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    facing = np.maximum(normal @ (np.array(scene.light) / np.linalg.norm(scene.light)), 0)
    shade = scene.ambient + (1 - scene.ambient) * 1.25 * facing
    return np.asarray(shade[..., None] * np.array(scene.tint), np.float32)


def _blank(face: Face) -> Array:
    return np.zeros((face.size, face.size), np.float32)


def _polygon(face: Face, points: Values) -> Array:
    mask = _blank(face)
    cv2.fillPoly(mask, [_fixed(points)], 1.0, cv2.LINE_AA, _BITS)
    return mask


def _stick(face: Face, start: Values, end: Values, width: float) -> Array:
    """A line (S, S) with round ends."""
    mask, thickness = _blank(face), max(round(width), 1)
    cv2.line(mask, _fixed(start).tolist(), _fixed(end).tolist(), 1.0, thickness, cv2.LINE_AA, _BITS)
    return mask


def _ellipse(face: Face, middle: Values, axes: Values, angle: float) -> Array:
    """Mask (S, S) of an ellipse with half axes (2,), the second one along the angle (radians, 0 downwards)."""
    turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    return _polygon(face, middle + np.c_[np.cos(turn) * axes[0], np.sin(turn) * axes[1]] @ _turned(angle))


def _turned(angle: float) -> Array:
    """Rows (2, 2): across and along a direction in the image; 0 points downwards, a right angle to its left."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)


def _fixed(points: Values) -> NDArray[np.int32]:
    return np.asarray(np.round(points * 2**_BITS), np.int32)


def _color(rng: np.random.Generator) -> Array:
    """Dark, bright or any color (3,)."""
    low, high = ((0, 60), (190, 255), (20, 235))[rng.integers(3)]
    gray = rng.uniform(low, high)
    return np.asarray(np.clip(gray + rng.normal(0, 0.25, 3) * min(gray, 120), 0, 255), np.float32)


def _hand(face: Face, rng: np.random.Generator) -> list[Part]:
    """Forearm, palm, and fingers stretched or bent, mostly from below."""
    angle = rng.normal(0, 0.7) + np.pi * (rng.random() < 0.1)
    across, along = _turned(angle)
    reach = face.unit * rng.uniform(0.9, 1.3)
    target = face.landmarks[rng.choice([8, 4, 12, 30, 48, 54, 62, 36, 45, 19, 24])]
    palm = target + along * reach * rng.uniform(0.1, 0.6) + across * reach * rng.normal(0, 0.15)
    patch = np.rot90(face.skin, int(rng.integers(4)))
    skin = np.asarray(cv2.resize(patch, (face.size, face.size)), np.float32) * np.float32(rng.uniform(0.8, 1.1))
    parts = [Part(_stick(face, palm, palm + along * 3 * face.size, 0.42 * reach), skin, 0.2 * reach)]
    parts.append(Part(_ellipse(face, palm, np.array([0.27, 0.33]) * reach, angle), skin, 0.3 * reach))
    length, side = reach * rng.uniform(0.12, 0.5), rng.choice([-1, 1])
    for index, share in enumerate((0.8, 0.97, 1.0, 0.88)):
        root = palm + (across * (index - 1.5) * 0.145 * side - along * 0.22) * reach
        spread = _turned(angle + side * (index - 1.5) * rng.uniform(0, 0.12))[1]
        parts.append(Part(_stick(face, root, root - spread * share * length, 0.15 * reach), skin, 0.08 * reach))
    thumb = palm - across * side * 0.22 * reach
    tip = thumb - (across * side * 0.5 + along) * length * 0.7
    return [*parts, Part(_stick(face, thumb, tip, 0.16 * reach), skin, 0.08 * reach)]


def _bar(face: Face, rng: np.random.Generator) -> list[Part]:
    """A straight edge across the image: a pole, a strap, a frame."""
    middle = face.landmarks.mean(0) + rng.normal(0, 0.35, 2) * face.unit
    along = _turned(rng.uniform(0, np.pi))[1] * 2 * face.size
    width = face.unit * rng.uniform(0.05, 0.28)
    return [Part(_stick(face, middle - along, middle + along, width), _color(rng), rng.choice([1.0, width / 2]))]


def _object(face: Face, rng: np.random.Generator) -> list[Part]:
    """A microphone or a cup before mouth or chin."""
    angle = rng.normal(0, 0.35)
    across, along = _turned(angle)
    middle = face.landmarks[rng.choice([8, 57, 62, 62])] + rng.normal(0, 0.08, 2) * face.unit
    if rng.random() < 0.5:
        radius = face.unit * rng.uniform(0.12, 0.22)
        handle = _stick(face, middle, middle + along * 3 * face.size, 1.1 * radius)
        head = _ellipse(face, middle, np.array([1.0, 1.15]) * radius, angle)
        grain = np.clip(_color(rng) * 0.6 + rng.normal(0, 18, (face.size, face.size, 1)), 0, 255).astype(np.float32)
        return [Part(handle, _color(rng), 0.5 * radius), Part(head, grain, radius)]
    width, height = face.unit * rng.uniform(0.2, 0.36), face.unit * rng.uniform(0.4, 0.8)
    rim = [-across * width, across * width]
    foot = [(across * s * rng.uniform(0.7, 0.95)) * width + along * height for s in (1, -1)]
    color = _color(rng)
    sides = _polygon(face, middle + np.stack(rim + foot))
    return [
        Part(sides, color, width),
        Part(_ellipse(face, middle, np.array([1, 0.22]) * width, angle), 0.8 * color, 1.0),
    ]


def _sunglasses(face: Face, rng: np.random.Generator) -> list[Part]:
    """Two dark lenses, a bridge, and the temples where the head does not hide them."""
    right, left = face.landmarks[36:42], face.landmarks[42:48]
    level = (left.mean(0) - right.mean(0)) / max(float(np.linalg.norm(left.mean(0) - right.mean(0))), 1e-6)
    down, color = np.array([-level[1], level[0]]), np.asarray(rng.uniform(5, 55) * rng.normal(1, 0.1, 3), np.float32)
    height, round_ = face.unit * rng.uniform(0.13, 0.2), rng.uniform(2, 5)
    turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    x, y = (np.sign(f(turn)) * np.abs(f(turn)) ** (2 / round_) for f in (np.cos, np.sin))
    parts, width = [], max(0.03 * face.unit, 1.0)
    for eye, outwards, ear in ((right, -1, face.landmarks[0]), (left, 1, face.landmarks[16])):
        half = 0.95 * abs(float((eye[3] - eye[0]) @ level)) + 0.03 * face.unit
        middle = eye.mean(0) + (outwards * 0.12 * half) * level + 0.15 * height * down
        outer = middle + outwards * half * level
        if outwards * float((ear - outer) @ level) > 0.05 * face.unit:
            parts.append(
                Part(_stick(face, outer - 0.4 * height * down, ear - 0.25 * face.unit * down, width), color, 1.0)
            )
        inner = middle - outwards * half * level
        parts.append(Part(_stick(face, inner, (right[3] + left[0]) / 2, width), color, 1.0))
        parts.append(Part(_polygon(face, middle + x[:, None] * half * level + y[:, None] * height * down), color, 2.0))
    return parts


def _scarf(face: Face, rng: np.random.Generator) -> list[Part]:
    """Cloth from below the eyes, or from the mouth, over the chin, as wide as the jaw."""
    jaw, ridge = face.landmarks[2:15], face.landmarks[rng.choice([28, 29, 33, 51])]
    cloth = np.concatenate([jaw, ridge[None]])
    cloth = cloth.mean(0) + (cloth - cloth.mean(0)) * rng.uniform(1.02, 1.12)
    if rng.random() < 0.4:  # a scarf goes on downwards
        cloth = np.concatenate([cloth, cloth[[3, 9]] + [0, face.size]])
    pattern = cv2.resize(rng.normal(0, 1, (int(rng.integers(2, 24)),) * 2), (face.size, face.size))[..., None]
    color = np.clip(_color(rng) + rng.choice([0.0, 12.0]) * pattern, 0, 255).astype(np.float32)
    return [Part(_polygon(face, cv2.convexHull(cloth.astype(np.float32))[:, 0]), color, 0.5 * face.unit)]


KINDS: dict[str, Callable[[Face, np.random.Generator], list[Part]]] = {
    "hand": _hand,
    "bar": _bar,
    "object": _object,
    "sunglasses": _sunglasses,
    "scarf": _scarf,
}
"""How the parts of each kind are drawn by chance, from the back to the front."""
