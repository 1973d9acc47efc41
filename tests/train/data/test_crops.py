"""Crops are cut once: reopened without a look at the pictures, built again when half done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="crops belong to mien[train]")

from mien.faces import Faces
from mien.geometry import warp
from mien.train.data.crops import cut_crops, pick_face

SIZE = 8
SHIFT = np.array([[1, 0, -2], [0, 1, -3]], np.float32)


def pictures(count: int = 5) -> list[Any]:
    return [np.random.default_rng(i).integers(0, 256, (20, 24, 3), dtype=np.uint8) for i in range(count)]


def shift(image: np.ndarray, box: np.ndarray | None) -> np.ndarray:
    return SHIFT


def never() -> Iterator[Any]:
    raise AssertionError("crops are there already")
    yield


def cut(folder: Path, images: Any, locate: Any = shift, boxes: Any = None) -> Any:
    return cut_crops(images, 5, locate, SIZE, folder, boxes)


def test_crops_are_what_the_aligner_cuts(tmp_path: Path) -> None:
    images = pictures()
    found = cut(tmp_path / "set", images)
    assert found.row.tolist() == [0, 1, 2, 3, 4]
    assert found.matrix.shape == (5, 2, 3)
    for crop, image, matrix in zip(found.crops, images, found.matrix, strict=True):
        assert np.array_equal(crop, warp(image, matrix, SIZE))
        assert np.array_equal(crop, image[3 : 3 + SIZE, 2 : 2 + SIZE])


def test_second_time_only_opens_the_file(tmp_path: Path) -> None:
    first = cut(tmp_path / "deep" / "set", pictures())
    again = cut(tmp_path / "deep" / "set", never(), locate=None)
    assert np.array_equal(again.crops, first.crops)
    assert np.array_equal(again.matrix, first.matrix)
    assert isinstance(again.crops, np.memmap)
    assert not again.crops.flags.writeable
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["set"]


def test_rows_without_a_picture_or_a_face_are_left_out(tmp_path: Path) -> None:
    images = pictures()
    images[1] = None
    faceless = images[3]
    found = cut(tmp_path / "set", images, lambda image, box: None if image is faceless else SHIFT)
    assert found.row.tolist() == [0, 2, 4]
    assert len(found.crops) == len(found.matrix) == 3
    assert np.array_equal(found.crops[1], images[2][3 : 3 + SIZE, 2 : 2 + SIZE])


def test_a_set_without_any_face_is_empty(tmp_path: Path) -> None:
    found = cut(tmp_path / "set", [None] * 5)
    assert found.crops.shape == (0, SIZE, SIZE, 3)
    assert found.matrix.shape == (0, 2, 3)
    assert len(cut(tmp_path / "set", never()).row) == 0


def test_an_interrupted_cut_leaves_no_folder_and_the_next_one_starts_anew(tmp_path: Path) -> None:
    def break_off() -> Iterator[Any]:
        yield from pictures(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut(tmp_path / "set", break_off())
    assert not (tmp_path / "set").exists()
    assert (tmp_path / "set.partial").exists()
    (tmp_path / "set.partial" / "stray").write_text("left over")
    assert len(cut(tmp_path / "set", pictures()).row) == 5
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["crops.npy", "done.json", "where.npz"]
    assert not (tmp_path / "set.partial").exists()


def test_a_folder_without_the_mark_of_its_end_is_built_again(tmp_path: Path) -> None:
    cut(tmp_path / "set", [None] * 5)
    (tmp_path / "set" / "done.json").unlink()
    assert len(cut(tmp_path / "set", pictures()).row) == 5


def test_the_wanted_box_reaches_the_aligner_and_nan_means_unknown(tmp_path: Path) -> None:
    boxes = np.arange(20, dtype=np.float32).reshape(5, 4)
    boxes[2, 1] = np.nan
    seen: list[Any] = []
    cut(tmp_path / "set", pictures(), lambda image, box: seen.append(box), boxes)
    assert [None if box is None else box.tolist() for box in seen] == [
        None if i == 2 else boxes[i].tolist() for i in range(5)
    ]


class Found:
    """A detector that finds these boxes in every picture."""

    def __init__(self, *boxes: tuple[float, float, float, float]) -> None:
        box = np.array(boxes, np.float32).reshape(-1, 4)
        self.faces = Faces(box, np.ones(len(box), np.float32), np.arange(len(box) * 10.0).reshape(-1, 5, 2))

    def __call__(self, image: np.ndarray) -> Faces:
        return self.faces


BLANK = np.zeros((100, 200, 3), np.uint8)


def test_no_face_is_none() -> None:
    assert pick_face(Found(), BLANK, None) is None
    assert pick_face(Found(), BLANK, np.array([0, 0, 10, 10])) is None


def test_the_face_of_the_wanted_box_is_picked_with_its_landmarks() -> None:
    detector = Found((0, 0, 40, 40), (100, 20, 150, 70))
    box, landmarks = pick_face(detector, BLANK, np.array([105, 25, 150, 75]))
    assert box.tolist() == [[100, 20, 150, 70]]
    assert np.array_equal(landmarks, detector.faces.landmarks[1:])


def test_a_face_elsewhere_is_not_the_wanted_one() -> None:
    assert pick_face(Found((0, 0, 40, 40)), BLANK, np.array([30, 30, 70, 70])) is None


@pytest.mark.parametrize(
    ("boxes", "best"),
    [
        ([(0, 0, 40, 40), (80, 30, 120, 70)], 1),  # the middle one of two as large
        ([(96, 46, 104, 54), (60, 0, 160, 100)], 1),  # the large one, though a tiny one is nearer to the middle
        ([(85, 35, 115, 65), (0, 0, 30, 30), (170, 0, 200, 30)], 0),
    ],
)
def test_without_a_box_the_large_face_in_the_middle_is_picked(boxes: list[Any], best: int) -> None:
    assert pick_face(Found(*boxes), BLANK, None)[0].tolist() == [list(boxes[best])]
