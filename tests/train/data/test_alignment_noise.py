"""The noise of the alignment is what it is known to be, for a landmark network of known noise."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training data need mien[train]")

from mien.errors import InputError
from mien.geometry import Array, Image, five_points
from mien.train.data import alignment_noise, augment
from mien.train.data.alignment_noise import measure_alignment_noise


class NoisyPoints:
    """A landmark network that always sees the face where it is in the first picture, and adds noise to it."""

    def __init__(self, points: Array, spread: float) -> None:
        self.points, self.spread, self.rng, self.unit = points, spread, np.random.default_rng(0), 0.0

    def __call__(self, image: Image, box: Array, landmarks: Array) -> Array:
        points = self.points.copy()
        five = five_points(points)[0]
        self.unit = float(np.linalg.norm(five[:2].mean(0) - five[3:].mean(0)))
        # Eye corners share one error, so that the eye's centre has it too.
        noise = self.rng.normal(0, self.spread * self.unit, points.shape)
        noise[:, 36:42], noise[:, 42:48] = noise[:, 36:37], noise[:, 42:43]
        return np.asarray(points + noise, np.float32)


@pytest.fixture
def same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment_noise, "_change", lambda image, rng: (image, np.eye(2, 3, dtype=np.float32)))


@pytest.mark.usefixtures("same_picture")
@pytest.mark.parametrize("spread", [0.0, 0.02, 0.06])
def test_the_spread_of_the_points_is_found(tiny: Any, spread: float) -> None:
    row = tiny.good[0]
    landmarker = NoisyPoints(tiny.landmarks[row][None], spread)
    found = measure_alignment_noise([None, tiny.images[row]], 400, 0, landmarker)
    assert found.faces == 1
    assert found.lost == 0
    assert found.points == pytest.approx(np.full((5, 2), spread), rel=0.2, abs=1e-3)
    # The centre of the crop moves by the mean of five errors at least; turning and growing come with it.
    assert found.shift >= 0.8 * spread / 5**0.5
    assert (found.scale > 1e-3) == (found.rotation > 0.05) == (spread > 0)


def test_changed_pictures_are_carried_back(tiny: Any, landmarker: Callable[..., Any]) -> None:
    found = measure_alignment_noise([tiny.images[row] for row in tiny.good[:4]], 6, 0, landmarker)
    assert found.faces == 4
    assert found.lost < 0.5
    assert 0 < found.shift < 0.15
    assert 0 < found.rotation < 6


def test_pictures_without_a_face_are_an_error() -> None:
    with pytest.raises(InputError, match="'images' must hold pictures with a face"):
        measure_alignment_noise([None, np.full((64, 64, 3), 90, np.uint8)])


def test_the_script_measures_the_validation_split(tiny: Any, capsys: pytest.CaptureFixture[str]) -> None:
    alignment_noise.main(str(Path(tiny.folder) / "faces.parquet"), "2")
    assert "faces=2" in capsys.readouterr().out


def test_the_noise_used_in_training_is_small_and_positive() -> None:
    shift, scale, rotation = augment.ALIGNMENT_NOISE
    assert 0 < shift < 0.05
    assert 0 < scale < 0.05
    assert 0 < rotation < 3
