"""Faces that are followed: the detector looks seldom, and at once where a face may be lost."""

import numpy as np
import pytest
from tests.video.stubs import IMAGE, FakeDetector, FakeLandmarker, Scene, boxes

from mien.errors import InputError
from mien.video.follower import Follower


def follower(scene, presence=True, **options):
    return Follower(FakeDetector(scene), FakeLandmarker(scene, presence), **options)


def run(scene, follow, n, step=(0, 0, 0), start=0):
    """Sightings of n frames at 25 a second; all faces move by a step a frame."""
    sightings = []
    for i in range(start, start + n):
        sightings.append(follow.update(IMAGE, i / 25))
        scene.there = [tuple(np.add(place, step)) for place in scene.there]
    return sightings


def test_the_detector_looks_each_fifth_of_a_second():
    scene = Scene([(100, 80, 50), (250, 80, 60)])
    sightings = run(scene, follower(scene), 20)
    assert [s.looked for s in sightings] == [i % 5 == 0 for i in range(20)]
    assert all(len(s.faces) == 2 for s in sightings)


@pytest.mark.parametrize("step", [(4, 1, 0), (9, -2, 0.5)])
def test_boxes_and_landmarks_follow_a_face_that_moves(step):
    scene = Scene([(60, 100, 50)])
    follow = follower(scene)
    for i in range(20):
        (place,) = scene.there
        faces = follow.update(IMAGE, i / 25).faces
        assert faces.box[0] == pytest.approx(boxes([place])[0], abs=0.05)
        assert faces.score.tolist() == pytest.approx([0.9])
        scene.there = [tuple(np.add(place, step))]


def test_a_face_that_left_is_told_at_once_where_presence_is_known():
    scene = Scene([(100, 80, 50)])
    follow = follower(scene)
    run(scene, follow, 2)
    scene.there = []
    (sight,) = run(scene, follow, 1, start=2)
    assert (len(sight.faces), sight.looked) == (0, True)


def test_a_face_that_left_is_told_by_the_next_look_where_presence_is_not_known():
    scene = Scene([(100, 80, 50)])
    follow = follower(scene, presence=False)
    run(scene, follow, 2)
    scene.there = []
    sightings = run(scene, follow, 4, start=2)
    assert [len(s.faces) for s in sightings] == [1, 1, 1, 0]


def test_after_a_loss_the_detector_looks_at_each_frame_for_half_a_second():
    scene = Scene([(100, 80, 50)])
    follow = follower(scene)
    run(scene, follow, 2)
    scene.there = []
    sightings = run(scene, follow, 25, start=2)
    assert [s.looked for s in sightings[:13]] == [True] * 13
    assert 3 <= sum(s.looked for s in sightings[13:]) <= 5


def test_presence_vouches_for_a_face_that_the_detector_misses_for_a_while():
    scene = Scene([(100, 80, 50)])
    follow = follower(scene)
    run(scene, follow, 5)
    scene.unseen = {0}
    sightings = run(scene, follow, 7, start=5)
    assert [len(s.faces) for s in sightings] == [1] * 5 + [0] * 2


def test_presence_does_not_vouch_for_a_second_face_on_the_place_of_one_that_is_seen():
    scene = Scene([(100, 80, 50), (150, 80, 50)])
    follow = follower(scene)
    run(scene, follow, 5)
    scene.there, scene.unseen = [(116, 80, 50), (150, 80, 50)], {0}
    (sight,) = run(scene, follow, 1, start=5)
    assert len(sight.faces) == 1


def test_two_faces_on_one_place_are_asked_of_the_detector():
    scene = Scene([(100, 80, 50), (180, 80, 50)])
    follow = follower(scene)
    run(scene, follow, 2)
    scene.there = [(140, 80, 50), (141, 80, 50)]
    scene.unseen = {1}
    assert [s.looked for s in run(scene, follow, 6, start=2)] == [True] * 6
    scene.there, scene.unseen = [(100, 80, 50), (180, 80, 50)], set()
    assert len(follow.update(IMAGE, 8 / 25).faces) == 2


def test_a_cut_forgets_all_faces():
    dark, light = np.zeros((2, 200, 400, 3), np.uint8)
    dark[:100], light[:, :200] = (200, 60, 30), (30, 90, 220)
    scene = Scene([(100, 80, 50)])
    follow = follower(scene)
    assert [follow.update(dark, i / 25).looked for i in range(2)] == [True, False]
    sight = follow.update(light, 2 / 25)
    assert (sight.cut, sight.looked) == (True, True)


def test_sparse_frames_are_all_looked_at():
    scene = Scene([(100, 80, 50)])
    follow = follower(scene)
    assert all(follow.update(IMAGE, float(i)).looked for i in range(5))


def test_no_faces_at_all():
    scene = Scene()
    assert [len(s.faces) for s in run(scene, follower(scene), 7)] == [0] * 7
    assert scene.looks == 3


def test_wrong_calls_are_refused():
    with pytest.raises(InputError, match="'look_s' must be"):
        follower(Scene(), look_s=-1)
    with pytest.raises(InputError, match="'time_s' must be"):
        follower(Scene()).update(IMAGE, np.nan)
