"""Random changes: similarity transforms of the stated spread, exact mirrors, pictures that stay pictures."""

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="augmentation belongs to mien[train]")

from mien.geometry import apply_affine
from mien.train.data import augment
from mien.train.data.augment import ALIGNMENT_NOISE, Chances, Jitter, mirror, photometric, random_similarity

STILL = Jitter(0, 0, 0)


def picture(side: int, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).uniform(0, 255, (6, 6, 3)).astype(np.float32)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def cut(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    return cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize(("source", "target", "zoom"), [(140, 112, 1.25), (146, 112, 1.3), (60, 48, 1.25), (48, 48, 1)])
def test_without_jitter_the_central_part_is_cut(source: int, target: int, zoom: float) -> None:
    matrix = random_similarity(np.random.default_rng(0), STILL, source, target, zoom)
    half = source / zoom / 2
    ends = np.array([[source / 2 - half] * 2, [source / 2 + half] * 2], np.float32)
    assert apply_affine(matrix, ends) == pytest.approx(np.array([[0, 0], [target, target]]), abs=1e-3)


def test_jitter_has_the_stated_spread() -> None:
    rng, jitter = np.random.default_rng(0), Jitter(shift=0.05, scale=0.1, rotation=8)
    matrices = np.stack([random_similarity(rng, jitter, 100, 80, 1.25) for _ in range(4000)])
    scale = np.log(np.hypot(matrices[:, 0, 0], matrices[:, 0, 1]))
    angle = np.degrees(np.arctan2(matrices[:, 0, 1], matrices[:, 0, 0]))
    middle = apply_affine(matrices, np.array([[50, 50]], np.float32))[:, 0] / 80 - 0.5
    for values, spread in ((scale, 0.1), (angle, 8), (middle[:, 0], 0.05), (middle[:, 1], 0.05)):
        assert values.mean() == pytest.approx(0, abs=5 * spread / 4000**0.5)
        assert values.std() == pytest.approx(spread, rel=0.06)


def test_the_stated_share_is_turned_by_any_angle() -> None:
    rng, jitter = np.random.default_rng(0), Jitter(0, 0, 0, turn=0.4)
    linear = np.stack([random_similarity(rng, jitter, 60, 48, 1.25)[0, :2] for _ in range(4000)])
    angle = np.degrees(np.arctan2(linear[:, 1], linear[:, 0]))
    turned = angle[np.abs(angle) > 1e-3]
    assert len(turned) / 4000 == pytest.approx(0.4, abs=5 * 0.5 / 4000**0.5)
    assert np.histogram(turned, 6, (-180, 180))[0] / len(turned) == pytest.approx(np.full(6, 1 / 6), abs=0.05)


def test_jitter_is_a_similarity() -> None:
    matrix = random_similarity(np.random.default_rng(1), Jitter(0.1, 0.3, 40), 90, 64, 1.2)[:, :2].astype(float)
    assert matrix @ matrix.T == pytest.approx(np.linalg.det(matrix) * np.eye(2), abs=1e-5)
    assert np.linalg.det(matrix) > 0


@pytest.mark.parametrize("size", [32, 47])
def test_mirrored_matrix_cuts_the_mirrored_crop(size: int) -> None:
    image = picture(60)
    matrix = random_similarity(np.random.default_rng(2), Jitter(0.05, 0.1, 10), 60, size, 1.2)
    plain, flipped = cut(image, matrix, size), cut(image, mirror(matrix, size), size)
    assert np.abs(plain[:, ::-1].astype(int) - flipped).mean() < 1
    assert mirror(mirror(matrix, size), size) == pytest.approx(matrix, abs=1e-5)
    points = np.random.default_rng(3).uniform(0, 60, (9, 2)).astype(np.float32)
    x, y = apply_affine(matrix, points).T
    assert apply_affine(mirror(matrix, size), points) == pytest.approx(np.stack([size - 1 - x, y], 1), abs=1e-3)


@pytest.mark.parametrize("side", [32, 48, 112])
def test_pictures_stay_pictures_and_the_input_is_untouched(side: int) -> None:
    image = picture(side)
    kept = image.copy()
    for seed in range(150):
        changed = photometric(image, np.random.default_rng(seed))
        assert changed.shape == image.shape
        assert changed.dtype == np.uint8
    assert np.array_equal(image, kept)


def test_the_generator_alone_decides() -> None:
    image = picture(48)
    first, again, other = (photometric(image, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("gray", "low", "high"), [(0.0, 0.0, 0.0), (0.5, 0.25, 0.55), (1.0, 0.5, 1.0)])
def test_share_of_gray_pictures(gray: float, low: float, high: float) -> None:
    found = [photometric(picture(32), np.random.default_rng(seed), Chances(gray=gray)) for seed in range(300)]
    share = np.mean([(image.max(2) == image.min(2)).all() for image in found])
    assert low <= share <= high  # noise, blocks of colour and compression may colour a gray picture again


def test_most_pictures_keep_what_they_show() -> None:
    image = picture(64)
    alike = []
    for seed in range(200):
        changed = photometric(image, np.random.default_rng(seed)).mean(2).ravel()
        alike.append(np.corrcoef(image.mean(2).ravel(), changed)[0, 1])
    assert np.quantile(alike, 0.1) > 0.8
    assert np.min(alike) > 0.2


def test_extreme_colours_neither_wrap_nor_overflow() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2).repeat(32, 0)
    for seed in range(100):
        changed = augment._colour(ramp, np.random.default_rng(seed)).astype(int)
        assert (np.diff(changed, axis=1) >= 0).all()


def test_contrast_scales_the_change_of_colours() -> None:
    image = picture(64) // 4 + 96
    spread = []
    for strength in (0.0, 0.5, 1.0):
        changed = [augment._colour(image, np.random.default_rng(seed), strength).mean() for seed in range(60)]
        spread.append(np.std(changed))
    assert spread[0] == 0
    assert 1.6 < spread[2] / spread[1] < 2.4


def test_low_resolution_and_compression_leave_flat_pictures_flat() -> None:
    flat = np.full((40, 40, 3), 100, np.uint8)
    for seed in range(30):
        for change in (augment._low_resolution, augment._compress):
            assert np.abs(change(flat, np.random.default_rng(seed)).astype(int) - 100).max() <= 2


def test_a_border_repeats_its_last_pixels_and_leaves_the_middle() -> None:
    image = picture(100)
    for seed in range(40):
        out = augment._border(image, np.random.default_rng(seed))
        assert out.shape == image.shape
        assert (out[15:72, 20:80] == image[15:72, 20:80]).all()
        column = out[:, 50]
        edge = next(i for i in range(72, 100) if (column[i:] == column[i]).all())
        assert (column[72:edge] == image[72:edge, 50]).all()


def test_an_oval_keeps_the_middle_and_changes_the_corners() -> None:
    image = picture(112)
    kept = [augment._oval(image, np.random.default_rng(seed)) == image for seed in range(40)]
    assert all(same[40:72, 40:72].all() for same in kept)
    assert all(0.05 < 1 - same.all(2).mean() < 0.6 for same in kept)
    assert np.mean([same[:6, :6].all() for same in kept]) < 0.1


@pytest.mark.parametrize("side", [32, 112])
def test_occlusion_is_one_block_of_one_colour_and_never_covers_everything(side: int) -> None:
    image = picture(side)
    for seed in range(100):
        changed = (augment._occlude(image, np.random.default_rng(seed)) != image).any(2)
        assert changed.mean() < 0.3
        if changed.any():
            rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
            block = augment._occlude(image, np.random.default_rng(seed))[
                rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1
            ]
            assert len(np.unique(block.reshape(-1, 3), axis=0)) == 1


def test_the_noise_of_the_alignment_adds_to_the_jitter_in_quadrature() -> None:
    rng, strength = np.random.default_rng(0), 4.0
    jitter = Jitter(shift=0.02, scale=0.03, rotation=2, alignment=strength, face=0.4)
    matrices = np.stack([random_similarity(rng, jitter, 100, 80, 1.25) for _ in range(4000)])
    middle = apply_affine(matrices, np.array([[50, 50]], np.float32))[:, 0] / 80 - 0.5
    scale = np.log(np.hypot(matrices[:, 0, 0], matrices[:, 0, 1]))
    angle = np.degrees(np.arctan2(matrices[:, 0, 1], matrices[:, 0, 0]))
    own, unit = (0.02, 0.03, 2), (0.4, 1, 1)
    for values, a, b, part in zip((middle, scale, angle), own, ALIGNMENT_NOISE, unit, strict=True):
        assert values.std() == pytest.approx((a**2 + (strength * b * part) ** 2) ** 0.5, rel=0.06)


@pytest.mark.parametrize("name", [name for name in Chances.__slots__ if name not in ("contrast", "lowest")])
def test_each_change_is_switched_off_by_its_chance(name: str) -> None:
    off = dict.fromkeys(Chances.__slots__, 0.0)
    image = picture(48)
    assert all(np.array_equal(photometric(image, np.random.default_rng(k), Chances(**off)), image) for k in range(20))
    changed = [photometric(image, np.random.default_rng(k), Chances(**{**off, name: 1.0})) for k in range(20)]
    assert sum(not np.array_equal(one, image) for one in changed) >= 18
