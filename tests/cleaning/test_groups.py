"""Pictures become aligned faces in groups, or a row that says why not."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.fixtures.drawn_people import person, shifted

from mien.cleaning.groups import ALL, FaceCutter, Picture, Row, check_groups, folder_pictures
from mien.errors import InputError
from mien.geometry import Image


def picture(face: np.ndarray) -> Image:
    return np.repeat(np.asarray(face * 255, np.uint8)[..., None], 3, 2)


def rows_of(faces: np.ndarray, group: str = "one", side: int = 32) -> list[Row]:
    cutter = FaceCutter(side, aligned=True)
    return [cutter(Picture(f"{group}{i}", group, picture(face))) for i, face in enumerate(faces)]


def test_folders_are_groups(tmp_path: Path) -> None:
    for name in ("ann/a.png", "ann/old/b.png", "bob/c.png", "d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((9, 9), 7, np.uint8))
    (tmp_path / "bob" / "e.png").write_text("no picture")
    (tmp_path / "bob" / "f.mp4").write_text("no video")
    found = [(Path(one.source).name, one.group, one.image is None) for one in folder_pictures(tmp_path)]
    assert found == [
        ("a.png", "ann", False), ("b.png", "ann", False), ("c.png", "bob", False),
        ("e.png", "bob", True), ("f.mp4", "bob", True), ("d.png", ".", False),
    ]  # fmt: skip
    assert {one.group for one in folder_pictures(tmp_path, together=True)} == {ALL}
    reasons = [one.reason for one in folder_pictures(tmp_path) if one.image is None]
    assert "holds text" in reasons[0]
    assert "video" in reasons[1]


def test_no_folder_and_no_photo(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(InputError, match="must be a folder"):
            list(folder_pictures(folder))


def test_a_face_is_cut_where_it_is(astronaut: Image) -> None:
    cutter = FaceCutter(64)
    row = cutter(Picture("a", "g", astronaut))
    small = np.asarray(cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    half = cutter(Picture("b", "g", small))
    assert row.status == half.status == "ok"
    assert row.crop is not None
    assert half.crop is not None
    assert row.crop.shape == (64, 64)
    assert np.corrcoef(row.crop.ravel(), half.crop.ravel())[0, 1] > 0.95
    wide = FaceCutter(64, margin=8)(Picture("a", "g", astronaut)).crop
    assert wide is not None
    assert np.abs(wide[8:-8, 8:-8].astype(float) - row.crop).mean() < 3


def test_why_there_is_no_face() -> None:
    flat = np.full((90, 90, 3), 120, np.uint8)
    blank = FaceCutter(32)(Picture("a", "g", flat))
    assert (blank.status, blank.reason, blank.crop) == ("no_face", "no face", None)
    cutter = FaceCutter(32, aligned=True)
    told = [cutter(Picture("a", "g", image, "broken")) for image in (None, flat, flat[:80])]
    assert [row.status for row in told] == ["error"] * 3
    assert [row.reason for row in told] == [
        "broken", "The face is of one colour.", "90 x 80 pixels; the pictures before have 90 x 90.",
    ]  # fmt: skip


def test_each_group_is_held_against_itself() -> None:
    mixed = np.concatenate([person(0), person(100, 1)])
    rows = rows_of(mixed) + rows_of(person(100), "two") + rows_of(person(5, 2), "few")
    check_groups(rows)
    assert (rows[10].suspect, rows[10].rank, rows[10].reason) == (True, 1, "unlike the others")
    assert (rows[10].score or 0) > 3 * max(row.score or 0 for row in rows[11:21])
    assert not any(row.suspect for row in rows[21:])
    assert rows[21].reason == "fewer than 4 different faces in the group"
    assert rows[10].to_dict()["score"] > rows[10].to_dict()["threshold"]
    assert rows[21].to_dict()["score"] is None


def test_a_duplicate_names_what_it_copies() -> None:
    rows = rows_of(np.concatenate([person(0, 6), person(0, 1)]))
    check_groups(rows)
    assert rows[6].reason == "duplicate of one0"


def test_faces_of_a_group_are_moved_together() -> None:
    shifts = (0, 2, -2, 1, -1, 2, 0, -2)
    faces = np.stack([shifted(person(3, 1, 60)[0], x, 0) for x in shifts])
    loose, moved = rows_of(faces, side=60), rows_of(faces, side=60)
    check_groups(loose)
    check_groups(moved, margin=6)
    stacks = [np.stack([row.crop for row in rows if row.crop is not None]).astype(float) for rows in (loose, moved)]
    assert stacks[1].shape == (8, 48, 48)
    assert stacks[1].std(0).mean() < 0.3 * stacks[0][:, 6:-6, 6:-6].std(0).mean()
