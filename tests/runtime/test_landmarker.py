"""Landmarks and pose come back from the crop to the picture: in place, in size and turned as the face is."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.fixtures.tiny_models import MEAN, STD, save

from mien.faces import Faces
from mien.geometry import Array, CropTemplate, Image, five_points
from mien.runtime import landmarks
from mien.runtime.detector import Detector
from mien.runtime.landmarks import Landmarker

MARGIN = 1.5
POINTS = np.random.default_rng(0).uniform(-0.4, 0.4, (68, 2)).astype(np.float32)
UPRIGHT = CropTemplate(1).points - 0.5
POINTS[36:42], POINTS[42:48], POINTS[[30, 48, 54]] = UPRIGHT[0], UPRIGHT[1], UPRIGHT[2:]
POSE = [0.5, -0.2, 0.1]


def landmarker(folder: Path, points: Array = POINTS, pose: Any = POSE, **options: Any) -> Landmarker:
    biases = {"landmarks": points.ravel(), "pose": pose}
    return Landmarker(save(folder, "landmarks", biases, **options), 1)


def turned(points: Array, angle: float) -> Array:
    """Points turned counter-clockwise as seen, about the origin; y points down."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.asarray(points @ np.array([[c, -s], [s, c]]), np.float32)


def faces_at(*places: tuple[float, float, float, float]) -> Faces:
    """Faces of centre x, y, with a box of this longer side, turned by this angle."""
    boxes, points = [], []
    upright = CropTemplate(100).points - 50
    for x, y, side, angle in places:
        boxes.append([x - 0.4 * side, y - side / 2, x + 0.4 * side, y + side / 2])
        points.append(turned(upright * side / 100, angle) + [x, y])
    n = len(places)
    box, landmarks = np.array(boxes, np.float32).reshape(n, 4), np.array(points, np.float32).reshape(n, 5, 2)
    return Faces(box, np.linspace(0.9, 0.7, n), landmarks)


GRAY = np.full((300, 400, 3), 128, np.uint8)


@pytest.mark.parametrize("angle", [0, 30, -30, 90, 179, -135])
@pytest.mark.parametrize(("x", "y", "side"), [(200, 150, 80), (60.5, 70.25, 33), (5, 290, 200)])
def test_points_and_pose_of_a_turned_face(tmp_path: Path, x: float, y: float, side: float, angle: float) -> None:
    (faces,) = landmarker(tmp_path)([GRAY], [faces_at((x, y, side, angle))])
    expected = turned(POINTS * MARGIN * side, angle) + [x, y]
    assert faces.landmarks_68[0] == pytest.approx(expected, abs=2e-2)
    assert faces.landmarks[0] == pytest.approx(five_points(expected), abs=2e-2)
    pose = faces.pose[0]
    assert float(pose.yaw) == pytest.approx(15.0)
    assert float(pose.pitch) == pytest.approx(-6.0)
    assert (float(pose.roll) - (angle + 3.0) + 180) % 360 - 180 == pytest.approx(0, abs=1e-3)
    assert -180 <= float(pose.roll) < 180


@pytest.mark.parametrize("angle", [40, -90, 170])
def test_a_face_that_turns_out_turned_is_cut_again_upright(tmp_path: Path, angle: float) -> None:
    """The constant network says "turned by angle" in the first crop and again in the second one."""
    reader = landmarker(tmp_path, points=turned(POINTS, angle))
    (faces,) = reader([GRAY], [faces_at((200, 150, 80, 0))])
    expected = turned(POINTS * MARGIN * 80, 2 * angle) + [200, 150]
    assert faces.landmarks_68[0] == pytest.approx(expected, abs=2e-2)
    assert (float(faces.pose[0].roll) - (angle + 3.0) + 180) % 360 - 180 == pytest.approx(0, abs=1e-3)


def test_box_and_score_stay_the_detectors(tmp_path: Path) -> None:
    before = faces_at((100, 100, 50, 0), (200, 100, 60, 20))
    (after,) = landmarker(tmp_path)([GRAY], [before])
    assert after.box is before.box
    assert after.score is before.score
    assert not np.array_equal(after.landmarks, before.landmarks)
    assert after.age is None


