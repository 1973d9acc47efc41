"""The detector finds the one face of a well-known photo, however it is turned, scaled, cropped or framed."""

import re
from typing import Any

import cv2
import numpy as np
import pytest

from mien.errors import InputError
from mien.faces import Faces
from mien.geometry import Array, Image, box_iou
from mien.runtime.detector import Detector, _View

data = pytest.importorskip("skimage.data")

BOX = np.array([[178.0, 62.0, 269.0, 176.0]], np.float32)
EYES = np.array([[200, 102], [247, 102]], np.float32)
CENTER = (BOX[0, :2] + BOX[0, 2:]) / 2


@pytest.fixture(scope="module")
def photo() -> Image:
    return np.asarray(data.astronaut(), np.uint8)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(threads=1)


def resized(image: Image, width: int, height: int) -> Image:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def on_canvas(photo: Image, height: int, width: int, x: int, y: int) -> Image:
    canvas = np.full((height, width, 3), 90, np.uint8)
    canvas[y : y + photo.shape[0], x : x + photo.shape[1]] = photo
    return canvas


def same(a: Faces, b: Faces, within: float = 1e-2) -> bool:
    pairs = ((a.box, b.box), (a.score, b.score), (a.landmarks, b.landmarks))
    return all(x.shape == y.shape and np.allclose(x, y, atol=within) for x, y in pairs)


def test_the_one_face_is_where_it_is(detector: Detector, photo: Image) -> None:
    faces = detector(photo)
    assert len(faces) == 1
    assert box_iou(faces.box, BOX)[0, 0] > 0.9
    assert np.abs(faces.landmarks[0, :2] - EYES).max() < 5
    right_eye, left_eye, nose, right_mouth, left_mouth = faces.landmarks[0]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert right_eye[1] < nose[1] < right_mouth[1]
    assert 0.9 < faces.score[0] <= 1
    assert faces.landmarks_68 is None
    assert faces.pose is None


def test_other_pictures_have_none(detector: Detector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    for image in (data.chelsea(), data.coffee(), noise, np.zeros((480, 640, 3), np.uint8)):
        faces = detector(image)
        assert faces.box.shape == (0, 4)
        assert faces.score.shape == (0,)
        assert faces.landmarks.shape == (0, 5, 2)


@pytest.mark.parametrize("angle", range(0, 360, 30))
def test_a_face_turned_in_the_picture_is_found(detector: Detector, photo: Image, angle: int) -> None:
    turn = cv2.getRotationMatrix2D((256, 256), angle, 1.0)
    turned = cv2.warpAffine(photo, turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    faces = detector(np.asarray(turned, np.uint8))
    assert len(faces) == 1
    center = turn[:, :2] @ CENTER + turn[:, 2]
    assert np.abs((faces.box[0, :2] + faces.box[0, 2:]) / 2 - center).max() < 0.2 * 100


@pytest.mark.parametrize("side", [16, 20, 24, 32, 64])
def test_a_small_face_is_found(photo: Image, side: int) -> None:
    small = resized(photo, *[round(512 * side / 91)] * 2)
    faces = Detector(min_face=12, threads=1)(small)
    assert len(faces) == 1
    assert box_iou(faces.box, BOX * small.shape[0] / 512)[0, 0] > 0.75


@pytest.mark.parametrize("scale", [2, 4, 6])
def test_a_large_face_is_found(detector: Detector, photo: Image, scale: int) -> None:
    faces = detector(np.asarray(cv2.resize(photo, None, fx=scale, fy=scale), np.uint8))
    assert len(faces) == 1
    assert box_iou(faces.box, BOX * scale)[0, 0] > 0.9


def test_a_tight_crop_is_looked_at_with_a_margin(detector: Detector, photo: Image) -> None:
    x1, y1, x2, y2 = BOX[0].astype(int)
    whole = np.array([[0, 0, x2 - x1, y2 - y1]], np.float32)
    crop = photo[y1:y2, x1:x2]
    for scale in (0.5, 1, 3):
        image = resized(crop, round(crop.shape[1] * scale), round(crop.shape[0] * scale))
        assert box_iou(detector(image).box, whole * scale).max() > 0.7


def test_a_second_look_finds_a_face_that_fills_the_picture(detector: Detector, photo: Image) -> None:
    inner = photo[82:156, 198:249]
    large = np.asarray(cv2.resize(inner, (408, 592), interpolation=cv2.INTER_LINEAR), np.uint8)
    assert len(detector._look([large], _View(1.0))[0]) == 0
    faces = detector(large)
    assert len(faces) == 1
    assert np.abs(faces.landmarks[0, :2] / 8 + [198, 82] - EYES).max() < 6


def test_a_picture_of_32_pixels(detector: Detector, photo: Image) -> None:
    x1, y1, x2, y2 = BOX[0].astype(int)
    faces = detector(resized(photo[y1 - 20 : y2 + 20, x1 - 20 : x2 + 20], 32, 32))
    assert len(faces) == 1
    assert np.abs((faces.box[0, :2] + faces.box[0, 2:]) / 2 - 16).max() < 3


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 2000), (2000, 1), (33, 1), (160, 159)])
def test_odd_shapes_are_no_trouble(detector: Detector, shape: tuple[int, int]) -> None:
    assert len(detector(np.full((*shape, 3), 120, np.uint8))) == 0


