"""Old photos and studio light: pictures stay pictures, the generator decides, and the face stays to be seen."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="augmentation belongs to mien[train]")

from mien.train.data import augment, old_photos, studio_light
from mien.train.data.augment import LEAST_SIDE, Chances, photometric

CHANGES = [old_photos.old_photo, studio_light.studio_light, *(change for change, _ in old_photos.AGING)]
CHANGES += studio_light.LIGHTS


def picture(side: int = 64) -> np.ndarray:
    rng = np.random.default_rng(0)
    parts = [rng.uniform(-amount, amount, (count, count, 3)) for count, amount in ((5, 70), (side // 3, 40))]
    parts = [cv2.resize(part.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC) for part in parts]
    return (128 + sum(parts)).clip(20, 235).astype(np.uint8)


def detail(image: np.ndarray) -> np.ndarray:
    """What is left of a picture without broad light and shadow."""
    return (image.mean(2) - studio_light._broad(image)).ravel()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("side", [64, 129])
def test_a_change_is_a_seeded_picture_that_shows_the_same(change: Callable[..., np.ndarray], side: int) -> None:
    image = picture(side)
    before, away, alike = image.copy(), [], []
    for seed in range(20):
        found = change(image, np.random.default_rng(seed))
        assert (found.shape, found.dtype) == (image.shape, np.uint8)
        assert np.array_equal(found, change(image, np.random.default_rng(seed)))
        away.append(np.abs(found.astype(int) - image).mean())
        alike.append(np.corrcoef(detail(found), detail(image))[0, 1])
    assert np.array_equal(image, before)
    assert 0.2 < np.mean(away) < 60
    assert max(away) < 110
    assert np.quantile(alike, 0.1) > 0.35


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_black_and_white_pictures_do_not_wrap(change: Callable[..., np.ndarray]) -> None:
    ramp = np.repeat(np.repeat(np.array([0, 255], np.uint8), 24)[None, :, None], 3, 2).repeat(48, 0)
    for seed in range(20):
        found = change(ramp, np.random.default_rng(seed)).mean(2)
        assert found[:, :20].mean() <= found[:, 28:].mean() + 5


def test_tones_are_gray_or_brown_and_fading_narrows_the_range() -> None:
    toned = [old_photos.tone(picture(), np.random.default_rng(seed)).astype(int) for seed in range(40)]
    assert all((one[..., 0] >= one[..., 2]).all() for one in toned)
    assert 5 < sum((one[..., 0] == one[..., 2]).all() for one in toned) < 35
    faded = [old_photos.fade(picture(), np.random.default_rng(seed)) for seed in range(40)]
    assert all(int(one.max()) - one.min() < int(picture().max()) - picture().min() for one in faded)


def test_lamps_do_what_their_names_say() -> None:
    image, seeds = picture(96), range(20)
    broad = studio_light._broad(image).std()
    assert all(studio_light._broad(studio_light.flat(image, np.random.default_rng(k))).std() < broad for k in seeds)
    assert all(studio_light._broad(studio_light.hard(image, np.random.default_rng(k))).std() > broad for k in seeds)
    assert all(studio_light.high_key(image, np.random.default_rng(k)).mean() > image.mean() + 10 for k in seeds)
    gray = np.full((64, 64, 3), 128, np.uint8)
    lit = [studio_light.side(gray, np.random.default_rng(k)).astype(int) for k in seeds]
    assert all(one.max() > 1.4 * one.min() for one in lit)


def test_what_is_off_draws_nothing() -> None:
    # One number for each of the seven chances that are always drawn: seeded runs of older recipes stay as they were.
    off = dict.fromkeys(("gray", "color", "blur", "low_resolution", "noise", "jpeg", "occlusion", "border"), 0.0)
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    photometric(picture(), rng, Chances(**off))
    same.random(7)
    assert rng.random() == same.random()


@pytest.mark.parametrize("lowest", [0.25, 0.155])
def test_low_resolution_ends_at_the_lowest(lowest: float, monkeypatch: pytest.MonkeyPatch) -> None:
    sides, resize = [], cv2.resize

    def kept(image: np.ndarray, size: tuple[int, int], **ways: int) -> np.ndarray:
        sides.append(size[0])
        return resize(image, size, **ways)

    monkeypatch.setattr(augment.cv2, "resize", kept)
    for seed in range(400):
        augment._low_resolution(picture(129), np.random.default_rng(seed), lowest)
    assert int(129 * lowest) <= min(sides) <= int(129 * lowest) + 2
    assert augment._low_resolution(picture(32), np.random.default_rng(0), 0.0).shape == (32, 32, 3)
    assert min(sides) >= LEAST_SIDE
