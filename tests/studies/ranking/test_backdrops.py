"""Surroundings change and the face does not; without a face nothing does."""

import numpy as np
import pytest
import skimage.data

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.ranking.backdrops import FACE, HEAD, QUALITY, Cutter, ellipse, plain, surroundings

PHOTO = skimage.data.astronaut()[:300, 80:380]
NOSE, CORNER = (slice(110, 130), slice(135, 155)), (slice(0, 20), slice(0, 20))


@pytest.mark.parametrize("name", surroundings())
def test_the_face_stays_and_the_corner_goes(name: str) -> None:
    before = PHOTO.copy()
    found = surroundings()[name](PHOTO)
    assert np.array_equal(PHOTO, before)
    assert np.array_equal(found[NOSE], PHOTO[NOSE])
    assert not np.array_equal(found[CORNER], PHOTO[CORNER])
    assert (found.shape, found.dtype) == (PHOTO.shape, np.uint8)


@pytest.mark.parametrize("name", QUALITY)
def test_other_light_and_quality_change_the_whole_picture(name: str) -> None:
    found = QUALITY[name](PHOTO)
    assert (found.shape, found.dtype) == (PHOTO.shape, np.uint8)
    assert (found != PHOTO).any(2).mean() > 0.5


def test_the_head_is_larger_than_the_face_and_turns_with_it() -> None:
    points = np.zeros((68, 2), np.float32)
    points[0], points[16], points[8] = (20, 50), (80, 50), (50, 90)
    points[17:27], points[36], points[45] = (50, 40), (35, 50), (65, 50)
    face, head = ellipse(points, (120, 120), FACE), ellipse(points, (120, 120), HEAD)
    assert (face <= head).all()
    assert 2 < head.sum() / face.sum() < 4
    quarter = np.stack([120 - points[:, 1], points[:, 0]], 1)
    turned = ellipse(quarter, (120, 120), FACE)
    assert (np.rot90(face, -1) == turned).mean() > 0.98


def test_a_picture_without_a_face_is_left_alone() -> None:
    image = np.full((80, 80, 3), 120, np.uint8)
    assert Cutter(FACE, lambda one: plain(one, (255, 0, 0)))(image) is image
