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

from mien.errors import InputError
from mien.train.data import tables
from mien.train.data.tables import decode, iterate_images, read_columns

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
