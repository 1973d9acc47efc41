"""What 68 landmarks tell that shift, size and rotation in the picture do not change.

Points are counted from 0 in the order of Multi-PIE, as everywhere in mien: 0-16 jaw, 17-26 brows, 27-35 nose, 36-47
eyes, 48-67 mouth; the person's right side comes first. A turned head changes all of these features: they are taken in
the plane of the picture.
"""

from collections.abc import Mapping

import numpy as np

from mien.errors import expect
from mien.geometry import MIRROR_68, Array, CropTemplate, apply_affine, five_points, similarity

_UNIT = CropTemplate(1, scale=1.0)
"""Eyes to mouth is 1."""

DISTANCES: dict[str, tuple[int, int]] = {
    "right inner brow to eye": (21, 39), "left inner brow to eye": (22, 42),
    "right brow to eye": (19, 37), "left brow to eye": (24, 44),
    "right outer brow to eye": (17, 36), "left outer brow to eye": (26, 45),
    "between the brows": (21, 22), "between the eyes": (39, 42),
    "right eye, outer opening": (37, 41), "right eye, inner opening": (38, 40),
    "left eye, inner opening": (43, 47), "left eye, outer opening": (44, 46),
    "right eye, width": (36, 39), "left eye, width": (42, 45),
    "nose, width": (31, 35), "nose, length": (27, 33), "nose to upper lip": (33, 51),
    "right nostril to mouth corner": (31, 48), "left nostril to mouth corner": (35, 54),
    "right eye to mouth corner": (36, 48), "left eye to mouth corner": (45, 54),
    "mouth, width": (48, 54), "inner mouth, width": (60, 64),
    "inner mouth, right opening": (61, 67), "inner mouth, opening": (62, 66), "inner mouth, left opening": (63, 65),
    "mouth, right height": (50, 58), "mouth, height": (51, 57), "mouth, left height": (52, 56),
    "upper lip, thickness": (51, 62), "lower lip, thickness": (57, 66),
    "right mouth corner to upper lip": (48, 51), "left mouth corner to upper lip": (54, 51),
    "right mouth corner to lower lip": (48, 57), "left mouth corner to lower lip": (54, 57),
    "lower lip to chin": (57, 8), "nose to chin": (33, 8), "jaw, width": (4, 12),
}  # fmt: skip
"""Pairs of points; their distance is in eye-to-mouth distances."""

ANGLES: dict[str, tuple[int, int, int]] = {
    "right mouth corner": (51, 48, 57), "left mouth corner": (51, 54, 57),
    "right inner mouth corner": (62, 60, 66), "left inner mouth corner": (62, 64, 66),
    "bow of the upper lip": (48, 51, 54), "bow of the lower lip": (48, 57, 54),
    "inner bow of the upper lip": (60, 62, 64), "inner bow of the lower lip": (60, 66, 64),
    "right brow": (17, 19, 21), "left brow": (22, 24, 26), "brows and nose bridge": (21, 27, 22),
    "right outer eye corner": (37, 36, 41), "right inner eye corner": (38, 39, 40),
    "left inner eye corner": (43, 42, 47), "left outer eye corner": (44, 45, 46),
    "nostrils": (31, 33, 35), "mouth corners from the nose": (48, 33, 54), "mouth corners from the chin": (48, 8, 54),
}  # fmt: skip
"""Triples of points; the angle is at the middle one."""

SLOPES: dict[str, tuple[int, int]] = {
    "right brow": (17, 21), "left brow": (26, 22),
    "right inner brow": (19, 21), "left inner brow": (24, 22),
    "right mouth corner to inner lips": (48, 62), "left mouth corner to inner lips": (54, 62),
    "right mouth corner to lower lip": (48, 66), "left mouth corner to lower lip": (54, 66),
}  # fmt: skip
"""Pairs of points, from outside to the middle: how far the second one lies below the first one."""

RATIOS: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "right eye, height to width": ((37, 41), (36, 39)), "left eye, height to width": ((44, 46), (42, 45)),
    "inner mouth, height to width": ((62, 66), (60, 64)), "mouth, height to width": ((51, 57), (48, 54)),
    "mouth to outer eye corners": ((48, 54), (36, 45)), "brows to eyes, gap": ((21, 22), (39, 42)),
    "nose to lower face": ((27, 33), (33, 8)),
}  # fmt: skip
"""Two pairs of points: the distance of the first pair over that of the second one."""


def landmark_features(landmarks: Array) -> Array:
    """All features (N, F) of landmarks (N, 68, 2), in the order of `feature_names`.

    Raises InputError for another shape.
    """
    expect(landmarks.ndim == 3 and landmarks.shape[1:] == (68, 2), "landmarks", "an array (N, 68, 2)", landmarks.shape)
    points = normalised(landmarks)
    groups = (points.reshape(len(points), 136), distances(points), angles(points), slopes(points), ratios(points))
    return np.concatenate(groups, 1).astype(np.float32)


def feature_names() -> tuple[str, ...]:
    """A name for each feature."""
    named: Mapping[str, Mapping[str, object]] = {
        "distance": DISTANCES, "angle": ANGLES, "slope": SLOPES, "ratio": RATIOS,
    }  # fmt: skip
    coordinates = [f"point {point}, {axis}" for point in range(68) for axis in "xy"]
    return (*coordinates, *(f"{kind}: {name}" for kind, group in named.items() for name in group))


def normalised(landmarks: Array) -> Array:
    """Landmarks (N, 68, 2) carried by the similarity that lays eyes, nose and mouth corners on those of a mean face.

    The closed form of `geometry.similarity`; the unit is the distance from eyes to mouth. What is left is shape.
    """
    return apply_affine(similarity(five_points(landmarks), _UNIT.points), landmarks)


def mirrored(landmarks: Array) -> Array:
    """Landmarks (N, 68, 2) of the mirrored face."""
    return np.asarray((landmarks * np.array([-1, 1], landmarks.dtype))[:, MIRROR_68])


def distances(points: Array) -> Array:
    """|p_i - p_j| (N, D) of normalised points (N, 68, 2): how far brows, lids, lips and chin lie apart."""
    return np.stack([_distance(points, pair) for pair in DISTANCES.values()], 1)


def angles(points: Array) -> Array:
    """Angles (N, A) at p_b between p_a and p_c in radians, 0 to pi: how lips, brows and lids are bent.

    The cosine by the law of cosines would lose the digits of flat angles; |cross| and dot do not.
    """
    columns = []
    for a, b, c in ANGLES.values():
        u, v = points[:, a] - points[:, b], points[:, c] - points[:, b]
        cross = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        columns.append(np.arctan2(np.abs(cross), (u * v).sum(1)))
    return np.stack(columns, 1)


def slopes(points: Array) -> Array:
    """Angles (N, S) against the line of the eyes in radians, above 0 where the second point is lower.

    Raised corners of the mouth, lowered brows. Normalised points lie with the eyes level, whichever way the head
    is turned in the picture.
    """
    columns = []
    for first, second in SLOPES.values():
        across, down = (points[:, second] - points[:, first]).T
        columns.append(np.arctan2(down, np.abs(across)))
    return np.stack(columns, 1)


def ratios(points: Array) -> Array:
    """Quotients (N, R) of two distances, such as the opening of an eye over its width."""
    pairs = RATIOS.values()
    return np.stack([_distance(points, up) / np.maximum(_distance(points, low), 1e-6) for up, low in pairs], 1)


def _distance(points: Array, pair: tuple[int, int]) -> Array:
    return np.asarray(np.linalg.norm(points[:, pair[0]] - points[:, pair[1]], axis=1))
