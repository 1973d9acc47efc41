"""Crops are cut once: reopened without a look at the pictures, gone on with when half done."""

import shutil
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="crops belong to mien[train]")

from mien.datasets import crops
from mien.datasets.crops import FLUSH_ROWS, NO_FACE, Plan, cut_crops, find_face, pick_face
from mien.errors import InputError
from mien.faces import Faces
from mien.geometry import warp

SIZE = 8
SHIFT = np.array([[1, 0, -2], [0, 1, -3]], np.float32)


def pictures(count: int = 5) -> list[Any]:
    return [np.random.default_rng(i).integers(0, 256, (20, 24, 3), dtype=np.uint8) for i in range(count)]


def shift(image: np.ndarray, box: np.ndarray | None) -> np.ndarray:
    return SHIFT


def never(start: int) -> Any:
    raise AssertionError("crops are there already")


def cut(folder: Path, images: Any, locate: Any = shift, **plan: Any) -> Any:
    """Cut all pictures of a list, or of a function that gives those from a row on."""
    source = images if callable(images) else lambda start: images[start:]
    count = 5 if callable(images) else len(images)
    return cut_crops(source, locate, folder, Plan(**{"count": count, "size": SIZE, **plan}))


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
    again = cut(tmp_path / "deep" / "set", never, locate=None)
    assert np.array_equal(again.crops, first.crops)
    assert np.array_equal(again.matrix, first.matrix)
    assert isinstance(again.crops, np.memmap)
    assert not again.crops.flags.writeable
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["set"]


def test_rows_without_a_picture_or_a_face_are_left_out(tmp_path: Path) -> None:
    images = pictures()
    images[1] = None
    faceless = images[3]
    found = cut(
        tmp_path / "set",
        images,
        lambda image, box: NO_FACE if image is faceless else SHIFT,
        name_of="abcde".__getitem__,
    )
    assert found.row.tolist() == [0, 2, 4]
    assert found.dropped == {"unreadable": 1, "no face": 1}
    assert (tmp_path / "set" / "dropped.csv").read_text().split() == [
        "row,name,reason",
        "1,b,unreadable",
        "3,d,no",
        "face",
    ]
    assert len(found.crops) == len(found.matrix) == 3
    assert np.array_equal(found.crops[1], images[2][3 : 3 + SIZE, 2 : 2 + SIZE])


def test_a_set_without_any_face_is_empty(tmp_path: Path) -> None:
    found = cut(tmp_path / "set", [None] * 5)
    assert found.crops.shape == (0, SIZE, SIZE, 3)
    assert found.matrix.shape == (0, 2, 3)
    assert len(cut(tmp_path / "set", never).row) == 0


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


def dying(images: list[Any], at: int, seen: list[int]) -> Any:
    """Pictures from a row on; reading row `at` dies."""

    def read(start: int) -> Iterator[Any]:
        for row in range(start, len(images)):
            if row == at:
                raise Killed
            seen.append(row)
            yield images[row]

    return read


@pytest.fixture
def short_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crops, "FLUSH_ROWS", 4)


