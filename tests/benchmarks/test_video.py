"""Clips of the video benchmark, and how readings of them are compared."""

import numpy as np
import pytest
from video_clips import CLIPS, LARGE, SMALL, frames, load_heads
from video_scores import compare

SHAPE = np.random.default_rng(0).uniform(-20, 20, (68, 2))


def reading(places, tracks=None):
    """Rows of faces (frame, x, y)."""
    frame = np.array([place[0] for place in places])
    middle = np.array([place[1:] for place in places], float)
    return {
        "frame": frame,
        "track": np.zeros(len(frame), int) if tracks is None else np.array(tracks),
        "box": np.concatenate([middle - 30, middle + 30], 1),
        "points": SHAPE + middle[:, None],
        "yaw": middle[:, 0] / 10,
        "units": np.repeat(middle[:, 1:] / 100, 18, 1),
    }


def test_a_reading_is_like_itself():
    told = compare(reading([(0, 50, 50), (1, 60, 50)]), reading([(0, 50, 50), (1, 60, 50)]))
    assert (told["recall"], told["precision"], told["iou"], told["nme"], told["units"]) == (1, 1, 1, 0, 0)


def test_faces_are_matched_by_frame_and_place():
    exact = reading([(0, 50, 50), (0, 200, 50), (1, 50, 50)], [0, 1, 0])
    told = compare(reading([(0, 206, 50), (1, 50, 60), (1, 400, 50)], [7, 5, 5]), exact)
    assert told["recall"] == pytest.approx(2 / 3)
    assert told["precision"] == pytest.approx(2 / 3)
    eyes = np.linalg.norm(SHAPE[36] - SHAPE[45])
    assert told["nme"] == pytest.approx((6 + 10) / 2 / eyes)
    assert told["units"] == pytest.approx(0.05)
    assert told["yaw"] == pytest.approx(0.3)


def test_changes_of_id_are_counted():
    places = [(i, 50, 50) for i in range(5)]
    assert compare(reading(places, [3, 3, 8, 8, 3]), reading(places))["switches"] == 2


@pytest.mark.parametrize("name", CLIPS)
def test_clips_have_their_size_and_move(name):
    heads = load_heads(None, None, 30)
    first, *_, last = frames(name, heads, 0.12)
    width, height = LARGE if name == "crowd" else SMALL
    assert first.shape == last.shape == (height, width, 3)
    assert np.abs(first.astype(int) - last).mean() > 1
    assert np.array_equal(first, next(frames(name, heads, 0.12)))
