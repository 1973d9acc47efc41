"""Skin tone: the typology angle of drawn faces."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="evaluation needs mien[train]")

from skimage.color import lab2rgb, rgb2lab

from mien.evaluate.skin_tone import BANDS, skin_tones, typology_angle
from mien.geometry import Array, Image

LANDMARKS = np.random.default_rng(0).uniform(60, 140, (68, 2)).astype(np.float32)
LANDMARKS[[36, 45, 41, 46, 48, 54]] = [[60, 80], [140, 80], [75, 84], [125, 84], [80, 130], [120, 130]]


def face(lab: tuple[float, float, float]) -> Image:
    """A picture (200, 200, 3) of one colour with black eyes and red lips."""
    color = (lab2rgb(np.array([[lab]], float)) * 255).round().astype(np.uint8)[0, 0]
    image = np.tile(color, (200, 200, 1)).astype(np.uint8)
    image[74:86, 60:140] = 0
    image[125:135, 80:120] = (180, 30, 30)
    return image


@pytest.mark.parametrize("lab", [(75.0, 10.0, 16.0), (60.0, 14.0, 18.0), (45.0, 12.0, 17.0), (28.0, 8.0, 10.0)])
def test_angle_is_the_formula_on_the_cheeks(lab: tuple[float, float, float]) -> None:
    image = face(lab)
    lightness, _, b = rgb2lab(image[:1, :1] / 255)[0, 0]
    assert typology_angle(image, LANDMARKS) == pytest.approx(np.degrees(np.arctan2(lightness - 50, b)), abs=0.5)


def test_bands_meet_and_order_from_dark_to_light() -> None:
    assert [low for _, low, _ in BANDS[1:]] == [high for _, _, high in BANDS[:-1]]
    angles: Array = skin_tones([face((light, 10, 15)) for light in (30, 45, 55, 70)], np.stack([LANDMARKS] * 4))
    named = [next(name for name, low, high in BANDS if low <= angle < high) for angle in angles]
    assert named == ["dark", "brown", "tan", "light"]


def test_gray_pictures_and_cheeks_outside_have_no_tone() -> None:
    gray = np.repeat(face((60, 10, 15)).mean(2, keepdims=True).astype(np.uint8), 3, 2)
    assert np.isnan(typology_angle(gray, LANDMARKS))
    assert np.isnan(typology_angle(face((60, 10, 15)), LANDMARKS + 500))