@pytest.mark.usefixtures("short_flush")
@pytest.mark.parametrize("at", [0, 3, 4, 6, 9])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_killed_cut_goes_on_where_it_was_and_ends_as_an_unbroken_one(tmp_path: Path, at: int, workers: int) -> None:
    images: list[Any] = pictures(10)
    images[1] = images[8] = None
    seen: list[int] = []
    with pytest.raises(Killed):
        cut(tmp_path / "set", dying(images, at, []), count=10, workers=workers)
    assert not (tmp_path / "set").exists()
    found = cut(tmp_path / "set", dying(images, 99, seen), count=10, workers=workers)
    # With several workers some pictures that were read are not cut yet.
    assert seen[0] == 4 * (at // 4) if workers == 1 else seen[0] <= at
    whole = cut(tmp_path / "whole", images)
    assert found.row.tolist() == whole.row.tolist() == [0, 2, 3, 4, 5, 6, 7, 9]
    assert np.array_equal(found.crops, whole.crops)
    assert np.array_equal(found.matrix, whole.matrix)
    assert found.dropped == {"unreadable": 2}
    for name in ("dropped.csv", "aligned.json"):
        assert (tmp_path / "set" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("step", ["where.npz", "dropped.csv", "finish", "aligned.json", "rename"])
def test_a_kill_between_the_last_steps_repeats_them_and_reads_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise Killed

    finish: Any = None
    with monkeypatch.context() as patch:
        if step == "where.npz":
            patch.setattr(np, "savez", die)
        elif step == "dropped.csv":
            patch.setattr(crops.csv, "writer", die)
        elif step == "finish":
            finish = die
        elif step == "aligned.json":
            real = crops.replace_text
            patch.setattr(crops, "replace_text", lambda path, text: die() if path.name == step else real(path, text))
        else:
            patch.setattr(Path, "rename", die)
        with pytest.raises(Killed):
            cut(tmp_path / "set", pictures(), finish=finish)
    assert not (tmp_path / "set").exists()
    found = cut(tmp_path / "set", lambda start: [] if start == 5 else never(start))
    assert found.row.tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(found.crops, cut(tmp_path / "whole", pictures()).crops)
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == [
        "aligned.json", "crops.npy", "dropped.csv", "where.npz",
    ]  # fmt: skip


def test_a_cut_that_was_begun_otherwise_starts_anew(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        cut(tmp_path / "set", dying(pictures(), 4, []), count=5, info={"fingerprint": "a"})
    (tmp_path / "set.partial" / "stray").write_text("left over")
    seen: list[int] = []
    cut(tmp_path / "set", dying(pictures(), 99, seen), count=5, info={"fingerprint": "b"})
    assert seen == [0, 1, 2, 3, 4]
    assert not (tmp_path / "set" / "stray").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_folder_without_the_mark_of_its_end_is_built_again(tmp_path: Path) -> None:
    cut(tmp_path / "set", [None] * 5)
    (tmp_path / "set" / "aligned.json").unlink()
    assert len(cut(tmp_path / "set", pictures()).row) == 5


def test_fewer_pictures_than_rows_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'set' must have 5 pictures, one a row. Got 3"):
        cut(tmp_path / "set", lambda start: pictures(3)[start:])


def test_a_full_disk_is_said_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=5 * SIZE * SIZE * 3 - 1)
    monkeypatch.setattr(crops.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(InputError, match="GB free for the crops"):
        cut(tmp_path / "set", never)


def test_few_pictures_are_held_at_a_time_however_many_there_are(tmp_path: Path) -> None:
    count, side = 2 * FLUSH_ROWS, 200
    for workers in (1, 2):
        tracemalloc.start()
        cut(
            tmp_path / f"set-{workers}",
            lambda start: (np.full((side, side, 3), row % 256, np.uint8) for row in range(start, count)),
            count=count, size=64, workers=workers,
        )  # fmt: skip
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 12 * side * side * 3 + 1e6  # all pictures would be 61 MB


def test_the_wanted_box_reaches_the_aligner_and_nan_means_unknown(tmp_path: Path) -> None:
    boxes = np.arange(20, dtype=np.float32).reshape(5, 4)
    boxes[2, 1] = np.nan
    seen: list[Any] = []
    cut(tmp_path / "set", pictures(), lambda image, box: seen.append(box) or NO_FACE, boxes=boxes)
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
    detector, box = Found((0, 0, 40, 40)), np.array([30, 30, 70, 70])
    assert pick_face(detector, BLANK, box) is None
    assert find_face(detector, BLANK, box) == "no face at the labelled place"
    assert find_face(Found(), BLANK, box) == "no face"


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


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("crops.npy", cut_short), ("crops.npy", lambda path: path.write_bytes(b"")), ("crops.npy", Path.unlink),
        ("where.npz", cut_short), ("where.npz", Path.unlink), ("aligned.json", lambda path: path.write_text("{")),
        ("aligned.json", lambda path: path.write_text("[1]")),
        ("crops.npy", lambda path: np.save(path, np.zeros((2, SIZE, SIZE, 3), np.uint8))),
    ],
)  # fmt: skip
def test_a_damaged_folder_is_named(tmp_path: Path, name: str, harm: Any) -> None:
    cut(tmp_path / "set", pictures())
    harm(tmp_path / "set" / name)
    with pytest.raises(InputError, match=rf"set/{name}' must be as it was written\. Got a damaged file .* delete"):
        crops.open_crops(tmp_path / "set")


@pytest.mark.parametrize("name", ["crops.npy", "outcome.npy", "progress.json"])
def test_a_damaged_half_of_a_cut_is_begun_anew(tmp_path: Path, name: str) -> None:
    def dies(start: int) -> Iterator[Any]:
        yield from pictures(FLUSH_ROWS)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        cut(tmp_path / "set", dies, count=FLUSH_ROWS + 2)
    path = tmp_path / "set.partial" / name
    path.write_bytes(b"{}" if name == "progress.json" else path.read_bytes()[:300])
    images = pictures(FLUSH_ROWS + 2)
    found = cut(tmp_path / "set", images)
    assert np.array_equal(found.crops[0], images[0][3 : 3 + SIZE, 2 : 2 + SIZE])
    assert len(found.row) == FLUSH_ROWS + 2


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(InputError, match=r"must be one that can be written to\. Got '.*cache': .*cache_dir=FOLDER"):
        cut(tmp_path / "cache" / "set", pictures())
