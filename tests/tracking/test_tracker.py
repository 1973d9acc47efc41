"""Tracks keep their ids, cuts are found, smoothing never crosses a cut or a gap."""

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from mien.errors import InputError
from mien.faces import ActionUnits, Age, Attractiveness, Emotion, Faces, Pose
from mien.tracking import CutDetector, Smoother, Tracker, appearance, assign

CODES = ("AU06", "AU12", "AU15")


def faces_at(centers, size=60.0, values=None):
    """Faces at centres (N, 2), every head filled from values (N,) in 0..1."""
    centers = np.asarray(centers, np.float64).reshape(-1, 2)
    n = len(centers)
    v = np.full(n, 0.5) if values is None else np.asarray(values, float)
    box = np.concatenate([centers - size / 2, centers + size / 2], 1)
    emotion = np.stack([v, (1 - v) * 0.75, (1 - v) * 0.25], 1)
    units = np.repeat(v[:, None], 3, 1)
    return Faces(
        box,
        np.ones(n),
        centers[:, None] + np.arange(10.0).reshape(5, 2),
        landmarks_68=centers[:, None] + np.arange(136.0).reshape(68, 2) / 3,
        pose=Pose(40 * v, 20 * v, 170 * v),
        action_units=ActionUnits(units, 5 * units, CODES),
        emotion=Emotion(emotion, units * 2, CODES),
        age=Age(20 + 40 * v, 10 + 40 * v, 40 + 40 * v),
        attractiveness=Attractiveness(v, 100 * v, "pool", v - 1, v + 1, 90 * v, 110 * v, 0.9, v[:, None]),
    )


