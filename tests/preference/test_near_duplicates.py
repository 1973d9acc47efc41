"""Shots of one scene are put together, other scenes are not."""

import cv2
import numpy as np
import pytest

from mien.errors import InputError
from mien.geometry import Image
from mien.preference.near_duplicates import SAME_SCENE, likeness, near_duplicates, thumbnail


def scene(seed: int) -> Image:
    """A picture of blobs and lines."""
    rng = np.random.default_rng(seed)
    picture = np.asarray(cv2.resize(rng.integers(40, 216, (6, 8, 3), np.uint8), (200, 150)), np.uint8)
    for _ in range(8):
        ends = rng.integers(0, 150, 4).tolist()
        cv2.line(picture, ends[:2], ends[2:], rng.integers(0, 256, 3).tolist(), 5)
    return picture


def shot(picture: Image, kind: str) -> Image:
    """The same scene again."""
    height, width = picture.shape[:2]
    if kind == "moved":
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 2, 1.03)
        matrix[:, 2] += [0.03 * width, -0.02 * height]
        return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    if kind == "lighter":
        return np.asarray(np.clip(picture * 1.2 + 10, 0, 255), np.uint8)
    if kind == "shrunk":
        return np.asarray(cv2.resize(picture, (90, 68), interpolation=cv2.INTER_AREA), np.uint8)
    if kind == "cropped":
        return np.ascontiguousarray(picture[3:-3, 4:-4])
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], 1), np.uint8)


@pytest.mark.parametrize("kind", ["moved", "lighter", "shrunk", "cropped", "packed"])
def test_shots_of_one_scene_are_alike(kind: str) -> None:
    pictures = [scene(seed) for seed in range(6)]
    found = likeness(np.stack([thumbnail(picture) for one in pictures for picture in (one, shot(one, kind))]))
    np.testing.assert_allclose(found, found.T)
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-5)
    same = np.kron(np.eye(6, dtype=bool), np.ones((2, 2), bool))
    assert found[same].min() > SAME_SCENE
    assert found[~same].max() < SAME_SCENE - 0.1


def test_the_best_of_each_scene_leads() -> None:
    one, other = scene(1), scene(2)
    pictures = [one, other, shot(one, "moved"), shot(one, "lighter"), scene(3), shot(other, "shrunk")]
    thumbnails = np.stack([thumbnail(picture) for picture in pictures])
    assert near_duplicates(thumbnails, [0, 5, 2, 1, 3, 4]).tolist() == [2, 1, 2, 2, 4, 1]
    assert near_duplicates(thumbnails, [0] * 6).tolist() == [0, 1, 0, 0, 4, 1]


def test_none_one_and_wrong_lengths() -> None:
    assert near_duplicates(np.zeros((0, 32, 32), np.float32), []).tolist() == []
    assert near_duplicates(thumbnail(scene(0))[None], [7]).tolist() == [0]
    with pytest.raises(InputError, match="'score'"):
        near_duplicates(thumbnail(scene(0))[None], [1, 2])
