"""How light the skin of a face looks in an image: a group to compare errors by, not a property of the person.

The individual typology angle, Chardon et al., "Skin colour typology and suntanning pathways", 1991, on the cheeks;
light and camera move it as much as the skin does.
"""

import numpy as np

from mien.geometry import Array, Image, outer_eye_distance
from mien.opencv import cv2

BANDS = (("dark", -90.0, -30.0), ("brown", -30.0, 10.0), ("tan", 10.0, 28.0), ("light", 28.0, 90.0))
"""Names and typology angles in degrees (from, below); the three lightest classes of the source are one here."""
_CHEEKS = ((41, 48), (46, 54))  # a lower lid and the mouth corner under it
_LEAST_CHROMA = 4.0


def typology_angle(image: Image, landmarks: Array) -> float:
    """atan((L* - 50) / b*) in degrees of the cheeks' median color; NaN for a gray image.

    image (H, W, 3); landmarks (68, 2) in its pixels.
    """
    half = max(int(0.06 * float(outer_eye_distance(landmarks[None])[0])), 1)
    patches = []
    for lid, corner in _CHEEKS:
        x, y = ((landmarks[lid] + landmarks[corner]) / 2).round().astype(int)
        patch = image[max(y - half, 0) : max(y + half + 1, 0), max(x - half, 0) : max(x + half + 1, 0)]
        patches.append(patch.reshape(-1, 3))
    skin = np.concatenate(patches)
    if not len(skin):
        return float("nan")
    color = np.median(skin, axis=0).astype(np.float32)[None, None] / 255
    lightness, a, b = cv2.cvtColor(color, cv2.COLOR_RGB2LAB)[0, 0].tolist()
    if np.hypot(a, b) < _LEAST_CHROMA:
        return float("nan")
    return float(np.degrees(np.arctan2(lightness - 50, max(b, 1e-3))))


def skin_tones(images: list[Image], landmarks: Array) -> Array:
    """The typology angle (N,) of one face in each of N images, landmarks (N, 68, 2)."""
    return np.array(
        [typology_angle(image, points) for image, points in zip(images, landmarks, strict=True)], np.float32
    )
