"""What comes before a face: it covers what it says, where it is lit it is bright, and the rest of the picture stays."""

import numpy as np
import pytest
from tests.fixtures.made_up_head import landmarks

pytest.importorskip("numba", reason="the renderer needs mien[train]")
pytest.importorskip("pydantic")

from mien.geometry import Array, Image
from mien.synthesis.head import Scene
from mien.synthesis.occluders import KINDS, occlude, skin_patch
from mien.synthesis.recipe import Occluders

SIZE = 128
EYES = slice(36, 48)
SKIN = np.full((30, 30, 3), (200, 140, 110), np.uint8)


@pytest.fixture
def points() -> Array:
    """Landmarks (68, 2) in the middle of a picture of SIZE pixels."""
    return np.asarray(landmarks() * [5, -5] + [SIZE / 2, SIZE / 2], np.float32)


def draw(kind: str, points: Array, seed: int, scene: Scene | None = None, gray: int = 0) -> tuple[Image, float]:
    image = np.full((SIZE, SIZE, 3), gray, np.uint8)
    return occlude(image, points, scene or Scene(), SKIN, kind, np.random.default_rng(seed))


def opacity(kind: str, points: Array, seed: int) -> Array:
    """How much (S, S) of a picture is hidden: what a black one and a white one do not differ by any more."""
    black, white = (draw(kind, points, seed, gray=gray)[0].astype(float) for gray in (0, 255))
    return np.asarray(1 - (white - black).mean(2) / 255)


def hidden(kind: str, points: Array, seed: int) -> Array:
    """Landmarks (68,) that are hidden for the most part."""
    x, y = np.round(points.T).astype(int)
    return np.asarray(opacity(kind, points, seed)[y, x] > 0.5)


def test_kinds_are_those_of_the_recipe() -> None:
    assert set(KINDS) == set(Occluders().odds())


@pytest.mark.parametrize("kind", KINDS)
def test_share_is_that_of_the_landmarks_which_are_hidden(kind: str, points: Array) -> None:
    shares = []
    for seed in range(12):
        _, share = draw(kind, points, seed)
        assert share == pytest.approx(hidden(kind, points, seed).mean(), abs=1.5 / 68)  # parts that overlap at an edge
        assert opacity(kind, points, seed).min() < 0.01
        shares.append(share)
    assert max(shares) > 0.05


def test_dark_glasses_hide_the_eyes_and_little_else(points: Array) -> None:
    for seed in range(6):
        found = hidden("sunglasses", points, seed)
        assert found[EYES].all()
        assert not found[48:].any()
        image, _ = draw("sunglasses", points, seed, gray=255)
        x, y = np.round(points[36:42].mean(0)).astype(int)
        assert image[y, x].max() < 90


def test_scarf_hides_mouth_and_chin_and_leaves_the_brows(points: Array) -> None:
    for seed in range(6):
        found = hidden("scarf", points, seed)
        assert found[55:60].all()  # the lower lip
        assert not found[17:27].any()


def test_hands_have_the_colour_of_the_skin(points: Array) -> None:
    image, share = draw("hand", points, 1, Scene(light=(0, 0, 1)))
    assert share > 0
    hue = image[image[..., 0] > 60].astype(float)
    assert np.median(hue[:, 0] / hue[:, 2]) == pytest.approx(200 / 110, rel=0.1)


def test_the_side_towards_the_light_is_brighter(points: Array) -> None:
    sides = []
    for aside in (-1.5, 1.5):
        image, _ = draw("scarf", points, 3, Scene(light=(aside, 0, 0.9), ambient=0.2))
        cheek = [np.round(points[place]).astype(int) for place in (4, 12)]
        sides.append([float(image[y - 6 : y - 2, x - 2 : x + 3].mean()) for x, y in cheek])
    assert sides[0][0] > sides[1][0]
    assert sides[0][1] < sides[1][1]


def test_landmarks_outside_of_the_picture_do_not_count(points: Array) -> None:
    _, share = draw("scarf", points + [0, 400], 0)
    assert share == 0


def test_patch_is_the_piece_around_a_cheek() -> None:
    texture = np.zeros((240, 240, 3), np.uint8)
    texture[100:140, 60:100] = 200
    cheek = np.array([[70, 110], [90, 130]], np.float32)
    assert (skin_patch(texture, cheek) == 200).all()
    assert skin_patch(texture, cheek - 500).shape == skin_patch(texture, cheek).shape == (20, 20, 3)
