"""The filter follows constant velocity exactly, is less certain the longer a face is away, and learns restlessness."""

import numpy as np
import pytest

from mien.tracking.motion import Tracks, place_noise, places

LOOK = np.zeros((1, 0))


def box_at(x, size=60.0):
    return np.array([[x - size / 2, 100 - size / 2, x + size / 2, 100 + size / 2]])


def watched(positions, step_s=0.04):
    """A track that was seen at each of the positions."""
    noise = place_noise(np.ones(1))
    tracks = Tracks.start(np.zeros(1, np.int64), places(box_at(positions[0])), noise, LOOK, 0.0)
    for number, x in enumerate(positions[1:], 1):
        tracks = tracks.seen(places(box_at(x)), noise, LOOK, number * step_s, np.ones(1, bool))
    return tracks


def test_constant_velocity_is_predicted():
    tracks = watched(100 + 4.0 * np.arange(50))
    place, _ = tracks.predict(tracks.time_s[0] + 1.0)
    assert place[0, 0] == pytest.approx(100 + 4.0 * 49 + 100, abs=2)
    assert np.exp(place[0, 2:]) == pytest.approx(60, rel=0.01)


def test_a_hidden_face_is_less_certain_with_time_and_then_no_longer():
    tracks = watched(np.full(20, 100.0))
    variance = [tracks.predict(tracks.time_s[0] + away)[1][0, 0, 0] for away in (0.0, 0.5, 1.0, 1.5, 4.0)]
    assert variance[0] < variance[1] < variance[2] < variance[3]
    assert variance[4] == pytest.approx(variance[3])


def test_nearer_places_are_likelier():
    tracks = watched(np.full(20, 100.0))
    cost = tracks.unlikelihood(
        places(np.concatenate([box_at(100), box_at(110), box_at(160)])), place_noise(np.ones(3)), 1.0
    )
    assert (np.diff(cost[0]) > 0).all()


def test_a_track_that_was_predicted_badly_is_restless():
    steady = watched(100 + 4.0 * np.arange(40))
    shaken = watched(100 + 30.0 * np.sin(np.arange(40)))
    assert steady.restless[0] < 1 < shaken.restless[0]


def test_detections_of_low_score_count_less():
    noise = place_noise(np.array([1.0, 0.3, np.nan]))
    assert (noise[1] > noise[0]).all()
    assert noise[2].tolist() == noise[0].tolist()
