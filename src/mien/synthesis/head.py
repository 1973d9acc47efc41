"""Synthetic heads: a blendshape mesh with a person's photo as texture, posed, lit and rasterized.

Axes of the mesh: x to the person's left (right side of the image), y up, z to the camera; unit about 1 cm.
Images are RGB. Angles in degrees, signs as everywhere in mien (see `geometry`).
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mien.facs import CODES
from mien.geometry import Array, Image
from mien.opencv import cv2
from mien.synthesis.assets import HeadModel, Person
from mien.synthesis.glasses import MOST_YAW, Glasses, draw_glasses, glasses_points
from mien.synthesis.raster import COLORS, GUMS, TEETH, rasterise, vertex_normals
from mien.synthesis.skin import crease, toned

MIDLINE = ("jawOpen", "mouthShrugLower", "mouthShrugUpper", "mouthRollLower", "mouthRollUpper")

SHAPES: dict[str, dict[str, float]] = {
    "AU01": {"browInnerUp": 1.1},
    "AU02": {"browOuterUp": 1.0},
    "AU04": {"browDown": 1.6},
    "AU05": {"eyeWide": 1.6},
    "AU06": {"cheekSquint": 1.2, "cheekRaiser": 0.7},
    "AU07": {"eyeSquint": 1.7, "cheekSquint": 0.25},
    "AU09": {"noseSneer": 1.0},
    "AU10": {"mouthUpperUp": 0.9},
    "AU12": {"mouthSmile": 0.85},
    "AU14": {"mouthDimple": 1.6},
    "AU15": {"mouthFrown": 1.3},
    "AU17": {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.25},
    "AU20": {"mouthStretch": 1.0},
    "AU23": {"mouthRollLower": 0.45, "mouthRollUpper": 0.35, "mouthPress": 0.5},
    "AU24": {"mouthPress": 1.6, "mouthRollLower": 0.15, "mouthRollUpper": 0.1},
    "AU25": {"mouthLowerDown": 0.8, "mouthUpperUp": 0.3},
    "AU26": {"jawOpen": 0.6},
    "AU43": {"eyeBlink": 1.0},
}
"""Blendshape weights of each Action Unit at full intensity, for either side."""

EYES_CLOSED = CODES.index("AU43")
CLOSED_GAP = 0.08  # cm between the inner lips below which neither teeth nor gums are drawn
OPEN_GAP = 0.6  # cm between the inner lips at which AU25 counts as full


@dataclass(slots=True)
class Scene:
    """What is rendered; `left` and `right` hold Action Unit intensities (18,) of the person's own sides.

    creases (18,): folds that stay without any movement; distance in cm; face_side and shift in parts of the image;
    tone (3,) is added to the skin's Lab color.
    """

    left: Array = field(default_factory=lambda: np.zeros(len(CODES), np.float32))
    right: Array = field(default_factory=lambda: np.zeros(len(CODES), np.float32))
    extra: dict[str, float] = field(default_factory=dict)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    light: tuple[float, float, float] = (0.3, 0.35, 0.9)
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    ambient: float = 0.55
    distance: float = 75.0
    face_side: float = 0.65
    shift: tuple[float, float] = (0.0, 0.0)
    creases: Array = field(default_factory=lambda: np.zeros(len(CODES), np.float32))
    fold_gain: float = 1.0
    fold_seed: int = 0
    background: Image | None = None
    glasses: Glasses | None = None
    tone: Array = field(default_factory=lambda: np.zeros(3, np.float32))


@dataclass(frozen=True, slots=True)
class Rendering:
    """image (S, S, 3); landmarks (68, 2) in its pixels; intensity (18,) of the Action Units as labels."""

    image: Image
    landmarks: Array
    intensity: Array


def shape_weights(model: HeadModel, scene: Scene) -> Array:
    """Weights (E,) of all blendshapes for the scene's Action Units and extra shapes."""
    weights = dict.fromkeys(model.shape_names, 0.0) | scene.extra
    for code, left, right in zip(CODES, scene.left.tolist(), scene.right.tolist(), strict=True):
        for name, weight in SHAPES[code].items():
            if name in MIDLINE:
                weights[name] += weight * (left + right) / 2
            else:
                weights[name + "_L"] += weight * left
                weights[name + "_R"] += weight * right
    return np.array([weights[name] for name in model.shape_names], np.float32)


def lip_gap(model: HeadModel, vertices: Array, neutral: Array) -> float:
    """Opening between the inner lips in cm, 0 for the neutral face and for pressed lips."""
    upper, lower = model.landmarks[[61, 62, 63]], model.landmarks[[67, 66, 65]]
    moved = vertices - neutral
    return max(float((moved[upper, 1] - moved[lower, 1]).mean()), 0.0)