def test_what_is_no_face_is_dropped_and_the_others_keep_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that takes bright crops for faces: presence = sigmoid(4 (brightness - 0.5 standard deviations))."""
    biases = {"landmarks": POINTS.ravel(), "pose": POSE, "presence": [-2.0]}
    weights = {"landmarks": np.zeros((3, 136)), "pose": np.zeros((3, 3)), "presence": np.full((3, 1), 4 / 3)}
    decoding = {"presence": {"slope": 1.0, "bias": 0.0, "threshold": 0.5}}
    monkeypatch.setattr(landmarks, "_TOO_SOFT", 0)  # the crops of this test are plain
    reader = Landmarker(save(tmp_path, "landmarks", biases, weights=weights, decoding=decoding), 1)
    image = np.full((300, 400, 3), 90, np.uint8)
    image[:, 200:] = 200
    places = ((80, 100, 50, 0), (300, 100, 50, 0), (90, 220, 60, 0), (310, 210, 40, 20))
    first, second, third = reader([image, GRAY, image], [faces_at(*places), faces_at(), faces_at(places[0])])
    assert (len(first), len(second), len(third)) == (2, 0, 0)
    assert np.array_equal(first.box, faces_at(*places).box[[1, 3]])
    assert first.landmarks_68[:, :, 0].mean(1) == pytest.approx([300, 310], abs=25)
    assert len(reader.points(image, faces_at(*places).box, faces_at(*places).landmarks)) == 4


def test_a_network_that_tells_no_presence_drops_nothing(tmp_path: Path) -> None:
    assert len(landmarker(tmp_path)([GRAY], [faces_at((100, 100, 50, 0))])[0]) == 1


def test_several_pictures_share_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = landmarker(tmp_path)
    shapes, model = [], reader.model
    monkeypatch.setattr(reader, "model", type("Spy", (), {"card": model.card, "__call__": None})())
    monkeypatch.setattr(type(reader.model), "__call__", lambda _, crops: shapes.append(crops.shape) or model(crops))
    given = [faces_at(), faces_at((90, 90, 40, 0), (200, 200, 70, 45)), faces_at(), faces_at((150, 120, 99, -20))]
    found = reader([GRAY] * 4, given)
    assert shapes == [(3, 16, 16, 3)]
    assert [len(faces) for faces in found] == [0, 2, 0, 1]
    for faces, alone in zip(found, given, strict=True):
        assert faces.landmarks_68.shape == (len(alone), 68, 2)
        assert faces.pose.roll.shape == (len(alone),)
        if len(alone):
            (single,) = reader([GRAY], [alone])
            assert faces.landmarks_68 == pytest.approx(single.landmarks_68)
    assert len(Faces.concat(found)) == 3


def test_every_face_is_read_from_its_own_place(tmp_path: Path) -> None:
    """The red of the crop becomes the yaw: places of known colour give known yaws."""
    weight = np.zeros((3, 3))
    weight[0, 0] = 1
    weights = {"landmarks": np.zeros((3, 136)), "pose": weight}
    reader = landmarker(tmp_path, pose=[0, 0, 0], weights=weights)
    images = [np.zeros((300, 400, 3), np.uint8) for _ in range(2)]
    images[0][:, :200, 0], images[0][:, 200:, 0], images[1][..., 0] = 50, 150, 200
    images[1][..., 1:] = 77
    first, second = reader(images, [faces_at((100, 100, 40, 10), (300, 100, 40, 0)), faces_at((200, 150, 99, 90))])
    yaw = np.concatenate([first.pose.yaw, second.pose.yaw])
    assert yaw == pytest.approx(30 * (np.array([50, 150, 200]) - MEAN) / STD, abs=1e-3)


def test_no_faces_are_left_as_they_are(tmp_path: Path) -> None:
    given = [Faces.empty(), Faces.empty()]
    found = landmarker(tmp_path)([GRAY, GRAY], given)
    assert [len(faces) for faces in found] == [0, 0]
    assert found[0] is given[0]
    assert landmarker(tmp_path)([], []) == []


def test_points_alone(tmp_path: Path) -> None:
    reader, faces = landmarker(tmp_path), faces_at((100, 100, 50, 30), (200, 100, 60, 0))
    points = reader.points(GRAY, faces.box, faces.landmarks)
    assert points == pytest.approx(reader([GRAY], [faces])[0].landmarks_68)


def test_the_margin_is_the_one_of_the_card(tmp_path: Path) -> None:
    crop = {"kind": "square", "size": 16, "margin": 3.0}
    (faces,) = landmarker(tmp_path, crop=crop)([GRAY], [faces_at((200, 150, 40, 0))])
    assert faces.landmarks_68[0] == pytest.approx(POINTS * 3.0 * 40 + [200, 150], abs=1e-2)


def test_a_blurred_face_is_not_taken_for_texture(astronaut: Image) -> None:
    soft = cv2.GaussianBlur(astronaut, (0, 0), 8)
    faces = Detector(threads=1)(soft)
    assert len(faces) == 1
    assert len(Landmarker(threads=1)([soft], [faces])[0]) == 1
