"""Landmark features: what a picture's place, size and rotation do not change, and what a movement does."""

import numpy as np
import pytest

from mien.errors import InputError
from mien.geometry import MIRROR_68, Array
from mien.studies.routes import landmark_features as features

NAMES = features.feature_names()


def faces(mean_face: Array, count: int = 20) -> Array:
    noise = np.random.default_rng(0).normal(0, 3, (count, 68, 2))
    return (100 * mean_face + noise).astype(np.float32)


@pytest.fixture(scope="module")
def mean_face() -> Array:
    """68 points (68, 2) of a symmetric face, eye centres about 2 apart."""
    t = np.linspace(np.pi, 0, 17)
    jaw = np.stack([2.1 * np.cos(t), 3.1 * np.sin(t)], 1)
    brow = np.stack([np.linspace(-0.7, 0.7, 5), [-0.55, -0.75, -0.8, -0.75, -0.6]], 1)
    nose = [[0, y] for y in (0, 0.4, 0.8, 1)] + [[x, 1.2 - abs(x) / 4] for x in (-0.5, -0.25, 0, 0.25, 0.5)]
    eye = np.array([[-0.4, 0], [-0.15, -0.15], [0.15, -0.15], [0.4, 0], [0.15, 0.15], [-0.15, 0.15]])
    around = [[x * np.cos(a), y * np.sin(a) + 1.9] for x, y, k in ((0.8, 0.3, 12), (0.6, 0.12, 8))
              for a in np.pi + np.arange(k) * 2 * np.pi / k]  # fmt: skip
    parts = [jaw, brow - [1, 0], brow[:, :] * 1 + [1, 0], nose, eye - [1, 0], eye + [1, 0], around]
    return np.concatenate([np.asarray(part, np.float64) for part in parts])


@pytest.mark.parametrize("angle", [0, 17, 90, 179, -120])
@pytest.mark.parametrize("scale", [0.2, 1, 7])
def test_shift_scale_and_rotation_change_nothing(mean_face: Array, angle: float, scale: float) -> None:
    points = faces(mean_face).astype(np.float64)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    moved = scale * points @ np.array([[cos, sin], [-sin, cos]]) + [40, -70]
    before, after = (features.landmark_features(p) for p in (points, moved))
    np.testing.assert_allclose(after, before, atol=2e-3)


def test_every_feature_moves_with_some_point(mean_face: Array) -> None:
    points = faces(mean_face, 30)
    assert features.landmark_features(points).std(0).min() > 1e-4


def test_features_are_named_and_no_name_comes_twice(mean_face: Array) -> None:
    assert features.landmark_features(faces(mean_face)).shape == (20, len(NAMES))
    assert len(set(NAMES)) == len(NAMES)


def value(points: Array, name: str) -> float:
    return float(features.landmark_features(points[None].astype(np.float32))[0, NAMES.index(name)])


def test_distances_are_in_eye_to_mouth_distances(mean_face: Array) -> None:
    unit = features.normalised(mean_face[None].astype(np.float32))[0]
    eyes, mouth = unit[36:48].mean(0), unit[[48, 54]].mean(0)
    assert value(mean_face, "distance: mouth, width") == pytest.approx(float(np.linalg.norm(unit[54] - unit[48])))
    assert float(mouth[1] - eyes[1]) == pytest.approx(1, abs=0.1)


def test_raised_mouth_corners_slope_down_to_the_middle(mean_face: Array) -> None:
    smile = mean_face.copy()
    smile[[48, 54, 60, 64], 1] -= 0.4
    for side in ("right", "left"):
        name = f"slope: {side} mouth corner to inner lips"
        assert value(smile, name) > value(mean_face, name) + 0.2
    assert value(smile, "slope: right mouth corner to inner lips") == pytest.approx(
        value(smile, "slope: left mouth corner to inner lips"), abs=0.02
    )


def test_an_opened_mouth_and_a_closed_eye(mean_face: Array) -> None:
    moved = mean_face.copy()
    moved[65:68, 1] += 0.5
    moved[[37, 38], 1] = moved[[41, 40], 1]
    assert value(moved, "ratio: inner mouth, height to width") > value(mean_face, "ratio: inner mouth, height to width")
    assert value(moved, "ratio: right eye, height to width") == pytest.approx(0, abs=1e-5)
    assert value(moved, "ratio: left eye, height to width") == pytest.approx(
        value(mean_face, "ratio: left eye, height to width"), rel=1e-3
    )


def test_angles_against_the_law_of_cosines(mean_face: Array) -> None:
    points = faces(mean_face).astype(np.float64)
    for k, (a, b, c) in enumerate(features.ANGLES.values()):
        u, v, w = (np.linalg.norm(points[:, i] - points[:, j], axis=1) for i, j in ((a, b), (c, b), (a, c)))
        expected = np.arccos(np.clip((u**2 + v**2 - w**2) / (2 * u * v), -1, 1))
        np.testing.assert_allclose(features.angles(points)[:, k], expected, atol=1e-6)


def test_the_mirror_image_swaps_the_sides(mean_face: Array) -> None:
    points = faces(mean_face)
    mirror = features.mirrored(points)
    np.testing.assert_array_equal(features.mirrored(mirror), points)
    before, after = features.landmark_features(points), features.landmark_features(mirror)
    for name in ("distance: {} brow to eye", "slope: {} brow", "angle: {} mouth corner"):
        right, left = (NAMES.index(name.format(side)) for side in ("right", "left"))
        np.testing.assert_allclose(after[:, right], before[:, left], atol=1e-3)
    assert sorted(MIRROR_68.tolist()) == list(range(68))


def test_other_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"'landmarks' must be an array \(N, 68, 2\). Got \(3, 5, 2\)"):
        features.landmark_features(np.zeros((3, 5, 2), np.float32))
