"""Which faces count, and that every route reads the same ones, cut as it wants them."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("pyarrow", reason="studies need mien[train]")

import cv2
import pyarrow as pa
import pyarrow.parquet as pq

from mien.datasets.schema import VOTES
from mien.geometry import Array, CropTemplate, Image, align, five_points
from mien.studies.routes import faces as study
from mien.studies.routes.routes import EXACT, Answers, Crops

ZEROS = dict.fromkeys((*VOTES, "unknown", "NF"), 0)


class Watcher:
    """A route that remembers what it was given."""

    def __init__(self, name: str, template: CropTemplate | None) -> None:
        self.name, self.template = name, template
        self.crops: list[Crops] = []
        self.points: list[Array] = []

    def read(self, crops: Crops, landmarks: Array) -> Answers:
        self.crops.append(crops)
        self.points.append(landmarks)
        first = landmarks[:, 0, :1]
        return Answers(np.repeat(first, 3, 1), first, {"shown": first[:, 0]})


def points(count: int) -> Array:
    return np.random.default_rng(0).uniform(20, 80, (count, 68, 2)).astype(np.float32)


def images(count: int) -> list[Image]:
    return list(np.random.default_rng(1).integers(0, 255, (count, 100, 100, 3)).astype(np.uint8))


def test_every_route_reads_the_same_faces_cut_as_it_wants_them() -> None:
    small, blind = Watcher("small", CropTemplate(24)), Watcher("blind", None)
    places, shown = points(70), images(70)
    pictures = (study.Picture(image, place) for image, place in zip(shown, places, strict=True))
    found = study.read_pictures(pictures, [small, blind], lambda image: pytest.fail("known landmarks are looked for"))
    assert found.found.all()
    np.testing.assert_array_equal(found.landmarks, places)
    assert np.concatenate(blind.crops).shape == (70, 0, 0, 3)
    np.testing.assert_array_equal(np.concatenate(blind.points), places)
    crops = np.concatenate(small.crops)
    expected = align(shown[66], five_points(places[66:67]), CropTemplate(24))[0]
    np.testing.assert_array_equal(crops[66], expected)
    for answers in found.answers.values():
        np.testing.assert_array_equal(answers.displays["shown"], places[:, 0, 0])
        assert answers.log_probability.shape == (70, 3)


def test_faces_that_are_not_found_are_left_out_for_all() -> None:
    place = points(1)[0]
    faces = iter([place, None, place + 1])
    found = study.read_pictures(map(study.Picture, images(3)), [Watcher("a", None)], lambda image: next(faces))
    assert found.found.tolist() == [True, False, True]
    np.testing.assert_array_equal(found.answers["a"].representation[:, 0], [place[0, 0], place[0, 0] + 1])


def test_only_the_exact_route_reads_exact_landmarks() -> None:
    seen, exact = points(2)
    routes = [Watcher(EXACT, None), Watcher("landmarks", None)]
    study.read_pictures([study.Picture(images(1)[0], seen, exact)], routes, lambda image: None)
    np.testing.assert_array_equal(routes[0].points[0][0], exact)
    np.testing.assert_array_equal(routes[1].points[0][0], seen)


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ({"happiness": 8, "neutral": 2}, 0),
        ({"neutral": 6, "sadness": 4}, 1),
        ({"anger": 3, "disgust": 3, "fear": 3, "neutral": 1}, 2),
        ({"surprise": 6, "happiness": 4}, study.SURPRISED),
        ({"surprise": 5, "happiness": 5}, -1),
        ({"unknown": 9, "neutral": 1}, -1),
    ],
)
def test_a_face_counts_where_most_agree(votes: dict[str, int], label: int) -> None:
    columns = {name: np.array([value, value]) for name, value in (ZEROS | votes).items()}
    assert study.clear_votes(columns).tolist() == [label, label]


@pytest.fixture
def voted(tmp_path: Path) -> Path:
    """Nine faces in three splits: happy, neutral, surprised in turn; the fifth picture shows none."""
    kinds = ("happiness", "neutral", "surprise") * 3
    columns = {name: [9 if name == kind else 0 for kind in kinds] for name in ZEROS}
    shown = [cv2.imencode(".png", np.full((20, 20, 3), 10 * k, np.uint8))[1].tobytes() for k in range(9)]
    split = ["train"] * 3 + ["val"] * 3 + ["test"] * 3
    pose = [None] * 6 + [1, 0, 1]
    path = tmp_path / "votes.parquet"
    pq.write_table(pa.table({"image": shown, "split": split, "pose30": pose, **columns}), path)
    return path


def test_landmarks_are_found_once_and_kept(voted: Path, tmp_path: Path) -> None:
    calls: list[int] = []

    def finder(image: Image) -> Array | None:
        calls.append(int(image[0, 0, 0]))
        return None if calls[-1] == 40 else np.full((68, 2), calls[-1], np.float32)

    faces = study.voted_faces(voted, tmp_path / "cache", None, finder)
    again = study.voted_faces(voted, tmp_path / "cache", None, finder)
    assert calls == [10 * k for k in range(9)]
    for part in (faces, again):
        assert part.row.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
        assert part.landmarks[:, 0, 0].tolist() == [0, 10, 20, 30, 50, 60, 70, 80]
        assert part.label.tolist() == [0, 1, 3, 0, 3, 0, 1, 3]
    test = faces.part("test", surprised=True)
    assert test.label.tolist() == [0, 1, 3]
    assert test.subset["pose30"].tolist() == [True, False, True]
    assert faces.part("train").label.tolist() == [0, 1]
    assert [int(picture.image[0, 0, 0]) for picture in test.pictures()] == [60, 70, 80]
    assert len(study.voted_faces(voted, tmp_path / "cache", 1, finder).row) <= 3
