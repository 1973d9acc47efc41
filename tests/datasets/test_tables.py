"""Parquet files read picture by picture, in order, whatever cannot be decoded."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="training data need pyarrow")
pytest.importorskip("pyarrow.parquet")

import pyarrow as pa
import pyarrow.parquet as pq

from mien.datasets import tables
from mien.datasets.tables import decode, iterate_images, open_table, read_columns
from mien.errors import InputError

RED = np.zeros((6, 4, 3), np.uint8)
RED[..., 0] = 200


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image[..., ::-1] if image.ndim == 3 else image)[1].tobytes()


def write(folder: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), folder / "set.parquet")
    return folder / "set.parquet"


def test_decoded_pictures_are_rgb() -> None:
    image = decode(png(RED))
    assert image is not None
    assert image.flags.c_contiguous
    assert np.array_equal(image, RED)


def test_gray_and_transparent_pictures_get_three_channels() -> None:
    gray = np.arange(24, dtype=np.uint8).reshape(6, 4)
    assert np.array_equal(decode(png(gray)), np.repeat(gray[..., None], 3, 2))
    clear = np.concatenate([RED[..., ::-1], np.full((6, 4, 1), 7, np.uint8)], 2)
    assert np.array_equal(decode(cv2.imencode(".png", clear)[1].tobytes()), RED)


@pytest.mark.parametrize("encoded", [None, b"", b"not a picture", png(RED)[:40]])
def test_what_cannot_be_decoded_is_none(encoded: bytes | None) -> None:
    assert decode(encoded) is None


@pytest.mark.parametrize("batch_size", [1, 2, 256])
def test_pictures_come_in_order_with_none_for_the_broken(tmp_path: Path, batch_size: int) -> None:
    images = [np.full((3, 3, 3), k, np.uint8) for k in range(5)]
    encoded = [png(image) for image in images]
    encoded[1], encoded[3] = None, b"broken"
    found = list(iterate_images(write(tmp_path, image=encoded), batch_size=batch_size))
    assert [None if image is None else int(image[0, 0, 0]) for image in found] == [0, None, 2, None, 4]


def test_pictures_that_are_not_wanted_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    monkeypatch.setattr(tables, "decode", lambda encoded: decoded.append(encoded) or RED)
    path = write(tmp_path, image=[b"0", b"1", b"2", b"3"])
    found = list(iterate_images(path, np.array([False, True, False, True]), batch_size=3))
    assert [image is not None for image in found] == [False, True, False, True]
    assert decoded == [b"1", b"3"]


def test_columns_leave_the_pictures_out_and_keep_lists(tmp_path: Path) -> None:
    path = write(tmp_path, image=[b"", b""], age=[1.5, None], id=["a", "b"], landmarks=[[1.0, 2.0], [3.0, 4.0]])
    columns = read_columns(path)
    assert sorted(columns) == ["age", "id", "landmarks"]
    assert columns["age"][0] == 1.5
    assert np.isnan(columns["age"][1])
    assert columns["id"].tolist() == ["a", "b"]
    assert columns["landmarks"].dtype == object
    assert columns["landmarks"][1].tolist() == [3, 4]


def test_file_without_pictures_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, age=[1.0])
    assert list(read_columns(path)) == ["age"]
    with pytest.raises(InputError, match=r"set\.parquet.*column 'image'"):
        next(iterate_images(path))


def test_a_set_of_many_pictures_is_never_held_at_once(tmp_path: Path) -> None:
    encoded = png(RED)
    images = iterate_images(write(tmp_path, image=[encoded] * 300), batch_size=8)
    assert next(images) is not None
    assert sum(image is not None for image in images) == 299


def test_a_file_that_is_missing_or_no_parquet_is_named(tmp_path: Path) -> None:
    text = tmp_path / "text.parquet"
    text.write_text("not a table")
    for path in (tmp_path / "gone.parquet", text):
        with pytest.raises(InputError, match="must be a readable Parquet file"):
            read_columns(path)


def test_the_kind_of_a_set_is_told_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "glasses").mkdir()
    cv2.imwrite(str(tmp_path / "glasses" / "a.png"), RED)
    (tmp_path / "list.csv").write_text("image,age\nglasses/a.png,3\n")
    kinds = {path: open_table(tmp_path / path).kind for path in ("list.csv", ".")}
    assert kinds == {"list.csv": "manifest", ".": "image folder"}
    assert open_table(write(tmp_path, image=[png(RED)])).kind == "Parquet"


@pytest.mark.parametrize("start", [0, 1, 3, 4, 6, 7])
def test_reading_from_a_row_on_skips_the_groups_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: int
) -> None:
    path = tmp_path / "set.parquet"
    encoded = [png(np.full((3, 3, 3), k, np.uint8)) for k in range(7)]
    pq.write_table(pa.table({"image": encoded}), path, row_group_size=3)
    decoded = []
    monkeypatch.setattr(tables, "decode", lambda data: decoded.append(data) or decode(data))
    found = [int(image[0, 0, 0]) for image in open_table(path).images(start=start)]
    assert found == list(range(start, 7))
    assert len(decoded) == 7 - start


def test_structs_of_bytes_are_pictures_too(tmp_path: Path) -> None:
    path = write(tmp_path, image=[{"bytes": png(RED), "path": "a.png"}, {"bytes": None, "path": "b.png"}])
    first, second = iterate_images(path)
    assert np.array_equal(first, RED)
    assert second is None


def test_what_a_file_says_of_itself_is_kept(tmp_path: Path) -> None:
    table = pa.table({"image": [png(RED)]}).replace_schema_metadata({"terms": "CC0", "pandas": "{}"})
    pq.write_table(table, tmp_path / "set.parquet")
    assert open_table(tmp_path / "set.parquet").metadata == {"terms": "CC0"}


@pytest.mark.parametrize("whole", [1 << 28, 0])
def test_the_fingerprint_changes_with_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: int) -> None:
    monkeypatch.setattr(tables, "_WHOLE", whole)
    path = write(tmp_path, image=[png(RED)], age=[1])
    first = open_table(path).fingerprint
    assert open_table(path).fingerprint == first
    assert open_table(write(tmp_path, image=[png(RED)], age=[2])).fingerprint != first
    darker = open_table(write(tmp_path, image=[png(RED // 2)], age=[1])).fingerprint
    assert darker != first


def test_rows_are_named_by_id_where_there_is_one(tmp_path: Path) -> None:
    assert open_table(write(tmp_path, image=[b""], id=["x7"])).where(0) == "set.parquet, row 0 (x7)"
    assert open_table(write(tmp_path, image=[b""])).where(0) == "set.parquet, row 0"


def test_one_large_group_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    noise = np.random.default_rng(0)
    encoded = [noise.bytes(4000) for _ in range(10_000)]
    pq.write_table(pa.table({"image": encoded}), path, row_group_size=10_000, use_dictionary=False)
    before = pa.total_allocated_bytes()
    images = iterate_images(path, batch_size=8)
    most = max(pa.total_allocated_bytes() - before for _ in images)
    assert most < path.stat().st_size / 3


def write_table(folder: Path, table: pa.Table) -> Path:
    pq.write_table(table, folder / "faces.parquet", compression="none")
    return folder / "faces.parquet"


def test_a_damaged_page_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = write_table(tmp_path, pa.table({"image": [b"x" * 500], "age": [20.0]}))
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"readable Parquet file.*faces\.parquet"):
        list(iterate_images(path))


@pytest.mark.parametrize("image", [[3], [{"path": "a.png"}]])
def test_pictures_that_are_no_bytes(tmp_path: Path, image: list[Any]) -> None:
    path = write_table(tmp_path, pa.table({"image": image}))
    with pytest.raises(InputError, match=r"encoded pictures \(bytes\)\. Got (int64|struct).* column of texts"):
        list(iterate_images(path))


def test_metadata_that_are_no_text(tmp_path: Path) -> None:
    table = pa.table({"image": [b"x"]}).replace_schema_metadata({b"\xff": b"a\xfe"})
    assert open_table(write_table(tmp_path, table)).metadata == {r"\xff": r"a\xfe"}


def test_paths_in_the_column_image_are_pictures_beside_the_file_or_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "red.png").write_bytes(png(RED))
    path = write(tmp_path, image=["pictures/red.png", None, "pictures/none.png"], age=[1.0, 2.0, 3.0])
    table = open_table(path)
    assert table.name == "set"
    assert table.columns()["age"].tolist() == [1, 2, 3]
    first, *others = table.images()
    assert np.array_equal(first, RED)
    assert others == [None, None]
    moved = write(tmp_path, image=["red.png"])
    assert np.array_equal(next(open_table(moved, tmp_path / "pictures").images()), RED)
    with pytest.raises(InputError, match=r"The pictures of .*set\.parquet' must lie below"):
        open_table(moved)


def test_a_name_of_two_columns_is_an_error(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["age", "age"]), tmp_path / "set.parquet")
    with pytest.raises(InputError, match=r"set\.parquet' must have different names\. Got 'age' more than once"):
        open_table(tmp_path / "set.parquet")
