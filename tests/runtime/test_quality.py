"""Detail falls with every loss of sharpness, and with nothing else that a camera does."""

import cv2
import numpy as np
import pytest

from mien.runtime.quality import detail


def textured(seed: int = 0, side: int = 112) -> np.ndarray:
    """A crop (S, S, 3) with structure of all sizes."""
    rng = np.random.default_rng(seed)
    layers = [cv2.resize(rng.normal(0, 1, (k, k)), (side, side), interpolation=cv2.INTER_CUBIC) for k in (7, 28, 112)]
    return np.repeat(np.clip(128 + 25 * sum(layers), 0, 255).astype(np.uint8)[..., None], 3, 2)


def blurred(crop: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(crop, (0, 0), sigma) if sigma else crop


def enlarged(crop: np.ndarray, side: int) -> np.ndarray:
    small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, crop.shape[:2], interpolation=cv2.INTER_LINEAR)


@pytest.mark.parametrize("seed", range(3))
def test_it_falls_with_blur_and_with_small_faces(seed: int) -> None:
    crop = textured(seed)
    for series in ([blurred(crop, s) for s in (0, 1, 2, 4)], [enlarged(crop, k) for k in (112, 56, 36, 24)]):
        found = detail(np.stack(series))
        assert (np.diff(found) < 0).all()
        assert found[0] > 2 * found[-1]


def test_brightness_and_contrast_hardly_change_it() -> None:
    crop = textured()
    dim = (crop * 0.5 + 20).astype(np.uint8)
    sharp, darker = detail(np.stack([crop, dim]))
    assert darker == pytest.approx(sharp, rel=0.1)


def test_flat_crops_and_none_at_all() -> None:
    assert detail(np.full((2, 64, 64, 3), 90, np.uint8)).tolist() == [0.0, 0.0]
    assert detail(np.zeros((0, 64, 64, 3), np.uint8)).shape == (0,)
