"""One summary a person: times, shares, means, events, ages."""

import numpy as np
import pytest
from tests.video.stubs import units

from mien.faces import Age, Emotion, Faces, Frame
from mien.video.people import people_in


def frame(time_s, tracks=(0,), smile=0.0, positive=False, age=30.0, source="a.mp4"):
    n = len(tracks)
    told = units([[0.0, smile]] * n)
    shown = np.tile([0.8, 0.1, 0.1] if positive else [0.1, 0.8, 0.1], (n, 1))
    value = np.full(n, age)
    faces = Faces(
        np.zeros((n, 4)), np.ones(n), np.zeros((n, 5, 2)), track_id=np.array(tracks, np.int64), action_units=told
    )
    faces = Faces(
        faces.box, faces.score, faces.landmarks, track_id=faces.track_id, action_units=told,
        emotion=Emotion(shown, np.zeros((n, 2)), told.codes), age=Age(value, value - 9, value + 9),
    )  # fmt: skip
    return Frame(source, faces, "ok" if n else "no_face", None, round(25 * time_s), time_s)


def test_times_shares_and_means():
    smiling = [5 <= i < 10 for i in range(20)]
    frames = [frame(i / 10, smile=4.0 if on else 0.0, positive=on) for i, on in enumerate(smiling)]
    (person,) = people_in(frames)
    row = person.to_dict()
    assert (row["source"], row["track_id"], row["frames"]) == ("a.mp4", 0, 20)
    assert (row["first_s"], row["last_s"], row["seen_s"]) == pytest.approx((0.0, 1.9, 2.0))
    assert (row["share_positive"], row["share_neutral"], row["share_negative"]) == pytest.approx((0.25, 0.75, 0.0))
    assert (row["AU06_mean"], row["AU12_mean"]) == pytest.approx((0.0, 1.0))
    assert (row["AU06_events"], row["AU12_events"]) == (0, 1)
    assert row["attractiveness_percentile"] is None


def test_people_come_and_go_and_a_gap_is_not_seen():
    frames = [frame(0.0, (0, 1)), frame(0.1, (0,)), frame(9.0, (0,)), frame(9.1, ()), frame(9.2, (2,))]
    people = [person.to_dict() for person in people_in(frames)]
    assert [row["track_id"] for row in people] == [0, 1, 2]
    assert [row["seen_s"] for row in people] == pytest.approx([0.1 + 1.0 + 0.1, 0.1, 0.1])


def test_uneven_frames_count_by_their_time():
    (person,) = people_in([frame(0.0, positive=True), frame(0.9), frame(1.0), frame(1.1)])
    assert person.to_dict()["share_positive"] == pytest.approx(0.75)


def test_the_last_age_counts_where_ages_are_fused_already():
    frames = [frame(i / 10, age=20.0 + i) for i in range(5)]
    (person,) = people_in(frames)
    assert person.to_dict()["age_value"] == 24.0
    (person,) = people_in(frames, fused=False)
    row = person.to_dict()
    assert row["age_value"] == pytest.approx(22.0)
    assert row["age_high"] - row["age_value"] < 9.0
    assert row["age_coverage"] == 0.9


def test_each_clip_has_its_own_people_and_photos_have_none():
    photo = Frame("b.jpg", frame(0.0).faces)
    people = list(people_in([frame(0.0), photo, frame(0.0, source="c.mp4"), frame(0.1, source="c.mp4")]))
    assert [(p.source, p.frames) for p in people] == [("a.mp4", 1), ("c.mp4", 2)]
