"""Slow heads read a track a few times, on its best views."""

from dataclasses import replace

import numpy as np
import pytest
from tests.video.stubs import SHAPE, FakeHead

from mien.faces import Faces, Pose
from mien.geometry import five_points
from mien.opencv import cv2
from mien.video.slow_reads import MOST_READS, SlowReads, is_slow, view_quality

BOARD = (np.kron(np.indices((40, 80)).sum(0) % 2, np.ones((5, 5))) * 255).astype(np.uint8)
SHARP = np.repeat(BOARD[..., None], 3, 2)


def face(tracks=(0,), yaw=0.0):
    n = len(tracks)
    points = np.array([SHAPE * 60 + [70 + 90 * i, 100] for i in range(n)], np.float32)
    angle = np.full(n, yaw, np.float32)
    faces = Faces(np.zeros((n, 4)), np.ones(n), five_points(points), points, np.array(tracks))
    return replace(faces, pose=Pose(angle, 0 * angle, 0 * angle))


def test_a_track_is_read_at_once_and_then_ever_more_seldom():
    head = FakeHead()
    slow, times = SlowReads([head]), []
    for i in range(25 * 60):
        before = len(head.seen)
        told = slow.update(face(), SHARP, i / 25)
        assert told.age is not None
        times += [i / 25] * (len(head.seen) - before)
    assert times[0] == 0
    assert times[1] == pytest.approx(0.25, abs=0.05)
    assert len(times) == MOST_READS
    gaps = np.diff(times)
    assert (np.diff(gaps) > -0.05).all()


def test_the_best_view_of_a_window_is_read():
    head = FakeHead()
    slow = SlowReads([head])
    slow.update(face(), SHARP, 0.0)
    soft = cv2.GaussianBlur(SHARP, (0, 0), 4)
    dark = (SHARP // 2).astype(np.uint8)
    views = {0.05: soft, 0.1: dark, 0.15: soft, 0.2: soft, 0.25: soft, 0.3: soft}
    for time_s, view in views.items():
        slow.update(face(yaw=70.0 if view is soft else 0.0), view, time_s)
    assert len(head.seen) == 2
    assert head.seen[1] == pytest.approx(head.seen[0] / 2, rel=0.02)


def test_each_track_has_its_own_estimate_and_a_new_one_is_read_at_once():
    slow = SlowReads([FakeHead()])
    slow.update(face([4]), SHARP, 0.0)
    image = SHARP.copy()
    image[:, 130:] //= 4
    told = slow.update(face([4, 9]), image, 0.04)
    assert told.age.value.shape == told.attractiveness.score.shape == (2,)
    assert told.age.value[0] > told.age.value[1] + 3


def test_quality_wants_sharp_and_frontal():
    crops = np.stack([SHARP[:100, :100], cv2.GaussianBlur(SHARP[:100, :100], (0, 0), 3), SHARP[:100, :100]])
    zeros = np.zeros(3)
    sharp, soft, turned = view_quality(crops, Pose(np.array([0.0, 0.0, 60.0]), zeros, zeros))
    assert sharp > 3 * soft
    assert turned == pytest.approx(sharp / 2, rel=1e-5)
    assert view_quality(crops, None)[2] == pytest.approx(sharp)


def test_nothing_to_read_changes_nothing():
    faces = face()
    assert SlowReads([]).update(faces, SHARP, 0.0) is faces
    assert len(SlowReads([FakeHead()]).update(faces.select(slice(0, 0)), SHARP, 0.0)) == 0


@pytest.mark.parametrize(
    ("task", "slow"),
    [
        ("age", True),
        ("attractiveness+age", True),
        ("expression", False),
        ("age+expression", False),
        ("regression:x", False),
    ],
)
def test_slow_is_what_stays_within_a_clip(task, slow):
    head = FakeHead()
    head.model = type("M", (), {"card": type("C", (), {"task": task})})
    assert is_slow(head) is slow
