"""Evaluation takes the path of `mien analyze`: what it reports can be computed again from what that path gives."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="evaluation needs mien[train]")
pytest.importorskip("lightning")
pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")

import pyarrow as pa
import pyarrow.parquet as pq

from mien.datasets.crops import pick_face
from mien.errors import InputError
from mien.evaluate.evaluator import Report, Row, check_target, evaluate_file, make_row, write_report
from mien.faces import Faces
from mien.geometry import align
from mien.runtime.detector import Detector
from mien.runtime.heads import Head
from mien.runtime.landmarks import Landmarker
from mien.runtime.models import embedded_models
from mien.tasks import Metric

POSE = ("yaw", "pitch", "roll")


def read_again(images: list[Any], landmarker: Landmarker, head: Head | None = None) -> Faces:
    """One face a picture, read picture by picture."""
    parts, detector = [], Detector(threads=1)
    for image in images:
        box, landmarks = pick_face(detector, image, None)
        (faces,) = landmarker([image], [Faces(box, np.ones(1, np.float32), landmarks)])
        parts.append(head(faces, align(image, faces.landmarks, head.template)) if head else faces)
    return Faces.concat(parts)


def test_the_numbers_are_those_of_the_path(exported: Path, tiny: Any) -> None:
    report = evaluate_file(exported, tiny.folder / "faces.parquet", "test", rounds=2)
    rows = np.arange(22, 58)
    faces = read_again([tiny.images[row] for row in rows], Landmarker(exported))
    truth = tiny.landmarks[rows]
    eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)
    error = np.linalg.norm(faces.landmarks_68 - truth, axis=2).mean(1) / eyes
    found = {row.name: row.value for row in report.rows}
    assert found["error / outer eye distance"] == pytest.approx(error.mean(), abs=1e-5)
    assert found["median error / outer eye distance"] == pytest.approx(np.median(error), abs=1e-5)
    for k, name in enumerate(POSE):
        away = np.abs(getattr(faces.pose, name) - tiny.pose[rows, k]).mean()
        assert found[f"{name} error, degrees"] == pytest.approx(away, abs=1e-3)
    assert (report.model, report.data, report.split) == ("tiny", "faces", "test")
    assert (report.pictures, report.faces) == (36, 36)
    assert report.title == "tiny on faces (test): 36 faces found in 36 pictures"


def test_pictures_without_a_face_count_as_pictures_only(exported: Path, tiny: Any) -> None:
    report = evaluate_file(exported, tiny.folder / "faces.parquet", None, rounds=2)
    assert (report.split, report.pictures, report.faces) == ("all", 58, 56)
    several = evaluate_file(exported, tiny.folder / "faces.parquet", ["train", "val"], rounds=2)
    assert (several.split, several.pictures, several.faces) == ("train+val", 22, 20)
    by_sex = evaluate_file(exported, tiny.folder / "faces.parquet", "male", column="gender", rounds=2)
    assert by_sex.pictures == 29


def test_groups_have_at_least_twenty_faces_and_the_main_measure(exported: Path, tiny: Any) -> None:
    report = evaluate_file(exported, tiny.folder / "faces.parquet", None, rounds=20)
    names = [row.name for row in report.groups]
    assert names[:2] == [f"error / outer eye distance, gender {sex}" for sex in ("female", "male")]
    assert all(row.faces >= 20 for row in report.groups)
    female, male = report.groups[:2]
    whole = report.rows[0]
    joined = (female.value * female.faces + male.value * male.faces) / (female.faces + male.faces)
    assert joined == pytest.approx(whole.value, abs=1e-6)
    assert all(row.low <= row.value <= row.high for row in (*report.rows, *report.groups))


def test_the_report_is_json_and_the_same_each_time(exported: Path, tiny: Any) -> None:
    reports = [evaluate_file(exported, tiny.folder / "faces.parquet", "val", rounds=50) for _ in range(2)]
    assert reports[0] == reports[1]
    plain = json.loads(json.dumps(reports[0].to_dict()))
    assert plain["summary"] == {row.name: row.value for row in reports[0].rows}
    assert plain["rows"][0]["faces"] == 6


@pytest.mark.parametrize(
    ("split", "said"), [("dev", "'split' must be one of test, train, val"), ([], "'split' must be one of")]
)
def test_a_split_that_is_not_there_is_refused(exported: Path, tiny: Any, split: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        evaluate_file(exported, tiny.folder / "faces.parquet", split)


def rewrite(tiny: Any, path: Path, drop: list[str], rows: Any = None, **add: Any) -> Path:
    table = pq.read_table(tiny.folder / "faces.parquet").drop_columns(drop)
    for name, value in add.items():
        table = table.append_column(name, pa.array(value))
    pq.write_table(table if rows is None else table.take(rows), path)
    return path


def test_a_file_without_labels_for_the_task_is_refused(exported: Path, tiny: Any, tmp_path: Path) -> None:
    data = rewrite(tiny, tmp_path / "bare.parquet", ["landmarks"], [40, 41])
    with pytest.raises(InputError, match="must have labels for the task 'landmarks'"):
        evaluate_file(exported, data, None)


def test_a_file_without_any_face_is_refused(exported: Path, tiny: Any, tmp_path: Path) -> None:
    data = rewrite(tiny, tmp_path / "faceless.parquet", [], [3, 7])
    with pytest.raises(InputError, match="No face was found in 2 pictures"):
        evaluate_file(exported, data, None)


def test_a_teachers_labels_count_on_the_rows_that_it_knows(exported: Path, tiny: Any, tmp_path: Path) -> None:
    data = rewrite(tiny, tmp_path / "bare.parquet", ["landmarks", *POSE], list(range(22, 30)))
    known = [27, 23, 25]
    table = {
        "set": ["bare"] * 3,
        "id": [f"face-{i}" for i in known],
        "landmarks": list(tiny.landmarks[known].reshape(3, 136)),
    }
    pq.write_table(pa.table(table | dict(zip(POSE, tiny.pose[known].T, strict=True))), tmp_path / "teacher.parquet")
    report = evaluate_file(exported, data, None, tmp_path / "teacher.parquet", rounds=2)
    assert (report.pictures, report.faces, report.rows[0].faces) == (8, 8, 3)
    labelled = rewrite(tiny, tmp_path / "three.parquet", [], [23, 25, 27])
    alone = evaluate_file(exported, labelled, None, rounds=2)
    assert report.rows[0].value == pytest.approx(alone.rows[0].value, abs=1e-6)


def test_a_head_is_measured_on_crops_that_the_landmark_network_places(
    export_head: Callable[..., Path], with_landmarks: Callable[[], Any], tiny: Any
) -> None:
    model = export_head("age")
    with with_landmarks():
        report = evaluate_file(model, tiny.folder / "faces.parquet", "test", rounds=2)
        faces = read_again(tiny.images[22:], Landmarker(), Head(model))
    truth = np.linspace(18, 62, 58)[22:]
    found = {row.name: row.value for row in report.rows}
    assert found["MAE"] == pytest.approx(np.abs(faces.age.value - truth).mean(), abs=1e-3)
    inside = (faces.age.low <= truth) & (truth <= faces.age.high)
    assert found["coverage of the 90% interval"] == pytest.approx(inside.mean(), abs=0.03)


@pytest.mark.skipif(not {"age", "landmarks"} <= set(embedded_models()), reason="the embedded weights are not there")
def test_embedded_age_model_on_one_portrait(tiny: Any) -> None:
    report = evaluate_file("age", tiny.folder / "faces.parquet", "test", rounds=20)
    assert report.model == "age"
    assert all(math.isfinite(row.value) for row in report.rows)


def test_a_row_counts_the_faces_that_have_the_label() -> None:
    values = np.array([1.0, 2.0, 3.0, np.nan])
    measure = Metric(lambda i: float(values[i].mean()), ~np.isnan(values))
    row = make_row("mean", measure, np.arange(4), rounds=400)
    assert (row.value, row.faces) == (2.0, 3)
    assert 1 <= row.low < 2 < row.high <= 3
    assert make_row("mean", measure, np.arange(4), rounds=1).low is None


def test_what_is_undefined_is_nan_without_an_interval_and_without_a_warning() -> None:
    undefined = Metric(lambda i: float("nan"), np.ones(4, bool))
    for measure, index in (
        (undefined, np.arange(4)),
        (Metric(lambda i: float(np.arange(4)[i].mean()), np.zeros(4, bool)), np.arange(4)),
        (undefined, np.arange(0)),
    ):
        row = make_row("x", measure, index, rounds=10)
        assert math.isnan(row.value)
        assert row.low is row.high is None


def test_bootstrap_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng, inside = np.random.default_rng(0), 0
    for _ in range(200):
        values = rng.normal(3, 1, 50)
        measure = Metric(lambda i, values=values: float(values[i].mean()), np.ones(50, bool))
        row = make_row("mean", measure, np.arange(50), rounds=150)
        inside += row.low <= 3 <= row.high
    assert 0.88 <= inside / 200 <= 0.99


def test_min_group_leaves_out_small_groups_only(exported: Path, tiny: Any) -> None:
    data = tiny.folder / "faces.parquet"
    every = sorted(row.faces for row in evaluate_file(exported, data, None, rounds=2, min_group=1).groups)
    assert every[0] < every[-1]
    for least in (every[0], every[0] + 1, every[-1] + 1):
        groups = evaluate_file(exported, data, None, rounds=2, min_group=least).groups
        assert sorted(row.faces for row in groups) == [n for n in every if n >= least]
    with pytest.raises(InputError, match="'min_group' must be"):
        evaluate_file(exported, tiny.folder / "faces.parquet", None, min_group=0)


def test_rows_may_be_given_instead_of_a_split(exported: Path, tiny: Any) -> None:
    given = evaluate_file(exported, tiny.folder / "faces.parquet", "test", rows=np.arange(22, 58), rounds=2)
    assert given == evaluate_file(exported, tiny.folder / "faces.parquet", "test", rounds=2)


def undefined_report() -> Report:
    return Report("m", "set", "test", 1, 1, [Row("r", float("nan"), None, None, 1)], [Row("g", 1.0, 0.5, 2.0, 1)])


def test_undefined_values_are_null_in_json(tmp_path: Path) -> None:
    write_report(undefined_report(), tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    plain = json.loads(text)
    assert plain["rows"][0]["value"] is None
    assert plain["summary"] == {"r": None}
    assert plain["groups"][0]["value"] == 1.0
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_target_is_checked_before_the_work(tmp_path: Path) -> None:
    check_target(tmp_path / "new" / "report.json", "out")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "report.json"):
        with pytest.raises(InputError, match="'out' must be a file that can be written"):
            check_target(path, "out")