def people(n, seed=0):
    """Crops (n, 48, 48, 3) that differ as people do, and a function that adds the noise of a frame."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 25, (n, 6, 6, 3)) + 128 + rng.normal(0, 12, (1, 6, 6, 1))
    base = np.kron(coarse, np.ones((1, 8, 8, 1)))
    return lambda: np.clip(base * rng.uniform(0.8, 1.2) + rng.normal(0, 8, base.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (5, 9), (9, 5), (30, 30), (0, 4), (4, 0)])
def test_assignment_costs_what_scipy_finds(shape):
    rng = np.random.default_rng(sum(shape))
    for kind in range(20):
        cost = rng.normal(size=shape) if kind % 2 else rng.integers(0, 4, shape).astype(float)
        rows, columns = assign(cost)
        assert len(rows) == len(set(columns.tolist())) == min(shape)
        assert rows.tolist() == sorted(set(rows.tolist()))
        assert cost[rows, columns].sum() == pytest.approx(cost[linear_sum_assignment(cost)].sum())


def test_assignment_refuses_what_is_not_finite():
    with pytest.raises(InputError, match="'cost' must be finite"):
        assign(np.array([[np.inf]]))


def test_faces_that_cross_keep_their_ids():
    tracker, crops = Tracker(), people(2)
    for frame in range(60):
        x = 100 + 5.0 * frame
        centers = np.array([[x, 200], [500 - x, 215]])
        order = [1, 0] if frame % 3 else [0, 1]
        if abs(centers[0, 0] - centers[1, 0]) < 25:  # the nearer face hides the other
            order = [0]
        ids = tracker.update(faces_at(centers[order]), frame / 25, crops()[order]).track_id
        expected = order if frame else [0, 1]
        assert ids.tolist() == expected


def test_motion_alone_carries_a_crossing():
    tracker = Tracker()
    for frame in range(60):
        centers = np.array([[100 + 5.0 * frame, 200], [400 - 5.0 * frame, 200]])
        assert tracker.update(faces_at(centers), frame / 25).track_id.tolist() == [0, 1]


@pytest.mark.parametrize("speed", [0.0, 90.0])
def test_id_survives_a_second_behind_something(speed):
    tracker, crops = Tracker(), people(2)
    for frame in range(100):
        centers = np.array([[100 + speed * frame / 25, 200], [150, 500]])
        shown = [1] if 40 <= frame < 65 else [0, 1]
        ids = tracker.update(faces_at(centers[shown]), frame / 25, crops()[shown]).track_id
        assert ids.tolist() == shown


def test_a_long_absence_and_a_reset_give_new_ids_never_old_ones():
    tracker = Tracker(max_gap_s=1.5)
    face = faces_at([[100, 100]])
    assert tracker.update(face, 0.0).track_id.tolist() == [0]
    assert len(tracker.update(faces_at([]), 1.0)) == 0
    assert tracker.update(face, 2.0).track_id.tolist() == [1]
    tracker.reset()
    assert tracker.update(face, 2.04).track_id.tolist() == [2]


def test_another_person_at_the_same_place_gets_a_new_id():
    tracker = Tracker()
    crops = people(2, seed=3)()
    tracker.update(faces_at([[100, 100]]), 0.0, crops[:1])
    tracker.update(faces_at([]), 0.5, crops[:0])
    assert tracker.update(faces_at([[140, 100]]), 1.0, crops[1:]).track_id.tolist() == [1]


@pytest.mark.parametrize("mean_step_s", [0.04, 0.2, 0.5])
def test_irregular_time_stamps(mean_step_s):
    rng, tracker, crops = np.random.default_rng(1), Tracker(), people(3)
    time_s = 0.0
    for _ in range(60):
        centers = np.array([[100 + 60 * time_s, 100], [900 - 60 * time_s, 140], [300, 400 + 30 * np.sin(time_s)]])
        assert tracker.update(faces_at(centers), time_s, crops()).track_id.tolist() == [0, 1, 2]
        time_s += rng.uniform(0.2, 1.8) * mean_step_s


def test_frames_farther_apart_than_the_gap_still_make_tracks():
    tracker = Tracker(max_gap_s=1.5)
    ids = [tracker.update(faces_at([[100, 100], [300, 100]]), t).track_id.tolist() for t in (0.0, 2.0, 4.0)]
    assert ids == [[0, 1]] * 3


def test_a_crowd_is_followed_in_about_a_millisecond():
    rng, tracker, crops = np.random.default_rng(2), Tracker(), people(30)
    home = np.stack(np.meshgrid(np.arange(6), np.arange(5)), -1).reshape(-1, 2) * 70.0
    took = []
    for frame in range(40):
        order = rng.permutation(30) if frame else np.arange(30)
        faces, thumbnails = faces_at((home + rng.normal(0, 3, home.shape))[order]), crops()[order]
        start = time.process_time()
        ids = tracker.update(faces, frame / 25, thumbnails).track_id
        took.append(time.process_time() - start)
        assert ids.tolist() == order.tolist()
    assert np.median(took) < 0.02  # some 2 ms on an idle core; the bound leaves room for a busy machine


def scored(centers, scores):
    return replace(faces_at(centers), score=np.array(scores, float))


def test_a_low_score_continues_a_track_and_begins_none():
    tracker = Tracker()
    assert tracker.update(scored([[100, 100]], [0.9]), 0.0).track_id.tolist() == [0]
    frame = scored([[104, 100], [500, 300]], [0.35, 0.35])
    assert tracker.wants(frame, 0.04).tolist() == [True, False]
    seen = tracker.update(frame, 0.04)
    assert seen.track_id.tolist() == [0]
    assert seen.box.tolist() == frame.box[:1].tolist()
    assert tracker.update(scored([[500, 300]], [0.9]), 0.08).track_id.tolist() == [1]


def test_a_high_score_is_asked_before_a_low_one_that_is_nearer():
    tracker = Tracker()
    tracker.update(faces_at([[100, 100]]), 0.0)
    assert tracker.update(scored([[100, 100], [110, 100]], [0.4, 0.9]), 0.04).box[:, 0].tolist() == [80.0]


def test_a_low_threshold_of_the_detector_is_that_of_the_tracker():
    tracker = Tracker(high_score=0.3)
    assert tracker.update(scored([[100, 100]], [0.45]), 0.0).track_id.tolist() == [0]


def test_a_face_hardly_above_the_threshold_is_reported_at_its_second_sighting():
    tracker = Tracker()
    ids = [tracker.update(scored([[100, 100], [400, 100]], [0.65, 0.9]), t).track_id.tolist() for t in (0.0, 0.04)]
    assert ids == [[0], [1, 0]]
    tracker.update(scored([[700, 300]], [0.65]), 0.08)
    assert tracker.update(scored([[100, 300]], [0.9]), 0.12).track_id.tolist() == [2]  # alarms use up no id


@pytest.mark.parametrize("fps", [5, 25])
def test_a_slow_face_keeps_its_id_through_two_seconds_behind_something_by_motion_alone(fps):
    tracker = Tracker()
    for frame in range(6 * fps):
        time_s = frame / fps
        centers = np.array([[100 + 40 * time_s, 200], [400, 200]])
        shown = [1] if 2 <= time_s < 4 else [0, 1]
        assert tracker.update(faces_at(centers[shown]), time_s).track_id.tolist() == shown


@pytest.mark.parametrize("fps", [5, 25])
def test_a_hand_held_camera_takes_no_ids_away(fps):
    tracker = Tracker()
    for frame in range(6 * fps):
        time_s = frame / fps
        pan = 40 * np.sin(2 * np.pi * 0.7 * time_s)  # up to three face sizes a second
        centers = np.array([[200 + pan, 200], [420 + pan, 230]])
        assert tracker.update(faces_at(centers), time_s).track_id.tolist() == [0, 1]


def test_a_face_that_was_seen_once_is_not_waited_for():
    tracker = Tracker()
    for time_s in (0.0, 0.04):
        tracker.update(faces_at([[100, 100]]), time_s)
    assert tracker.update(faces_at([[100, 100], [400, 100]]), 0.08).track_id.tolist() == [0, 1]
    tracker.update(faces_at([]), 0.12)
    assert tracker.update(faces_at([[100, 100], [400, 100]]), 1.0).track_id.tolist() == [0, 2]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_box_that_is_not_finite_breaks_no_other_face(value):
    tracker, ids = Tracker(), []
    for frame in range(4):
        faces = faces_at([[100 + frame, 100], [300, 100 + frame]])
        if frame in (1, 2):
            faces = replace(faces, box=np.array([faces.box[0], [value, 0, 1, 1]]))
        ids.append(tracker.update(faces, frame / 25).track_id.tolist())
    assert ids == [[0, 1], [0, 2], [0, 3], [0, 1]]


def test_wrong_thumbnails_and_times_are_refused():
    with pytest.raises(InputError, match="one crop a face, 1"):
        Tracker().update(faces_at([[1, 1]]), 0.0, np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(InputError, match="'time_s'"):
        Tracker().update(faces_at([[1, 1]]), float("nan"))


def test_appearance_stands_a_change_of_light():
    crop = people(2)().astype(float)
    bright = np.clip(crop * 1.15 + 8, 0, 255).astype(np.uint8)
    similar = appearance(crop.astype(np.uint8)) @ appearance(bright).T
    assert np.diag(similar).min() > 0.95
    assert similar[0, 1] < 0.8


def scene(seed, shape=(120, 160)):
    """A smooth picture with shapes and colours of its own."""
    coarse = np.random.default_rng(seed).uniform(0, 255, (6, 8, 3))
    return np.kron(coarse, np.ones((shape[0] // 6, shape[1] // 8, 1))).astype(np.uint8)


def test_cuts_are_found_and_motion_light_flash_and_blank_are_not():
    cuts = CutDetector()
    calm = [np.roll(scene(0), 2 * i, 1) for i in range(10)]
    assert not any(cuts.is_cut(image) for image in calm)
    last = calm[-1].astype(float)
    flash = np.clip(last * 1.4 + 60, 0, 255).astype(np.uint8)
    assert not any(cuts.is_cut(image) for image in (flash, calm[-1], np.full_like(flash, 255), calm[-1]))
    assert cuts.is_cut(scene(1))
    assert not cuts.is_cut(scene(1))
    assert not cuts.is_cut(np.zeros_like(flash))
    assert cuts.is_cut(scene(2))


def flat(faces):
    """Every number that the smoother may change, in one array (N, D)."""
    e, a, t = faces.emotion, faces.age, faces.attractiveness
    parts = [faces.pose.yaw, faces.pose.pitch, faces.pose.roll, faces.action_units.probability]
    parts += [faces.action_units.intensity, e.probability, e.contribution, a.value, a.low, a.high]
    parts += [t.score, t.low, t.high, t.percentile, t.percentile_low, t.percentile_high]
    parts += [faces.landmarks, faces.landmarks_68]
    return np.concatenate([p.reshape(len(faces), -1) for p in parts], 1)


def tracked(value, ids=(0,), x=100.0):
    faces = faces_at([[x + 200 * i, 100] for i in range(len(ids))], values=[value] * len(ids))
    return replace(faces, track_id=np.array(ids))


def test_smoothing_follows_with_its_time_constant():
    smoother = Smoother(seconds=0.25)
    smoother.update(tracked(0.0), 0.0, False)
    for step in range(1, 11):
        smooth = smoother.update(tracked(1.0), step * 0.025, False)
    reached = 1 - np.exp(-1)
    assert smooth.action_units.probability[0] == pytest.approx(reached)
    assert smooth.age.value[0] == pytest.approx(20 + 40 * reached)
    assert smooth.pose.yaw[0] == pytest.approx(40 * reached)
    assert smooth.emotion.probability.sum() == pytest.approx(1.0)
    assert smooth.age.low[0] < smooth.age.value[0] < smooth.age.high[0]


def test_a_score_without_an_interval_is_smoothed_too():
    def seen(value):
        score = np.array([value])
        return replace(tracked(value), attractiveness=Attractiveness(score, 100 * score, "pool"))

    smoother = Smoother(seconds=0.25)
    smoother.update(seen(0.0), 0.0, False)
    smooth = smoother.update(seen(1.0), 0.25, False).attractiveness
    assert smooth.score == pytest.approx(1 - np.exp(-1))
    assert smooth.low is None


def test_smoothing_never_crosses_a_cut():
    smoother = Smoother()
    for step in range(5):
        smoother.update(tracked(0.1), step / 25, False)
    after = tracked(0.9, x=130.0)
    assert np.array_equal(flat(smoother.update(after, 0.24, True)), flat(after))
    later = flat(smoother.update(after, 0.28, False))
    assert later == pytest.approx(flat(after), abs=1e-9)


def test_smoothing_never_crosses_a_gap_and_tracks_do_not_mix():
    smoother = Smoother()
    smoother.update(tracked(0.1, (0, 1)), 0.0, False)
    smoother.update(tracked(0.1, (0,)), 0.04, False)
    after = tracked(0.9, (1, 0))
    smooth = flat(smoother.update(after, 0.08, False))
    assert np.array_equal(smooth[0], flat(after)[0])
    assert not np.allclose(smooth[1], flat(after)[1])
    assert len(smoother._last) == 2


def test_no_tracks_no_smoothing():
    smoother, faces = Smoother(), faces_at([[10, 10]])
    assert smoother.update(faces, 0.0, False) is faces
    assert smoother.update(faces, 0.1, False) is faces


def test_roll_goes_the_short_way_round():
    smoother = Smoother()
    for time_s, roll in ((0.0, 175.0), (0.1, -175.0)):
        faces = tracked(0.5)
        smooth = smoother.update(replace(faces, pose=replace(faces.pose, roll=np.array([roll]))), time_s, False)
    assert abs(smooth.pose.roll[0]) > 175


def test_still_landmarks_are_calmed_and_fast_ones_do_not_lag():
    rng, smoother = np.random.default_rng(0), Smoother()
    calm = []
    for step in range(100):
        faces = tracked(0.5)
        shaken = replace(faces, landmarks=faces.landmarks + rng.normal(0, 0.4, (1, 5, 2)))
        calm.append(smoother.update(shaken, step / 25, False).landmarks - faces.landmarks)
    assert np.std(calm[10:]) < 0.4 * 0.75
    for step in range(100, 140):
        moving = tracked(0.5, x=100 + 12.0 * (step - 99))  # five face sizes a second
        lag = np.abs(smoother.update(moving, step / 25, False).landmarks - moving.landmarks).max()
    assert lag < 1.0


def test_evidence_belongs_to_the_smoothed_label():
    smoother, first = Smoother(), tracked(0.9)
    smoother.update(first, 0.0, False)
    other = tracked(0.1)
    flipped = replace(other, emotion=replace(other.emotion, contribution=np.full((1, 3), -1.0)))
    smooth = smoother.update(flipped, 0.01, False)
    assert smooth.emotion.label.tolist() == ["positive"]
    assert np.array_equal(smooth.emotion.contribution, first.emotion.contribution)