def rotation(yaw: float, pitch: float, roll: float) -> Array:
    """Matrix (3, 3) that turns the head: first yaw, then pitch, then roll."""
    (cy, sy), (cp, sp), (cr, sr) = ((math.cos(a), math.sin(a)) for a in np.radians([yaw, pitch, roll]))
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(tilt @ nod @ turn, np.float32)


def project(vertices: Array, landmarks: NDArray[np.int64], scene: Scene, size: int) -> Array:
    """Perspective image of turned vertices (V, 3) -> x, y in pixels and depth (V, 3), framed by the scene."""
    near = (scene.distance / (scene.distance - vertices[:, 2])).astype(np.float32)
    flat = np.c_[vertices[:, 0] * near, -vertices[:, 1] * near]
    low, high = flat[landmarks].min(0), flat[landmarks].max(0)
    low[1] -= 0.3 * (high[1] - low[1])  # detectors' boxes reach above the brows
    scale = scene.face_side * size / (high - low).max()
    middle = (low + high) / 2
    xy = (flat - middle) * scale + size * (0.5 + np.array(scene.shift, np.float32))
    return np.column_stack([xy, vertices[:, 2]]).astype(np.float32)


def render(model: HeadModel, person: Person, scene: Scene, size: int, neutral: Array | None = None) -> Rendering:
    """Draw the person, twice as large for smooth edges; `neutral` (V, 3) replaces the person's own shape."""
    base = person.vertices if neutral is None else neutral
    vertices = base + (shape_weights(model, scene) @ model.shapes).reshape(-1, 3)
    gap = lip_gap(model, vertices, base)
    turned = vertices @ rotation(scene.yaw, scene.pitch, scene.roll).T
    worn, turned_worn = _worn(model, scene, vertices, turned)
    points = project(turned_worn, model.landmarks, scene, 2 * size)
    canvas = _draw(model, person, scene, turned, points[: len(turned)], gap > CLOSED_GAP, 2 * size)
    if worn:
        draw_glasses(worn, points[len(turned) :, :2], canvas, scene.yaw)
    image = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    intensity = np.clip(np.maximum(scene.left, scene.right), 0, 1, dtype=np.float32)
    intensity[CODES.index("AU25")] = min(gap / OPEN_GAP, 1.0)
    landmarks = points[model.landmarks, :2] / np.float32(2) - np.float32(
        0.25
    )  # pixel centers of the large image -> of the small one
    return Rendering(image.clip(0, 255).astype(np.uint8), landmarks, intensity)


def _worn(model: HeadModel, scene: Scene, vertices: Array, turned: Array) -> tuple[Glasses | None, Array]:
    """The glasses, where they are worn and can be drawn, and the turned points (V + G, 3) with theirs at the end."""
    if scene.glasses is None or abs(scene.yaw) > MOST_YAW:
        return None, turned
    points = glasses_points(scene.glasses, vertices, model.landmarks)
    return scene.glasses, np.concatenate([turned, points @ rotation(scene.yaw, scene.pitch, scene.roll).T])


def _draw(
    model: HeadModel, person: Person, scene: Scene, turned: Array, points: Array, mouth_open: bool, size: int
) -> Array:
    """Lit image (size, size, 3) of the turned vertices (V, 3) at points (V, 3); teeth only behind open lips."""
    light = (np.array(scene.light) / np.linalg.norm(scene.light)).astype(np.float32)
    left, right = (np.float32(scene.fold_gain) * np.maximum(side, scene.creases) for side in (scene.left, scene.right))
    skin = toned(person.texture, scene.tone) if scene.tone.any() else person.texture
    texture = crease(skin, person.folds, left, right, light, scene.fold_seed)
    closed = np.where(person.vertices[:, :1] > 0, scene.left[EYES_CLOSED], scene.right[EYES_CLOSED])
    uv = (person.uv + closed * person.lid_shift).astype(np.float32)
    shown = np.ones(len(model.material), bool) if mouth_open else ~np.isin(model.material, (TEETH, GUMS))
    triangles, material = model.triangles[shown], model.material[shown]
    normals, tint = vertex_normals(turned, triangles), np.array(scene.tint, np.float32)
    canvas = _canvas(scene.background, size)
    rasterise(
        points, normals, model.exposure, uv, triangles, material, texture, COLORS, light, tint, scene.ambient, canvas
    )
    return canvas


def _canvas(background: Image | None, size: int) -> Array:
    if background is None:
        return np.full((size, size, 3), 128, np.float32)
    return np.asarray(cv2.resize(background, (size, size)), np.float32)
