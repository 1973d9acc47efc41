"""The skin of a synthetic head: its photo without the white background, and the folds that muscles draw on it."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mien.facs import CODES
from mien.geometry import MIRROR_68, Array, Image
from mien.opencv import cv2

FOLDS: tuple[tuple[str, float, tuple[tuple[int, float, float], ...]], ...] = (
    ("AU01", 0.7, ((21, -0.13, -0.17), (21, 0.0, -0.18), (20, 0.0, -0.13))),
    ("AU01", 0.8, ((21, -0.13, -0.26), (21, 0.0, -0.27), (20, 0.0, -0.21))),
    ("AU01", 0.5, ((21, -0.13, -0.36), (21, 0.0, -0.37), (20, 0.0, -0.32))),
    ("AU02", 0.7, ((20, 0.0, -0.13), (19, 0.0, -0.15), (18, 0.0, -0.15), (17, 0.0, -0.1))),
    ("AU02", 0.6, ((20, 0.0, -0.22), (19, 0.0, -0.24), (18, 0.0, -0.25), (17, -0.02, -0.22))),
    ("AU04", 1.2, ((21, -0.08, -0.07), (21, -0.09, 0.01), (21, -0.075, 0.1))),
    ("AU04", 0.6, ((21, -0.03, -0.11), (21, -0.045, -0.01))),
    ("AU04", 0.5, ((27, 0.0, 0.02), (27, 0.06, 0.015))),
    ("AU06", 0.7, ((36, 0.05, -0.02), (36, 0.11, -0.05), (36, 0.17, -0.09))),
    ("AU06", 0.8, ((36, 0.05, 0.01), (36, 0.12, 0.01), (36, 0.19, 0.01))),
    ("AU06", 0.7, ((36, 0.05, 0.04), (36, 0.11, 0.07), (36, 0.16, 0.11))),
    ("AU06", 1.0, ((39, 0.0, 0.07), (40, 0.0, 0.09), (41, 0.02, 0.1), (36, 0.04, 0.07))),
    ("AU06", 0.5, ((39, 0.02, 0.14), (41, 0.0, 0.18), (36, 0.06, 0.14))),
    ("AU07", 0.9, ((39, 0.02, 0.04), (40, 0.0, 0.055), (41, 0.0, 0.055), (36, -0.02, 0.04))),
    ("AU09", 1.0, ((27, 0.0, 0.0), (27, 0.05, 0.01), (27, 0.09, 0.03))),
    ("AU09", 0.9, ((27, 0.0, 0.06), (27, 0.05, 0.065), (27, 0.09, 0.09))),
    ("AU09", 0.9, ((28, 0.04, -0.01), (28, 0.09, 0.03), (28, 0.13, 0.1))),
    ("AU09", 0.6, ((28, 0.07, -0.06), (28, 0.13, 0.0), (28, 0.16, 0.06))),
    ("AU09", 0.9, ((31, 0.03, -0.13), (31, 0.08, -0.04), (31, 0.11, 0.05))),
    ("AU10", 0.9, ((31, 0.04, -0.08), (31, 0.11, 0.02), (48, 0.07, -0.11))),
    ("AU12", 1.0, ((31, 0.05, -0.06), (31, 0.14, 0.06), (48, 0.1, -0.07), (48, 0.12, 0.04))),
    ("AU14", 1.3, ((48, 0.04, -0.06), (48, 0.065, 0.0), (48, 0.04, 0.06))),
    ("AU15", 0.8, ((48, 0.02, 0.02), (48, 0.05, 0.09), (48, 0.06, 0.16))),
    ("AU17", 1.1, ((57, 0.0, 0.07), (57, 0.1, 0.085), (57, 0.16, 0.12))),
    ("AU17", 0.7, ((8, 0.0, -0.19), (8, 0.04, -0.17), (8, 0.08, -0.18))),
    ("AU17", 0.7, ((8, 0.1, -0.16), (8, 0.12, -0.12), (8, 0.1, -0.09))),
    ("AU17", 0.7, ((8, 0.01, -0.13), (8, 0.04, -0.12), (8, 0.07, -0.13))),
    ("AU17", 0.7, ((8, 0.0, -0.07), (8, 0.04, -0.06), (8, 0.07, -0.08))),
    ("AU20", 0.5, ((48, 0.06, -0.05), (48, 0.1, 0.02), (48, 0.09, 0.08))),
    ("AU23", 0.5, ((50, 0.0, -0.05), (50, 0.0, -0.01))),
    ("AU23", 0.5, ((49, 0.0, -0.05), (49, 0.0, -0.01))),
    ("AU23", 0.5, ((58, 0.02, 0.01), (58, 0.02, 0.05))),
    ("AU24", 0.5, ((57, 0.0, 0.06), (59, 0.0, 0.05), (48, 0.0, 0.04))),
    ("AU24", 0.4, ((48, 0.04, -0.04), (48, 0.05, 0.0), (48, 0.04, 0.05))),
)
"""Action Unit, depth and course: landmark of the right side, then outwards and down in distances of the outer eyes."""

DARKENING, RELIEF = 0.3, 0.5
EYE_PATCH = 64 / 600
"""Side of the corners of a texture that hold the eyeballs, as part of it."""


def fill_background(photo: Image, landmarks: Array, studio: bool = True) -> Image:
    """Replace the surroundings of a face in a photo (H, W, 3) by the nearest color of hair, skin or neck.

    In a studio that is what is near white, elsewhere all that lies around the face; the face within the landmarks
    (68, 2) is kept, however pale.
    """
    outside = _background(photo) if studio else np.ones(photo.shape[:2], np.uint8)
    cv2.fillConvexPoly(outside, _face_outline(landmarks), 0)
    scale = photo.shape[0] / 600
    grown = cv2.dilate(outside, np.ones((3, 3), np.uint8), iterations=max(round(4 * scale), 1))
    away, label = cv2.distanceTransformWithLabels(grown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    inside = grown == 0
    color = np.zeros((int(label.max()) + 1, 3), np.uint8)
    color[label[inside]] = cv2.GaussianBlur(photo, (0, 0), 2 * scale)[inside]
    near, far = (cv2.GaussianBlur(color[label], (0, 0), sigma * scale) for sigma in (3, 14))
    share = np.clip(away / (30 * scale), 0, 1)[..., None]
    filled = near * (1 - share) + far * share
    return np.where(inside[..., None], photo, filled).astype(np.uint8)


def _background(photo: Image) -> Image:
    """Mask (H, W) of the bright gray area that touches the border."""
    low, high = photo.min(2).astype(int), photo.max(2).astype(int)
    bright = ((low > 140) & (high - low < 28)).astype(np.uint8)
    bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).astype(np.uint8)
    _, label = cv2.connectedComponents(bright)
    edge = np.unique(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]]))
    return (np.isin(label, edge[edge > 0]) & (bright > 0)).astype(np.uint8)


def _face_outline(landmarks: Array) -> NDArray[np.int32]:
    """Convex outline (N, 1, 2) of jaw and forehead."""
    height = landmarks[8, 1] - landmarks[27, 1]
    forehead = landmarks[17:27] - np.array([0, 0.45 * height], np.float32)
    return np.asarray(cv2.convexHull(np.concatenate([landmarks, forehead]).astype(np.int32)), np.int32)


def paint_eyes(texture: Image, uv: Array, landmarks: Array) -> tuple[Image, Array]:
    """Give each eyeball a corner of the texture (H, W, 3) where white goes on behind the lids of the photo.

    Returns the texture and the eyeballs' new coordinates (N, 2) for uv (N, 2).
    """
    out, moved = texture.copy(), uv.copy()
    patch = round(texture.shape[0] * EYE_PATCH)
    middle = landmarks[36:48, 0].mean()
    for first, ball in ((36, uv[:, 0] < middle), (42, uv[:, 0] >= middle)):
        eye = landmarks[first : first + 6]
        origin = eye.mean(0).round() - patch // 2
        corner = np.array([0 if first == 36 else texture.shape[1] - patch, 0])
        grid = np.stack(np.meshgrid(np.arange(patch), np.arange(patch)), -1) + origin
        out[:patch, corner[0] : corner[0] + patch] = _eyeball(texture, grid.astype(np.float32), eye)
        moved[ball] = np.clip(uv[ball] - origin, 0, patch - 1.5) + corner
    return out, moved


def _eyeball(texture: Image, grid: Array, eye: Array) -> Image:
    """The photo between the lids of eye (6, 2) at the points grid (P, P, 2), and white beyond them."""
    width = float(np.linalg.norm(eye[3] - eye[0]))
    inner = eye.mean(0) + (eye - eye.mean(0)) * np.array([0.9, 0.8], np.float32)
    x = np.clip(grid[..., 0], inner[0, 0], inner[3, 0])
    top = np.interp(x, inner[[0, 1, 2, 3], 0], inner[[0, 1, 2, 3], 1])
    bottom = np.interp(x, inner[[0, 5, 4, 3], 0], inner[[0, 5, 4, 3], 1])
    y = np.clip(grid[..., 1], np.minimum(top, bottom), np.maximum(top, bottom))
    seen = cv2.remap(texture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR).astype(np.float32)
    beyond = np.hypot(grid[..., 0] - x, grid[..., 1] - y)
    open_eye = seen[beyond == 0].reshape(-1, 3)
    white = 0.82 * np.percentile(open_eye, 85, axis=0)
    share = np.clip(beyond / (0.1 * width) - 0.3, 0, 1)[..., None]
    return np.asarray(seen * (1 - share) + white * share, np.uint8)


def lid_shift(uv: Array, landmarks: Array) -> Array:
    """How far uv (V, 2) must move when the eyes close, so that lids take skin and not the photo's open eye."""
    shift = np.zeros_like(uv)
    for first in (36, 42):
        eye = landmarks[first : first + 6]
        width = float(np.linalg.norm(eye[3] - eye[0]))
        away = (uv - eye.mean(0)) / width
        weight = np.clip(1.7 - 0.6 * np.hypot(away[:, 0] / 0.5, away[:, 1] / 0.2), 0, 1)
        shift[:, 1] += weight * np.where(away[:, 1] < 0, -0.1, 0.05) * width
    return shift


