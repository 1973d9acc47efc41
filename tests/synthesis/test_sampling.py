"""What chance decides of a synthetic head: co-occurrence, sides, pose within limits, and shares as the recipe says."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba", reason="the renderer needs mien[train]")
pytest.importorskip("pydantic")

from mien.facs import CODES
from mien.synthesis.recipe import Backgrounds, Camera, HeadsRecipe, Movement
from mien.synthesis.sampling import (
    degrade,
    pick,
    sample_background,
    sample_scene,
    sample_shape,
    sample_units,
    split_sides,
)

KIN: list[Any] = [SimpleNamespace(texture=np.full((600, 600, 3), 90, np.uint8))] * 3


def scenes(count: int, **changes: Any) -> list[Any]:
    recipe = HeadsRecipe(size=64, **changes)
    return [sample_scene(recipe, KIN, np.random.default_rng(k)) for k in range(count)]


def test_units_follow_their_rules() -> None:
    rng = np.random.default_rng(3)
    units = np.stack([sample_units(Movement(), rng) for _ in range(2000)])
    closed, wide = units[:, CODES.index("AU43")], units[:, CODES.index("AU05")]
    assert ((closed == 0) | (wide == 0)).all()
    assert closed.max() <= 1
    assert units.min() >= 0
    assert ((units > 0).mean(0) > 0.05).all()


def test_units_come_from_the_prototypes_of_the_recipe() -> None:
    rng = np.random.default_rng(0)
    only = Movement(prototypes=({"AU12": 0.5},), prototype=1, keep=1, alone=0, strength=(1, 1))
    units = sample_units(only, rng)
    assert units[CODES.index("AU12")] == 0.5
    assert (units > 0).sum() == 1
    assert not sample_units(Movement(prototype=0, alone=0), rng).any()


def test_sides_keep_the_stronger_intensity() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        units = sample_units(Movement(), rng)
        left, right = split_sides(units, Movement(), rng)
        np.testing.assert_array_equal(np.maximum(left, right), units)


@pytest.mark.parametrize(("crooked", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_faces_are_as_crooked_as_the_recipe_says(crooked: float, share: float) -> None:
    rng = np.random.default_rng(0)
    units = np.where(np.array(CODES) == "AU14", 0, 1).astype(np.float32)  # contempt is one-sided anyhow
    pairs = [split_sides(units, Movement(crooked=crooked), rng) for _ in range(30)]
    assert np.mean([(left != right).any() for left, right in pairs]) == share


def test_kinds_are_picked_by_their_odds() -> None:
    rng = np.random.default_rng(0)
    picked = [pick({"never": 0, "once": 1, "thrice": 3}, rng) for _ in range(2000)]
    assert "never" not in picked
    assert picked.count("thrice") / picked.count("once") == pytest.approx(3, abs=0.5)


def test_pose_and_camera_stay_within_their_limits() -> None:
    found = scenes(60, pose={"yaw": 80, "yaw_limit": 20, "roll": 0}, camera={"distance": [50, 60]})
    yaw = np.array([scene.yaw for scene in found])
    assert (yaw.min(), yaw.max()) == (-20, 20)
    assert all(scene.roll == 0 and 50 <= scene.distance <= 60 for scene in found)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_shares_of_skin_are_the_recipes(share: float) -> None:
    found = scenes(20, skin={"tone": share, "creases": share, "glasses": share})
    assert np.mean([scene.glasses is not None for scene in found]) == share
    assert np.mean([scene.tone.any() for scene in found]) == share
    assert any(scene.creases.any() for scene in found) == bool(share)


# Drawn before there were recipes, with the seeds [9, 0], [9, 4] and [9, 11] at 96 pixels: yaw, pitch, roll, distance,
# face_side, ambient, and a whole number after the scene, which tells whether as much was drawn by chance.
BEFORE = {
    0: (-21.3929, 9.2113, -11.7124, 66.8192, 0.6712, 0.5041, 316080800),
    4: (-4.066, -0.26, -10.855, 72.6289, 0.5765, 0.7274, 884337934),
    11: (-3.5173, -1.7384, -15.0972, 73.7001, 0.5854, 0.8248, 511982014),
}


@pytest.mark.parametrize("index", BEFORE)
def test_the_default_recipe_draws_what_was_drawn_before_there_were_recipes(index: int) -> None:
    rng = np.random.default_rng([9, index])
    scene = sample_scene(HeadsRecipe(size=96), KIN, rng)
    found = (scene.yaw, scene.pitch, scene.roll, scene.distance, scene.face_side, scene.ambient, rng.integers(1 << 30))
    assert found == pytest.approx(BEFORE[index], abs=1e-4)


def test_backgrounds_are_of_the_kind_that_has_odds() -> None:
    rng = np.random.default_rng(0)
    images = {}
    for kind in ("gradient", "photo"):
        kinds = Backgrounds(**(dict.fromkeys(("noise", "gradient", "photo"), 0) | {kind: 1}))
        images[kind] = [sample_background(kinds, KIN, rng, 64) for _ in range(8)]
    spread = {kind: np.mean([image.std((0, 1)).mean() for image in found]) for kind, found in images.items()}
    assert spread["gradient"] > 2 * spread["photo"]  # the photo is of one colour


def test_shape_is_mixed_with_relatives_and_hair_grows_on_the_scalp_alone() -> None:
    rng = np.random.default_rng(1)
    low = np.array([[0, -5, 6], [3, -4, 5], [0, 9, 0]], np.float32)
    person: Any = SimpleNamespace(vertices=low)
    other: Any = SimpleNamespace(vertices=low + np.float32(1))
    alone = [sample_shape(person, [person], rng) for _ in range(20)]
    assert all((shape[:2] == low[:2]).all() for shape in alone)
    assert any((shape[2] != low[2]).any() for shape in alone)
    mixed = [sample_shape(person, [other], rng)[0] for _ in range(20)]
    moved = np.stack(mixed) - low[0]
    assert moved.min() >= -0.4 - 1e-5
    assert moved.max() <= 0.8 + 1e-5
    assert moved.std() > 0


def test_a_perfect_camera_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (32, 32, 3)).astype(np.uint8)
    perfect = Camera(gamma=(1, 1), blur=0, noise=0, jpeg=0)
    np.testing.assert_allclose(degrade(image, perfect, rng), image, atol=1)
    for worse in ({"blur": 1, "blur_sigma": (2, 2)}, {"noise": 40}, {"jpeg": 1, "quality": (1, 1)}, {"gamma": (3, 3)}):
        changed = degrade(image, Camera(**{**perfect.model_dump(), **worse}), rng)
        assert np.abs(changed.astype(int) - image).mean() > 5