@pytest.mark.slow
def test_a_picture_of_100_megapixels(detector: Detector, photo: Image) -> None:
    large = np.asarray(cv2.resize(photo, None, fx=4, fy=4), np.uint8)
    faces = detector(on_canvas(large, 10_000, 10_000, 7_000, 3_000))
    assert len(faces) == 1
    assert box_iou(faces.box, BOX * 4 + [7_000, 3_000, 7_000, 3_000])[0, 0] > 0.75


def test_a_batch_finds_what_single_pictures_find(detector: Detector, photo: Image) -> None:
    x1, y1, x2, y2 = BOX[0].astype(int)
    images = [photo, photo[:, ::-1].copy(), photo[y1:y2, x1:x2], photo[40:360], np.zeros_like(photo), photo]
    found = detector.batch(images)
    assert [len(faces) for faces in found] == [1, 1, 1, 1, 0, 1]
    assert all(same(faces, detector(image)) for faces, image in zip(found, images, strict=True))
    assert same(found[0], found[-1], 1e-3)
    assert detector.batch([]) == []


def test_smallest_face_score_and_number_are_kept(photo: Image) -> None:
    pair = on_canvas(resized(photo, 256, 256), 512, 800, 530, 100)
    pair[:, :512] = photo
    both = Detector(threads=1)(pair)
    assert len(both) == 2
    assert (np.diff(both.score) <= 0).all()
    assert sorted(both.box[:, 0].round(-1).tolist()) == [180.0, 620.0]
    best = Detector(max_faces=1, threads=1)(pair)
    assert np.array_equal(best.box, both.box[:1])
    large = Detector(min_face=80, threads=1)(pair)
    assert box_iou(large.box, BOX).max() > 0.75
    assert len(large) == 1
    assert len(Detector(min_face=150, threads=1)(pair)) == 0
    assert len(Detector(score_threshold=0.98, threads=1)(photo)) == 0
    for threshold in (0.05, 0.3, 0.92):
        score = Detector(score_threshold=threshold, threads=1)(pair).score
        assert (score >= threshold).all()
        assert score.max() == both.score[0]


class Recorder:
    """Remembers the shapes that a session was given."""

    def __init__(self, session: Any) -> None:
        self.session, self.shapes = session, []

    def run(self, names: list[str], feed: dict[str, Array]) -> list[Array]:
        self.shapes.append(feed["input"].shape)
        return self.session.run(names, feed)


@pytest.mark.parametrize(
    ("options", "sides"),
    [
        ({}, [1280, 320]),
        ({"max_side": 512}, [512]),
        ({"max_side": 420}, [448]),
        ({"min_face": 48}, [1024, 320]),
        ({"min_face": 96}, [512]),
    ],
)
def test_how_large_a_picture_the_network_sees(photo: Image, options: dict[str, int], sides: list[int]) -> None:
    detector = Detector(threads=1, **options)
    recorder = detector._session = Recorder(detector._session)
    large = np.asarray(cv2.resize(photo, (2048, 2048)), np.uint8)
    assert len(detector(large)) == 1
    assert recorder.shapes == [(1, 3, side, side) for side in sides]


@pytest.mark.parametrize(
    "options",
    [{"min_face": 0}, {"score_threshold": 0.0}, {"score_threshold": 1}, {"max_faces": 0}, {"max_side": 63}]
    + [{"threads": 0}, {"threads": -1}],
)
def test_wrong_settings_are_refused(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(InputError, match=rf"^'{name}' must be .* Got {re.escape(str(options[name]))}\.$"):
        Detector(**options)
