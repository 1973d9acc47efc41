"""A person's resting face is learnt from made-up series of log-odds, and smiles stay smiles."""

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.estimates import action_units_estimate, sigmoid
from mien.faces import Faces
from mien.geometry import Array
from mien.tracking import NeutralBaseline
from mien.tracking.neutral import MOST, REST

UNITS = ("AU04", "AU12")
FPS = 25


def faces_of(z: Array, tracks: list[int] | None) -> Faces:
    """Faces (N) with the log-odds z (N, 2) of `UNITS`."""
    n = len(z)
    plain = {"slope": 1.0, "bias": 0.0, "codes": UNITS}
    units = action_units_estimate(np.asarray(z, np.float32), plain)
    ids = None if tracks is None else np.array(tracks, int)
    return Faces(np.zeros((n, 4)), np.ones(n), np.zeros((n, 5, 2)), track_id=ids, action_units=units)


def watch(series: Array, baseline: NeutralBaseline | None = None, fps: float = FPS, track: int = 0) -> Array:
    """Calibrated probabilities (T, 2) of one person with the log-odds (T, 2)."""
    baseline = baseline or NeutralBaseline()
    seen = [baseline.update(faces_of(z[None], [track]), i / fps) for i, z in enumerate(series)]
    return np.array([faces.action_units.probability[0] for faces in seen if faces.action_units is not None])


def series(seconds: float, brow: float, mouth: Array | float, fps: float = FPS) -> Array:
    """Log-odds (T, 2) with noise: AU04 around `brow`, AU12 around `mouth`."""
    n = int(seconds * fps)
    mean = np.stack([np.full(n, brow), np.broadcast_to(mouth, n)], 1)
    return mean + np.random.default_rng(0).normal(0, 0.3, (n, 2))


def smiles(seconds: float, share: float, fps: float = FPS) -> Array:
    """Log-odds (T,) of AU12, 3 in a share of every ten seconds and -2.5 in the rest."""
    phase = np.arange(int(seconds * fps)) / fps % 10 / 10
    return np.where(phase < share, 3.0, -2.5)


def test_high_resting_brows_are_read_as_neutral_after_a_while() -> None:
    raw = series(60, brow=1.0, mouth=-2.5)
    found = watch(raw)
    assert (sigmoid(raw[:, 0]) > 0.5).mean() > 0.99
    assert found[0, 0] == pytest.approx(sigmoid(raw[0, 0]), abs=1e-5)
    assert (found[30 * FPS :, 0] < 0.5).all()
    assert found[30 * FPS :, 0].mean() < 0.3
    assert found[-FPS:, 0].mean() < found[10 * FPS : 11 * FPS, 0].mean() < found[:FPS, 0].mean()


def test_a_real_frown_of_that_person_is_still_seen() -> None:
    raw = series(60, brow=1.0, mouth=-2.5)
    raw[-50:, 0] += 4.0
    found = watch(raw)
    assert (found[-50:, 0] > 0.8).all()
    assert (found[-200:-50, 0] < 0.5).all()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_who_smiles_most_of_the_time_is_still_read_as_smiling(share: float) -> None:
    mouth = smiles(60, share)
    raw = series(60, brow=-3.0, mouth=mouth)
    found = watch(raw)[:, 1]
    late = np.arange(len(mouth)) >= 20 * FPS
    assert (found[late & (mouth > 0)] > 0.8).all()
    assert (found[late & (mouth < 0)] < 0.3).all()


def test_who_smiles_throughout_loses_no_more_than_the_limit() -> None:
    raw = np.full((120 * FPS, 2), 5.0)
    found = watch(raw)
    assert (found > sigmoid(np.array(5.0 - MOST)) - 1e-6).all()
    assert found[-1, 1] < sigmoid(np.array(5.0))


def test_a_face_at_ordinary_rest_is_left_alone() -> None:
    raw = series(30, brow=REST - 1.5, mouth=-6.0)
    assert watch(raw) == pytest.approx(sigmoid(raw), abs=1e-4)


