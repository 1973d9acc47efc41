"""Boxes and points of followed faces."""

from dataclasses import replace

import numpy as np
import pytest

from mien.faces import Faces
from mien.geometry import five_points
from mien.video.motion import Followed, best_overlap, box_margin, missed, placed_box

SHAPE = np.random.default_rng(0).uniform(-0.5, 0.5, (68, 2)).astype(np.float32)


def faces(*places):
    """Faces of centre x, y and side whose detector's box is 1.2 times the landmarks' and somewhat higher."""
    points = np.stack([SHAPE * side + [x, y] for x, y, side in places]).astype(np.float32)
    box = np.array([[x - 0.6 * s, y - 0.8 * s, x + 0.6 * s, y + 0.4 * s] for x, y, s in places], np.float32)
    return Faces(box, np.ones(len(places), np.float32), five_points(points), points)


def test_boxes_go_with_the_landmarks():
    before, after = faces((100, 80, 50), (200, 90, 40)), faces((130, 70, 60), (190, 95, 35))
    box = placed_box(replace(after, box=np.zeros((2, 4))), box_margin(before))
    assert box == pytest.approx(after.box, abs=1e-3)


def test_motion_goes_on_and_stops_after_a_pause():
    followed = Followed.start(faces((100, 80, 50)), 0.0).moved(faces((104, 82, 50)), 0.04)
    assert followed.velocity[0] == pytest.approx([100, 50], rel=1e-4)
    ahead = followed.predict(0.08)
    assert ahead.box == pytest.approx(faces((108, 84, 50)).box, abs=1e-2)
    assert ahead.landmarks == pytest.approx(faces((108, 84, 50)).landmarks, abs=1e-2)
    assert followed.predict(1.0).box == pytest.approx(faces((104, 82, 50)).box, abs=1e-2)


def test_a_crop_that_is_off_is_told():
    boxes = faces((100, 80, 50), (100, 80, 50), (100, 80, 50)).box
    crops = faces((102, 81, 50), (110, 80, 50), (100, 80, 60)).box
    assert missed(crops, boxes).tolist() == [False, True, True]


def test_best_overlap_of_none():
    overlap, which = best_overlap(faces((10, 10, 5)).box, np.zeros((0, 4)))
    assert overlap.tolist() == [0.0]
    assert which.tolist() == [0]


def test_pick_and_join():
    several = Followed.start(faces((10, 10, 5), (50, 50, 9), (90, 20, 7)), 2.0)
    parts = several.pick(np.array([0])).join(several.pick(np.array([False, True, True])))
    assert parts.faces.box == pytest.approx(several.faces.box)
    assert parts.margin == pytest.approx(several.margin)
    assert len(several.pick(np.zeros(0, np.int64)).join(several).faces) == 3
