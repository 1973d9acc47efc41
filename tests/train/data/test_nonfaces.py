"""Pictures without a face: of the right size, different each time, and no copy of the face."""

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs mien[train]")

from mien.datasets.crop import Crop
from mien.train.data.faceset import ABSENT_EVERY, FaceDataset, FaceSet
from mien.train.data.nonfaces import nonface
from mien.train.recipe import Augment

TARGETS = {"landmarks": 136, "pose": 3, "presence": 1}


def crops(count=12, side=72):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def faces(count=12):
    labels = {"landmarks": np.zeros((count, 68, 2), np.float32), "pose": np.zeros((count, 3), np.float32)}
    return FaceSet("set", crops(count), labels, {})


@pytest.mark.parametrize("seed", range(40))
def test_a_nonface_is_a_picture_of_the_size_and_never_the_whole_crop(seed):
    crop = crops()[0]
    picture = nonface(crop, 48, np.random.default_rng(seed))
    assert (picture.shape, picture.dtype) == ((48, 48, 3), np.uint8)
    again = nonface(crop, 48, np.random.default_rng(seed))
    assert np.array_equal(picture, again)
    assert np.abs(picture.astype(int) - cv2.resize(crop, (48, 48))).mean() > 5


def test_each_nth_face_that_measures_gives_way_and_has_no_other_label():
    data = FaceDataset([faces()], [np.arange(12)], Crop(kind="square", size=48, zoom=1.3), TARGETS)
    for k in range(12):
        item = data[k]
        absent = k % ABSENT_EVERY == 0
        assert item["presence"].item() == (0 if absent else 1)
        assert bool(item["landmarks"].isnan().all()) is absent
        assert bool((item["image"] == data[k]["image"]).all())


@pytest.mark.parametrize(("share", "expected"), [(0.0, {1.0}), (1.0, {0.0})])
def test_training_draws_as_many_as_it_is_told(share, expected):
    data = FaceDataset(
        [faces()], [np.arange(12)], Crop(kind="square", size=48, zoom=1.3), TARGETS, Augment(absent=share)
    )
    assert {data[k]["presence"].item() for k in range(12)} == expected


def test_tasks_that_do_not_ask_see_every_face():
    data = FaceDataset([faces()], [np.arange(12)], Crop(kind="square", size=48, zoom=1.3), {"pose": 3})
    assert all(not data[k]["pose"].isnan().any() for k in range(12))
    assert "presence" not in data[0]
