"""Manifests and folders of classes: what a person has on disk becomes rows."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training data need mien[train]")
pytest.importorskip("pyarrow")

from PIL import Image as PillowImage

from mien.datasets.folders import FolderTable, ManifestTable
from mien.errors import InputError


def put(path: Path, value: int = 0, width: int = 8) -> None:
    """A flat PNG; its gray level tells which picture it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((6, width, 3), value, np.uint8))


def levels(table: FolderTable | ManifestTable, start: int = 0) -> list[int | None]:
    return [None if image is None else int(image[0, 0, 0]) for image in table.images(start=start)]


def manifest(folder: Path, text: str, name: str = "faces.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(("name", "separator"), [("faces.csv", ","), ("faces.csv", ";"), ("faces.tsv", "\t")])
@pytest.mark.parametrize("column", ["image", "path", "file"])
def test_a_manifest_beside_its_pictures(tmp_path: Path, name: str, separator: str, column: str) -> None:
    for k in range(3):
        put(tmp_path / "pictures" / f"{k}.png", k)
    rows = [(column, "age", "glasses", "id"), ("pictures/2.png", "31", "yes", "007"), ("pictures/0.png", "", "", "008")]
    table = ManifestTable(manifest(tmp_path, "\n".join(separator.join(row) for row in rows), name))
    assert len(table) == 2
    assert levels(table) == [2, 0]
    columns = table.columns()
    assert sorted(columns) == ["age", "file", "glasses", "id"]
    assert columns["age"] == pytest.approx(np.array([31, np.nan]), nan_ok=True)
    assert columns["glasses"].tolist() == ["yes", None]
    assert columns["id"].tolist() == ["007", "008"]
    assert columns["file"].tolist() == ["pictures/2.png", "pictures/0.png"]
    assert table.where(1) == f"{name}, row 1 (pictures/0.png)"
    assert table.name == "faces"


def test_pictures_may_lie_elsewhere(tmp_path: Path) -> None:
    put(tmp_path / "far" / "a.png", 5)
    path = manifest(tmp_path, "image,age\na.png,3\n")
    assert levels(ManifestTable(path, tmp_path / "far")) == [5]
    with pytest.raises(InputError, match=r"must lie below .* Got none of 1, such as 'a\.png'; say .* 'images'"):
        ManifestTable(path)


def test_broken_missing_and_unnamed_pictures_are_skips_and_stop_nothing(tmp_path: Path) -> None:
    put(tmp_path / "a.png", 5)
    (tmp_path / "b.png").write_bytes(b"not a picture")
    (tmp_path / "c.png").write_bytes(b"")
    table = ManifestTable(manifest(tmp_path, "image,age\nb.png,1\ngone.png,2\n,3\nc.png,4\na.png,5\n"))
    assert levels(table) == [None, None, None, None, 5]
    assert levels(table, 3) == [None, 5]
    wanted = np.zeros(5, bool)
    assert [image is None for image in table.images(wanted)] == [True] * 5


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    image = PillowImage.fromarray(np.tile(np.arange(0, 250, 10, dtype=np.uint8)[None, :, None], (10, 1, 3)))
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    (found,) = ManifestTable(manifest(tmp_path, "image\nturned.jpg\n")).images()
    assert found is not None
    assert found.shape == (25, 10, 3)
    assert found[0].mean() < found[-1].mean()


def test_a_column_is_text_where_one_cell_far_down_is(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    rows = "a.png,3\n" * 100_000 + "a.png,old\n"
    age = ManifestTable(manifest(tmp_path, "image,age\n" + rows)).columns()["age"]
    assert age[-1] == "old"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("age,sex\n3,f\n", "must have a column 'image', 'path' or 'file'. Got the columns age, sex"),
        ("image,age\na.png\n", "must be a readable CSV or TSV file"),
        ("", "must be a readable CSV or TSV file"),
        ("image,age\n,3\n", "must name at least one picture in 'image'. Got none"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        ManifestTable(manifest(tmp_path, text))
    assert said in str(caught.value)


def test_a_manifest_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "faces.csv").write_bytes("image,name\na.png,Zoë\n".encode("latin-1"))
    put(tmp_path / "a.png")
    with pytest.raises(InputError, match="in UTF-8"):
        ManifestTable(tmp_path / "faces.csv").columns()


def test_folders_are_classes(tmp_path: Path) -> None:
    for k, name in enumerate(("no/b.png", "no/a.png", "yes/deep/c.PNG", ".cache/d.png", "yes/.e.png")):
        put(tmp_path / "set.v1" / name, k)
    (tmp_path / "set.v1" / "readme.txt").write_text("no picture")
    table = FolderTable(tmp_path / "set.v1")
    assert table.columns()["file"].tolist() == ["no/a.png", "no/b.png", "yes/deep/c.PNG"]
    assert table.columns()["class"].tolist() == ["no", "no", "yes"]
    assert "split" not in table.columns()
    assert levels(table) == [1, 0, 2]
    assert table.name == "set.v1"


@pytest.mark.parametrize("val", ["val", "valid", "validation", "Val"])
def test_folders_below_train_val_and_test_are_classes_of_splits(tmp_path: Path, val: str) -> None:
    for name in ("train/no/a.png", f"{val}/yes/b.png", "test/no/c.png", "train/d.png"):
        put(tmp_path / name)
    columns = FolderTable(tmp_path).columns()
    by_file = dict(zip(columns["file"], zip(columns["class"], columns["split"], strict=True), strict=True))
    assert by_file == {
        "train/no/a.png": ("no", "train"), f"{val}/yes/b.png": ("yes", "val"),
        "test/no/c.png": ("no", "test"), "train/d.png": (None, "train"),
    }  # fmt: skip


def test_a_class_may_be_called_like_a_split(tmp_path: Path) -> None:
    put(tmp_path / "train" / "a.png")
    put(tmp_path / "ship" / "b.png")
    assert FolderTable(tmp_path).columns()["class"].tolist() == ["ship", "train"]


def test_pictures_without_a_folder_have_no_class(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    assert list(FolderTable(tmp_path).columns()) == ["file"]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no").mkdir()
    with pytest.raises(InputError, match=r"must hold pictures, in a folder for each class. Got none"):
        FolderTable(tmp_path)


def test_the_fingerprint_changes_when_a_picture_or_a_label_does(tmp_path: Path) -> None:
    put(tmp_path / "no" / "a.png", 1)
    path = manifest(tmp_path, "image,age\nno/a.png,3\n")
    folder, listed = FolderTable(tmp_path / "no").fingerprint, ManifestTable(path).fingerprint
    assert ManifestTable(path).fingerprint == listed
    manifest(tmp_path, "image,age\nno/a.png,4\n")
    assert ManifestTable(path).fingerprint != listed
    assert FolderTable(tmp_path / "no").fingerprint == folder
    os.utime(tmp_path / "no" / "a.png", (1, 1))
    changed = FolderTable(tmp_path / "no").fingerprint
    assert changed != folder
    (tmp_path / "no" / "a.png").rename(tmp_path / "no" / "b.png")
    assert FolderTable(tmp_path / "no").fingerprint != changed


def test_codes_stay_texts_and_numbers_numbers(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    large = ("12345678901234567890", "12345678901234567891")
    rows = ["image,person,age,score,camera,gap", f"a.png,01,30,1.50,{large[0]},7", f"a.png,1,31,2,{large[1]},"]
    columns = ManifestTable(manifest(tmp_path, "\n".join(rows))).columns()
    assert columns["person"].tolist() == ["01", "1"]
    assert columns["camera"].tolist() == list(large)
    assert columns["age"].tolist() == [30, 31]
    assert columns["score"].tolist() == [1.5, 2]
    assert np.array_equal(columns["gap"], [7, np.nan], equal_nan=True)


def test_a_name_of_two_columns_is_an_error(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"faces\.csv' must have different names\. Got 'age' more than once"):
        ManifestTable(manifest(tmp_path, "image,age,age\na.png,1,2"))