def toned(texture: Image, tone: Array) -> Image:
    """Texture (H, W, 3) with another lightness and hue: tone (3,) is added to its Lab color (0..255 scale)."""
    lab = cv2.cvtColor(texture, cv2.COLOR_RGB2LAB)
    table = np.clip(np.arange(256)[:, None] + tone.round(), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.LUT(lab, table[None]), cv2.COLOR_LAB2RGB), np.uint8)


@dataclass(frozen=True, slots=True)
class Fold:
    """A crease along points (P, 2) in texels that the Action Unit with this index draws on one side."""

    unit: int
    left: bool
    depth: float
    points: Array


def place_folds(landmarks: Array) -> list[Fold]:
    """The folds of a person, both sides, by the landmarks (68, 2) in the texture."""
    unit = float(np.linalg.norm(landmarks[45] - landmarks[36]))
    placed = []
    for code, depth, course in FOLDS:
        for left in (False, True):
            anchors = np.array([point[0] for point in course])
            offset = np.array([point[1:] for point in course]) * unit * [1 if left else -1, 1]
            points = (landmarks[MIRROR_68[anchors] if left else anchors] + offset).astype(np.float32)
            placed.append(Fold(CODES.index(code), left, depth, points))
    return placed


def crease(texture: Image, folds: list[Fold], left: Array, right: Array, light: Array, seed: int) -> Image:
    """Texture (H, W, 3) with folds as deep as the intensities (18,) of each side; `seed` varies their course."""
    rng = np.random.default_rng(seed)
    depth = np.zeros(texture.shape[:2], np.float32)
    corner, width = _extent(folds, texture.shape[0])
    for fold in folds:
        strength = fold.depth * (left if fold.left else right)[fold.unit] * rng.uniform(0.4, 1.3)
        jitter = 0.008 * width * (rng.normal(0, 1, 2) + rng.normal(0, 1, fold.points.shape))
        if strength > 0.03:
            _draw(depth, fold.points + jitter.astype(np.float32), float(strength))
    (x0, y0), (x1, y1) = corner
    shade = _shading(depth[y0:y1, x0:x1], light)
    out = texture.copy()
    out[y0:y1, x0:x1] = (texture[y0:y1, x0:x1] * shade[..., None]).clip(0, 255)
    return out


