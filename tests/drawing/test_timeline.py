"""Time lines mark the events of units, and each annotated video has its own beside it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.drawing.test_annotator import faces_in, frames_of, gray, names_in

from mien.drawing import Annotator, timeline
from mien.drawing.record import Record
from mien.expression.events import events_in
from mien.faces import ActionUnits, Frame
from mien.facs import CODES


def movements(count=100, at_s=2.0, codes=("AU04",)):
    """Frames at 20 a second in which units come for a second around a time, of a face that is else still."""
    near = np.exp(-(((np.arange(count) / 20 - at_s) / 0.4) ** 2))
    moved = [CODES.index(code) for code in codes]
    kept = []
    for frame, height in zip(frames_of(count), near, strict=True):
        intensity = np.full((1, len(CODES)), 0.2)
        intensity[0, moved] += 4 * height
        units = ActionUnits(intensity / 5, intensity, CODES)
        kept.append(replace(frame, faces=replace(frame.faces, action_units=units)))
    return kept


EVENT_COLOUR = (206, 128, 30)


def columns_in(image, colour):
    """First and last column with exactly this colour."""
    found = np.flatnonzero((image == colour).all(-1).any(0))
    return found[0], found[-1]


def test_timeline_marks_events_from_onset_to_offset():
    frames = movements()
    (event,) = events_in(frames)
    image = timeline(frames, codes=["AU04"]).image
    x = [210 + t / 4.95 * 950 for t in (event.onset_s, event.offset_s, event.apex_s)]
    assert columns_in(image, EVENT_COLOUR) == pytest.approx(x[:2], abs=2)
    rows = np.flatnonzero((image == EVENT_COLOUR).all(-1)[:, round(x[2])])
    assert np.ptp(rows) > 30  # the dot is high above the bar
    assert not (timeline(frames, codes=["AU06"]).image == EVENT_COLOUR).all(-1).any()
    assert not (timeline(frames, codes=["AU04"], events=[]).image == EVENT_COLOUR).all(-1).any()


def test_timeline_marks_the_events_of_its_own_track_only():
    frames = movements()
    others = [replace(event, track_id=1) for event in events_in(frames)]
    assert not (timeline(frames, codes=["AU04"], events=others).image == EVENT_COLOUR).all(-1).any()


def test_timeline_shows_a_short_movement_before_a_lasting_trace():
    frames = []
    for frame in movements(codes=("AU43",)):
        units = frame.faces.action_units
        intensity = units.intensity + np.where(np.array(CODES) == "AU43", 0, 0.75)  # 0.95: below an event
        frames.append(replace(frame, faces=replace(frame.faces, action_units=replace(units, intensity=intensity))))
    start, end = columns_in(timeline(frames).image, EVENT_COLOUR)
    assert end - start == pytest.approx(950 / 4.95 * 1.0, rel=0.2)


def test_timeline_shows_every_unit_that_moved():
    few, many = (timeline(movements(codes=CODES[:n])).image.shape[0] for n in (2, 9))
    assert many - few == 3 * 56  # six rows at least, and here nine


def test_a_record_of_a_long_video_is_small_and_loses_no_event(monkeypatch):
    monkeypatch.setattr("mien.drawing.record._MOST_FRAMES", 50)
    record = Record()
    for frame in movements(1000):
        record.add(replace(frame, image=gray(4, 4)))
    assert len(record._frames) <= 50
    assert all(frame.image is None for frame in record._frames)
    assert record._frames[-1].time_s > 45
    image = record.picture().image
    start, end = columns_in(image, EVENT_COLOUR)
    assert 210 < start < end < 270  # the event at 2 of 50 seconds


def test_a_record_shows_what_lasts_until_the_end():
    record = Record()
    for frame in movements(60, at_s=3.0):
        record.add(frame)
    assert columns_in(record.picture().image, EVENT_COLOUR)[1] >= 1160


def test_a_record_keeps_the_longest_of_too_many_events(monkeypatch):
    monkeypatch.setattr("mien.drawing.record._MOST_EVENTS", 8)
    record = Record()
    for frame in movements(400, at_s=5.0, codes=("AU04",)) + [
        replace(f, source=f"{i}.mp4") for i in range(9) for f in movements(10, at_s=0.2, codes=("AU06",))
    ]:
        record.add(frame)
    assert len(record._events) <= 8
    assert "AU04" in {event.code for event in record._events}


def test_a_video_has_its_time_line_beside_it(tmp_path):
    with Annotator(tmp_path, timelines=True) as annotator:
        for source in ("a/v.avi", "b/v.avi"):
            for frame in movements(60):
                annotator.add(replace(frame, source=source, image=gray(480, 640)))
        for frame in frames_of(3, missing=range(3), source="empty.avi", image=gray(480, 640)):
            annotator.add(frame)
        annotator.add(Frame("photo.jpg", faces_in([[200, 100, 300, 220]]), image=gray(480, 640)))
    pictures = ["v_2_timeline.png", "v_timeline.png"]
    assert names_in(tmp_path) == ["empty.mp4", "photo.jpg", "v.mp4", "v_2.mp4", *pictures]
    drawn = cv2.imread(str(tmp_path / "v_timeline.png"))[..., ::-1]
    assert np.array_equal(drawn, timeline(movements(60)).image)
