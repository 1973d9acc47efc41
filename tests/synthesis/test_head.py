"""Synthetic heads: the rasteriser on a made-up mesh, folds, and the labels on the real assets."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="the renderer needs mien[train]")
pytest.importorskip("pyarrow", reason="training data need pyarrow")

from mien.facs import CODES
from mien.geometry import MIRROR_68, Array
from mien.synthesis.assets import HeadModel, Person, load_model, load_people
from mien.synthesis.head import Rendering, Scene, render, rotation
from mien.synthesis.raster import COLORS, GUMS, MOUTH, SKIN, TEETH, rasterise, vertex_normals
from mien.synthesis.skin import crease, fill_background, place_folds

ASSETS = Path(__file__).resolve().parents[3] / "shared" / "data"
FRONT = np.array([0, 0, 1], np.float32)


@pytest.fixture(scope="module")
def head() -> tuple[HeadModel, list[Person]]:
    mesh, photos = ASSETS / "synthetic_heads_model.npz", ASSETS / "synthetic_heads_people.parquet"
    if not (mesh.is_file() and photos.is_file()):
        pytest.skip(f"the head model and its people are not in {ASSETS.parent.name}/{ASSETS.name}")
    model = load_model(mesh)
    return model, load_people(photos, model)


def scene_of(**units: float) -> Scene:
    values = np.array([units.get(code, 0.0) for code in CODES], np.float32)
    return Scene(left=values.copy(), right=values.copy())


def draw(points: Array, triangles: list[list[int]], material: list[int], uv: Array | None = None) -> Array:
    """Picture (8, 8, 3), -1 where nothing was drawn, lit fully from the front."""
    canvas = np.full((8, 8, 3), -1, np.float32)
    count = len(points)
    texture = np.zeros((4, 4, 3), np.uint8)
    texture[:, 2:] = 200
    rasterise(
        points, np.tile(FRONT, (count, 1)), np.ones(count, np.float32),
        np.zeros((count, 2), np.float32) if uv is None else uv, np.array(triangles, np.int32),
        np.array(material, np.int32), texture, COLORS, FRONT, np.ones(3, np.float32), 1.0, canvas,
    )  # fmt: skip
    return canvas


SQUARE = np.array([[1, 1, 0], [5, 1, 0], [5, 5, 0], [1, 5, 0]], np.float32)
TOWARDS_US = [[0, 2, 1], [0, 3, 2]]


def test_square_covers_its_pixels_and_no_others() -> None:
    drawn = draw(SQUARE, TOWARDS_US, [MOUTH, MOUTH])[..., 0] >= 0
    assert drawn[1:6, 1:6].all()
    assert drawn.sum() == 25


def test_triangles_seen_from_behind_are_not_drawn() -> None:
    assert (draw(SQUARE, [[0, 1, 2], [0, 2, 3]], [MOUTH, MOUTH]) == -1).all()


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_nearer_triangle_wins_whatever_the_order(order: list[int]) -> None:
    points = np.concatenate([SQUARE, SQUARE + [0, 0, 1]]).astype(np.float32)
    triangles, material = [[0, 2, 1], [4, 6, 5]], [MOUTH, GUMS]
    canvas = draw(points, [triangles[i] for i in order], [material[i] for i in order])
    assert canvas[2, 4].tolist() == COLORS[GUMS].tolist()


def test_teeth_do_not_poke_through_a_surface_just_behind_them() -> None:
    points = np.concatenate([SQUARE, SQUARE + [0, 0, 0.2]]).astype(np.float32)
    canvas = draw(points, [[0, 2, 1], [4, 6, 5]], [MOUTH, TEETH])
    assert canvas[2, 4].tolist() == COLORS[MOUTH].tolist()


def test_texture_is_looked_up_between_its_pixels() -> None:
    uv = np.array([[1, 0], [2, 0], [2, 3], [1, 3]], np.float32)
    row = draw(SQUARE, TOWARDS_US, [SKIN, SKIN], uv)[3, 1:6, 0]
    np.testing.assert_allclose(row, [0, 50, 100, 150, 200], atol=1e-3)


def test_normals_point_out_of_the_surface() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    np.testing.assert_allclose(vertex_normals(vertices, np.array([[0, 1, 2]], np.int32)), [FRONT] * 3)


def test_rotation_has_the_signs_of_mien() -> None:
    nose, crown = np.array([0, 0, 1]), np.array([0, 1, 0])
    assert (rotation(30, 0, 0) @ nose)[0] > 0  # to the right side of the picture, the person's left
    assert (rotation(0, 30, 0) @ nose)[1] < 0  # down
    assert (rotation(0, 0, 30) @ crown)[0] < 0  # counter-clockwise in the picture


def test_white_background_goes_and_the_face_stays() -> None:
    photo = np.full((300, 300, 3), 225, np.uint8)
    photo[60:250, 90:210] = (150, 100, 80)
    landmarks = np.random.default_rng(0).uniform([110, 100], [190, 230], (68, 2)).astype(np.float32)
    filled = fill_background(photo, landmarks)
    assert filled.max() < 160
    assert (filled[100:200, 120:180] == photo[100:200, 120:180]).all()


def test_folds_darken_the_side_that_moves() -> None:
    landmarks = np.zeros((68, 2), np.float32)
    landmarks[[36, 39, 40, 41]] = [[100, 150], [130, 150], [120, 155], [110, 155]]
    landmarks[[45, 42, 47, 46]] = [[240, 150], [210, 150], [220, 155], [230, 155]]
    texture = np.full((340, 340, 3), 128, np.uint8)
    moving, still = scene_of(AU06=1.0).left, scene_of().left
    creased = crease(texture, place_folds(landmarks), moving, still, FRONT, 0)
    assert creased[:, 190:].min() < 110
    assert (creased[120:190, :150] == 128).all()


def test_landmarks_are_in_multi_pie_order(head: tuple[HeadModel, list[Person]]) -> None:
    model, people = head
    points = render(model, people[0], Scene(), 160).landmarks
    assert points[36, 0] < points[39, 0] < points[42, 0] < points[45, 0]  # the person's right eye first
    assert points[8, 1] == points[:, 1].max()
    mirrored = points[MIRROR_68] * [-1, 1] + [2 * points[27, 0], 0]
    np.testing.assert_allclose(mirrored, points, atol=4)


def nose_from_jaw(drawn: Rendering) -> Array:
    return np.asarray(drawn.landmarks[30] - drawn.landmarks[[0, 16]].mean(0), np.float32)


def test_pose_turns_the_picture_as_named(head: tuple[HeadModel, list[Person]]) -> None:
    model, people = head
    plain, turned, bowed = (render(model, people[0], scene, 160) for scene in (Scene(), Scene(yaw=30), Scene(pitch=25)))
    assert nose_from_jaw(turned)[0] > nose_from_jaw(plain)[0] + 10
    assert nose_from_jaw(bowed)[1] > nose_from_jaw(plain)[1] + 5
    tilted = render(model, people[0], Scene(roll=20), 160).landmarks
    assert tilted[45, 1] < tilted[36, 1] - 10  # the eye on the right side of the picture stands higher


def test_lips_part_label_follows_the_gap(head: tuple[HeadModel, list[Person]]) -> None:
    model, people = head
    part = CODES.index("AU25")
    label = [
        render(model, people[0], scene, 64).intensity[part]
        for scene in (Scene(), scene_of(AU12=1.0), scene_of(AU24=1.0), scene_of(AU26=0.1), scene_of(AU26=1.0))
    ]
    assert label[0] == 0
    assert max(label[1:3]) < 0.2
    assert 0 < label[3] < label[4] == 1


@pytest.mark.parametrize("code", CODES)
def test_every_unit_changes_the_picture(head: tuple[HeadModel, list[Person]], code: str) -> None:
    model, people = head
    before = render(model, people[5], Scene(), 160).image.astype(int)
    after = render(model, people[5], scene_of(**{code: 1.0}), 160).image.astype(int)
    assert (np.abs(after - before).max(2) > 12).sum() > 20


def test_sides_are_the_persons(head: tuple[HeadModel, list[Person]]) -> None:
    model, people = head
    left_only = Scene(left=scene_of(AU43=1.0).left)
    moved = np.abs(
        render(model, people[0], left_only, 160).landmarks - render(model, people[0], Scene(), 160).landmarks
    )
    assert moved[42:48].max() > 1  # the person's left eye
    assert moved[36:42].max() < 0.2
