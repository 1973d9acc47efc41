"""What chance decides of a synthetic head: face, skin, light, camera, background, as a recipe says."""

from typing import Any

import numpy as np

from mien.facs import CODES
from mien.geometry import Array, Image
from mien.opencv import cv2
from mien.synthesis.assets import Person
from mien.synthesis.glasses import sample_glasses
from mien.synthesis.head import Scene
from mien.synthesis.recipe import Backgrounds, Camera, HeadsRecipe, Light, Movement, Pose, Skin

UNLABELLED = ("mouthPucker", "mouthFunnel", "mouthLeft", "mouthRight", "jawForward")


def pick(odds: dict[str, int], rng: np.random.Generator) -> str:
    """One of the kinds, by its odds."""
    ends = np.cumsum(list(odds.values()))
    return list(odds)[int(np.searchsorted(ends, rng.integers(ends[-1]), "right"))]


def sample_units(movement: Movement, rng: np.random.Generator) -> Array:
    """Intensities (18,) of one face: mostly a prototype with gaps, now and then any unit by itself."""
    units = dict.fromkeys(CODES, 0.0)
    if rng.random() < movement.prototype:
        for code, weight in movement.prototypes[rng.integers(len(movement.prototypes))].items():
            if rng.random() < movement.keep:
                units[code] = weight * rng.uniform(*movement.strength)
    for code in CODES:
        if rng.random() < movement.alone:
            units[code] = max(units[code], rng.uniform(*movement.alone_strength))
    if units["AU43"] > 0:
        units["AU05"] = 0.0
        units["AU43"] = min(units["AU43"], 1.0)
    if max(units["AU23"], units["AU24"]) > 0 and rng.random() < 0.9:
        units["AU25"] = units["AU26"] = 0.0
    return np.array([units[code] for code in CODES], np.float32)


def split_sides(units: Array, movement: Movement, rng: np.random.Generator) -> tuple[Array, Array]:
    """Left and right intensities (18,) each; some faces are crooked, and contempt is mostly one-sided."""
    left, right = units.copy(), units.copy()
    weak, strong = (left, right) if rng.random() < 0.5 else (right, left)
    if rng.random() < movement.crooked:
        weak *= rng.uniform(*movement.weaker, len(CODES)).astype(np.float32)
    dimpler = CODES.index("AU14")
    if strong[dimpler] > 0 and rng.random() < 0.5:
        weak[dimpler] = 0
    return left, right


def _clipped(rng: np.random.Generator, deviation: float, limit: float) -> float:
    return float(np.clip(rng.normal(0, deviation), -limit, limit))


def _gaze(rng: np.random.Generator) -> dict[str, float]:
    """Blendshapes of a glance aside; looking down is what closed eyes must be told from."""
    extra: dict[str, float] = {}
    if rng.random() < 0.4:
        aside, up = rng.normal(0, 0.35), rng.normal(-0.1, 0.4)
        extra["eyeLookOut_L" if aside > 0 else "eyeLookIn_L"] = min(abs(aside), 0.8)
        extra["eyeLookIn_R" if aside > 0 else "eyeLookOut_R"] = min(abs(aside), 0.8)
        for side in "LR":
            extra[("eyeLookUp_" if up > 0 else "eyeLookDown_") + side] = min(abs(up), 0.9)
    return extra


def _extra_shapes(units: Array, rng: np.random.Generator) -> dict[str, float]:
    """Movements without a label: gaze, a shifted jaw, lips kept shut by the jaw under a raised upper lip."""
    extra = _gaze(rng)
    if rng.random() < 0.1:
        extra[str(rng.choice(UNLABELLED))] = rng.uniform(0.2, 0.6)
    nose, lip, jaw = (float(units[CODES.index(code)]) for code in ("AU09", "AU10", "AU26"))
    if jaw == 0 and rng.random() < 0.5:
        extra["jawOpen"] = -min(0.17 * nose + 0.18 * lip, 0.25)
    return extra


def _pose(pose: Pose, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "yaw": _clipped(rng, pose.yaw, pose.yaw_limit),
        "pitch": _clipped(rng, pose.pitch, pose.pitch_limit),
        "roll": _clipped(rng, pose.roll, pose.roll_limit),
    }


def _frame(camera: Camera, rng: np.random.Generator) -> dict[str, Any]:
    near, far = np.log(camera.distance)
    return {
        "distance": float(np.exp(rng.uniform(near, far))),
        "face_side": rng.uniform(*camera.face_side),
        "shift": tuple(rng.uniform(-camera.shift, camera.shift, 2).tolist()),
    }