def _extent(folds: list[Fold], side: int) -> tuple[NDArray[np.int64], float]:
    """Corners (2, 2) of the area with folds, and about a half of its width."""
    points = np.concatenate([fold.points for fold in folds])
    corners = np.stack([points.min(0) - 12, points.max(0) + 12]).clip(0, side).astype(np.int64)
    return corners, float(corners[1, 0] - corners[0, 0]) / 2


def _draw(depth: Array, points: Array, strength: float) -> None:
    """Add a smooth line through points (P, 2) that fades at its ends."""
    fixed = (_smooth_path(len(points)) @ points * 16).astype(int)  # cv2 draws with 4 fractional bits
    for index, step in enumerate(_STEPS[:-1]):
        level = strength * float(np.sin(np.pi * (0.1 + 0.85 * step)))
        cv2.line(depth, fixed[index].tolist(), fixed[index + 1].tolist(), level, 2, cv2.LINE_8, 4)


_STEPS = np.linspace(0, 1, 9)


@cache
def _smooth_path(count: int) -> Array:
    """Matrix (9, count) from points to nine places on the parabola (the line, for two) of least squares."""
    order = min(count - 1, 2)
    knots = np.vander(np.linspace(0, 1, count), order + 1)
    return np.asarray(np.vander(_STEPS, order + 1) @ np.linalg.pinv(knots))


def _shading(depth: Array, light: Array) -> Array:
    """Factor (H, W) on the color: dark in the crease, its walls bright or dark by the light (3,)."""
    soft = 1.8 * cv2.GaussianBlur(depth, (0, 0), 1.7) + 2.0 * cv2.GaussianBlur(depth, (0, 0), 5)
    slope_x, slope_y = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=0.125)
    relief = slope_x * light[0] - slope_y * light[1]  # the wall away from the light faces it
    return np.asarray(np.clip(1 - DARKENING * soft + RELIEF * relief, 0.3, 1.5), np.float32)