def test_probability_and_intensity_still_agree() -> None:
    baseline = NeutralBaseline()
    for i in range(500):
        units = baseline.update(faces_of(np.array([[1.0, 2.0]]), [0]), i / FPS).action_units
    assert units is not None
    z = np.log(units.probability / (1 - units.probability))
    assert units.intensity == pytest.approx(5 * sigmoid(z + np.log(0.25)), abs=1e-4)
    assert units.probability.dtype == np.float32


@pytest.mark.parametrize("fps", [2.5, 5, 50])
def test_what_is_learnt_does_not_depend_on_the_frame_rate(fps: float) -> None:
    usual, other = (watch(np.tile([[1.0, -3.0]], (int(20 * rate), 1)), fps=rate) for rate in (FPS, fps))
    assert other[-1] == pytest.approx(usual[-1], abs=0.02)


def test_people_are_learnt_apart_and_in_any_order() -> None:
    baseline, alone = NeutralBaseline(), watch(np.tile([[1.0, -3.0]], (200, 1)))
    for i in range(200):
        rows, tracks = np.array([[1.0, -3.0], [-3.0, 1.0]]), [7, 9]
        order = [1, 0] if i % 2 else [0, 1]
        found = baseline.update(faces_of(rows[order], [tracks[k] for k in order]), i / FPS)
    assert found.action_units is not None
    assert found.action_units.probability[order.index(0)] == pytest.approx(alone[-1], abs=1e-5)
    assert found.action_units.probability[order.index(1)] == pytest.approx(alone[-1][::-1], abs=1e-5)


def test_a_new_track_begins_anew() -> None:
    baseline = NeutralBaseline()
    raw = np.tile([[1.0, -3.0]], (500, 1))
    assert watch(raw, baseline)[-1, 0] < 0.5
    after = baseline.update(faces_of(raw[:1], [1]), 20.0)
    assert after.action_units is not None
    assert after.action_units.probability[0] == pytest.approx(sigmoid(raw[0]), abs=1e-5)


def test_memory_holds_the_tracks_of_the_last_minute() -> None:
    baseline = NeutralBaseline()
    for second in range(500):
        baseline.update(faces_of(np.zeros((3, 2)), [3 * second, 3 * second + 1, 3 * second + 2]), float(second))
    assert len(baseline._people) <= 3 * 62


def test_a_gap_does_not_count_as_seen() -> None:
    baseline = NeutralBaseline()
    baseline.update(faces_of(np.array([[1.0, 1.0]]), [0]), 0.0)
    after = baseline.update(faces_of(np.array([[1.0, 1.0]]), [0]), 50.0)
    assert after.action_units is not None
    assert (after.action_units.probability > 0.6).all()


def test_what_was_not_read_stays_unknown_and_teaches_nothing() -> None:
    baseline = NeutralBaseline()
    raw = np.tile([[1.0, -3.0]], (500, 1))
    raw[::2, 1] = np.nan
    found = watch(raw, baseline)
    assert np.isnan(found[::2, 1]).all()
    assert found[1::2, 1] == pytest.approx(np.full(250, sigmoid(np.array(-3.0))), abs=1e-4)
    assert found[-1, 0] < 0.5


@pytest.mark.parametrize("tracks", [None, [-1, -1]])
def test_faces_without_a_track_stay_as_they_are(tracks: list[int] | None) -> None:
    baseline, faces = NeutralBaseline(), faces_of(np.array([[1.0, 2.0], [0.0, -1.0]]), tracks)
    for i in range(300):
        found = baseline.update(faces, i / FPS)
    assert found.action_units is not None
    assert faces.action_units is not None
    assert found.action_units.probability == pytest.approx(faces.action_units.probability, abs=1e-6)


def test_nothing_to_learn_from() -> None:
    baseline = NeutralBaseline()
    bare = replace(faces_of(np.zeros((1, 2)), [0]), action_units=None)
    assert baseline.update(bare, 0.0) is bare
    assert len(baseline.update(faces_of(np.zeros((0, 2)), []), 0.0)) == 0
    with pytest.raises(InputError, match="'time_s' must be a finite number"):
        baseline.update(bare, np.nan)