def _light(light: Light, rng: np.random.Generator) -> dict[str, Any]:
    aside, above = rng.normal(0, light.aside), rng.normal(light.height, light.above)
    tint = rng.uniform(*light.tint) * rng.normal(1, light.hue, 3).clip(0.85, 1.15)
    return {"light": (aside, above, 0.9), "ambient": rng.uniform(*light.ambient), "tint": tuple(tint.tolist())}


def _tone(skin: Skin, rng: np.random.Generator) -> Array:
    """Lab shift (3,) of another skin: mostly lightness, a little hue."""
    shift = rng.normal(0, 1, 3) * [18, 4, 5] + [-8, 0, 0]
    return np.asarray(shift if rng.random() < skin.tone else np.zeros(3), np.float32)


def _creases(skin: Skin, rng: np.random.Generator) -> Array:
    """Weak folds (18,) that some faces keep at rest, so that a fold alone proves nothing."""
    chosen = rng.random(len(CODES)) < (0.3 if rng.random() < skin.creases else 0)
    return np.asarray(chosen * rng.uniform(0.1, 0.45, len(CODES)), np.float32)


def sample_shape(person: Person, kin: list[Person], rng: np.random.Generator) -> Array:
    """Neutral vertices (V, 3): the person's, moved towards or away from two relatives, and some hair on the scalp."""
    vertices = person.vertices.copy()
    for other in rng.integers(len(kin), size=2):
        vertices += np.float32(rng.uniform(-0.2, 0.4)) * (kin[other].vertices - person.vertices)
    y, z = vertices[:, 1], vertices[:, 2]
    scalp = np.clip((y - 8 + 0.7 * np.maximum(4 - z, 0)) / 4, 0, 1) * (y > 0)
    middle = np.array([0, 4, 2], np.float32)
    grown = vertices + scalp[:, None] * (vertices - middle) * rng.choice([0, rng.uniform(0, 0.18)])
    return np.asarray(grown, np.float32)


def sample_background(kinds: Backgrounds, people: list[Person], rng: np.random.Generator, size: int) -> Image:
    """Blurred noise, a gradient, or a blurred piece of somebody's photo (size, size, 3)."""
    kind = pick(kinds.odds(), rng)
    if kind == "noise":
        cells = rng.integers(0, 256, (int(rng.integers(2, 9)),) * 2 + (3,)).astype(np.uint8)
    elif kind == "gradient":
        cells = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    else:
        photo = people[rng.integers(len(people))].texture
        side = int(rng.uniform(0.2, 0.9) * photo.shape[0])
        y, x = rng.integers(0, photo.shape[0] - side, 2)
        cells = np.rot90(photo[y : y + side, x : x + side], int(rng.integers(4))).copy()
    side = size // 4  # it is blurred anyway
    image = cv2.resize(cells, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    gray = image.mean(2, keepdims=True)
    image = gray + (image - gray) * rng.uniform(0, 1)
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.02, 0.08) * side)
    image *= rng.uniform(0.3, 1.2) * rng.normal(1, 0.1, 3)
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray((image + rng.normal(0, 3, (size, size, 1))).clip(0, 255), np.uint8)


def sample_scene(recipe: HeadsRecipe, people: list[Person], rng: np.random.Generator) -> Scene:
    """Everything but the person drawn by chance; photos of `people` may be the background."""
    units = sample_units(recipe.movement, rng)
    left, right = split_sides(units, recipe.movement, rng)
    return Scene(
        left=left,
        right=right,
        extra=_extra_shapes(units, rng),
        **_pose(recipe.pose, rng),
        **_frame(recipe.camera, rng),
        creases=_creases(recipe.skin, rng),
        fold_seed=int(rng.integers(1 << 30)),
        fold_gain=float(np.exp(rng.normal(-0.1, 0.4))),
        background=sample_background(recipe.backgrounds, people, rng, recipe.size),
        glasses=sample_glasses(rng) if rng.random() < recipe.skin.glasses else None,
        tone=_tone(recipe.skin, rng),
        **_light(recipe.light, rng),
    )


def degrade(image: Image, camera: Camera, rng: np.random.Generator) -> Image:
    """What a camera does to an image: gamma, blur, noise and JPEG."""
    out = 255 * (image / 255) ** rng.uniform(*camera.gamma)
    if rng.random() < camera.blur:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(*camera.blur_sigma)))
    out = out + rng.normal(0, rng.uniform(0, camera.noise), out.shape)
    clean = out.clip(0, 255).astype(np.uint8)
    if rng.random() < camera.jpeg:
        low, high = camera.quality
        coded = cv2.imencode(".jpg", clean, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(low, high + 1))])[1]
        clean = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return clean
