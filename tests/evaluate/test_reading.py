"""What `mien evaluate` takes as a model and as data, and what it refuses before it reads a picture."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="evaluation needs mien[train]")
pytest.importorskip("lightning")
pytest.importorskip("pyarrow")

from mien.errors import InputError
from mien.evaluate import reading
from mien.evaluate.reading import check_labels, column_labels, find_trained, read_data
from mien.runtime.models import Card

OWN = "classification:hat+regression:height+multilabel:worn"
DECODING = {
    "classification:hat": {"column": "headwear", "classes": ["cap", "none"]},
    "regression:height": {"column": "cm", "low": 50.0, "high": None},
    "multilabel:worn": {"columns": ["scarf", "mask"]},
}


def card(task: str, decoding: dict[str, Any], **values: Any) -> Card:
    return Card("m", task, {}, 0.0, 1.0, (), decoding, values)


def no_pictures(*_: Any) -> None:
    raise AssertionError("a picture was read")


def test_a_run_is_found_by_its_folder_once_it_is_exported(exported: Path, trained: Path, tmp_path: Path) -> None:
    assert find_trained(exported) == exported
    assert find_trained(str(exported)) == exported
    with pytest.raises(InputError, match=r"must have been exported: tiny\.onnx .* mien export"):
        find_trained(trained)
    (tmp_path / "recipe.json").write_bytes((trained / "recipe.json").read_bytes())
    for suffix in (".onnx", ".json"):
        (tmp_path / f"tiny{suffix}").write_bytes(exported.with_suffix(suffix).read_bytes())
    assert find_trained(tmp_path) == tmp_path / "tiny.onnx"


def test_what_is_no_model_is_refused(tmp_path: Path, exported: Path) -> None:
    with pytest.raises(InputError, match=r"an \.onnx file, or the folder of a run. Got 'mood'"):
        find_trained("mood")
    with pytest.raises(InputError, match=r"recipe\.json"):
        find_trained(tmp_path)
    with pytest.raises(InputError, match=r"nothing\.onnx' is not there"):
        find_trained(tmp_path / "nothing.onnx")
    (tmp_path / "bare.onnx").write_bytes(exported.read_bytes())
    with pytest.raises(InputError, match=r"bare\.json' is not there"):
        find_trained(tmp_path / "bare.onnx")


def test_labels_of_a_models_own_tasks() -> None:
    hat, height, worn = column_labels(card(OWN, DECODING))
    assert (hat.kind, hat.columns, hat.classes) == ("class", ("headwear",), ("cap", "none"))
    assert (height.kind, height.columns, height.low, height.high) == ("number", ("cm",), 50.0, np.inf)
    assert (worn.kind, worn.columns, worn.low, worn.high) == ("binary", ("scarf", "mask"), 0.0, 1.0)
    alone = column_labels(card("classification:hat", DECODING["classification:hat"]))
    assert alone == [hat]
    assert column_labels(card("age", {})) == []


@pytest.mark.parametrize(
    ("task", "wanted"),
    [("age", "'age' or 'age_group'"), ("expression", "'AU01'"), ("attractiveness", "'rating'"), ("landmarks", "'yaw'")],
)
def test_the_columns_that_a_task_wants_are_named(task: str, wanted: str) -> None:
    with pytest.raises(InputError, match=wanted):
        check_labels(card(task, {}), {"other": np.zeros(3)}, {"other": np.zeros(3)}, Path("x.csv"))


def test_one_label_of_several_tasks_is_enough_and_an_empty_column_is_none() -> None:
    one = {"classification:hat": np.array([[np.nan], [1.0]])}
    check_labels(card(OWN, DECODING), one, {}, Path("x.csv"))
    with pytest.raises(InputError, match=r"'headwear', or 'cm', or 'scarf', 'mask'\. Got the columns none"):
        check_labels(card(OWN, DECODING), {"classification:hat": np.full((2, 1), np.nan)}, {}, Path("x.csv"))


def test_a_manifest_and_an_image_folder_are_read_like_a_parquet_file(exported: Path, tiny: Any, tmp_path: Path) -> None:
    rows = [30, 31, 32]
    for k in rows:
        cv2.imwrite(str(tmp_path / f"{k}.png"), tiny.images[k][..., ::-1])
    # landmarks do not fit into a manifest; a model of ages needs less
    (tmp_path / "faces.csv").write_text("image,age\n" + "".join(f"{k}.png,30\n" for k in rows))
    table = reading.open_table(tmp_path / "faces.csv")
    faces, found, _ = reading.read_faces(exported, reading.read_card(exported), table, np.arange(3))
    whole = read_data(exported, tiny.folder / "faces.parquet", rows=np.array(rows))
    assert found.tolist() == [0, 1, 2]
    assert faces.landmarks_68 == pytest.approx(whole.faces.landmarks_68, abs=1e-3)
    assert whole.rows.tolist() == rows


def test_labels_are_checked_before_any_picture_is_read(
    exported: Path, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "read_faces", no_pictures)
    cv2.imwrite(str(tmp_path / "a.png"), tiny.images[0])
    (tmp_path / "faces.csv").write_text("image,age\na.png,30\n")
    with pytest.raises(InputError, match="'landmarks', 'yaw', 'pitch' and 'roll'"):
        read_data(exported, tmp_path / "faces.csv")
    with pytest.raises(InputError, match="'limit' must be"):
        read_data(exported, tiny.folder / "faces.parquet", limit=0)
    with pytest.raises(AssertionError, match="a picture was read"):
        read_data(exported, tiny.folder / "faces.parquet")


def test_any_cut_of_the_rows_reads_the_same_faces(exported: Path, tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_data(exported, tiny.folder / "faces.parquet", rows=np.array([1, 3, 7, 9, 30]))
    monkeypatch.setattr(reading, "_BATCH", 2)
    parts = read_data(exported, tiny.folder / "faces.parquet", rows=np.array([1, 3, 7, 9, 30]))
    assert parts.rows.tolist() == whole.rows.tolist() == [1, 9, 30]  # of 3 and 7 nothing can be read
    assert parts.faces.landmarks_68 == pytest.approx(whole.faces.landmarks_68, abs=1e-3)


def test_limit_draws_the_same_rows_each_time(exported: Path, tiny: Any) -> None:
    first, second = (read_data(exported, tiny.folder / "faces.parquet", limit=5) for _ in range(2))
    assert first.pictures == 5
    assert first.rows.tolist() == second.rows.tolist() == sorted(first.rows)
    assert first.rows.min() >= 22  # the test split
    assert first.rows.tolist() != [22, 23, 24, 25, 26]


def test_a_note_where_training_faces_may_be_among_those_measured(exported: Path, tiny: Any) -> None:
    assert json.loads(exported.with_suffix(".json").read_text())["data"][0]["file"] == "faces.parquet"
    assert "larger errors on new faces" in read_data(exported, tiny.folder / "faces.parquet", None, limit=5).note
    assert read_data(exported, tiny.folder / "faces.parquet", "test", limit=5).note == ""


def test_a_face_whose_picture_is_broken_is_passed_over(pictures: Callable[..., Any]) -> None:
    table = pictures([np.zeros((4, 4, 3), np.uint8), None, np.ones((4, 4, 3), np.uint8)])
    assert [row for row, _ in reading.pictures_of(table, np.array([1, 2]))] == [2]
    assert list(reading.pictures_of(table, np.zeros(0, np.int64))) == []


@pytest.fixture
def pictures() -> Callable[..., Any]:
    """A table of pictures given as arrays."""

    class Given(SimpleNamespace):
        def __len__(self) -> int:
            return len(self.given)

        def images(self, wanted: Any, start: int = 0) -> Any:
            return (image if w else None for image, w in zip(self.given[start:], wanted[start:], strict=True))

    return lambda given: Given(given=given)
