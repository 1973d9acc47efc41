"""`mien evaluate` as a person calls it: table, JSON, picture, and errors before the work."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="mien evaluate needs mien[evaluate]")
pytest.importorskip("pyarrow.parquet")

import pyarrow as pa
import pyarrow.parquet as pq
from typer.testing import CliRunner

from mien.cli import app
from mien.errors import InputError
from mien.evaluate import reading
from mien.geometry import Image
from mien.runtime.models import embedded_models

pytestmark = pytest.mark.skipif("age" not in embedded_models(), reason="the embedded weights are not there")


@pytest.fixture
def data(tmp_path: Path, astronaut: Image) -> Path:
    """Eight darker and darker portraits with ages, the last four in the test split."""
    portrait = astronaut[20:220, 120:320]
    encoded = [cv2.imencode(".png", (portrait * (1 - 0.05 * k))[..., ::-1])[1].tobytes() for k in range(8)]
    columns = {"image": encoded, "age": [30.0 + k for k in range(8)], "split": ["train"] * 4 + ["test"] * 4}
    pq.write_table(pa.table(columns), tmp_path / "faces.parquet")
    return tmp_path / "faces.parquet"


def evaluate(*words: Any) -> Any:
    return CliRunner(env={"COLUMNS": "120"}).invoke(app, ["evaluate", *map(str, words)])


def test_a_table_json_and_a_picture_beside_it(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "results" / "age.json"
    result = evaluate("age", data, "--out", out)
    assert result.exit_code == 0, result.output
    assert "age on faces (test): 4 faces found in 4 pictures" in result.output
    report = json.loads(out.read_text(encoding="utf-8"))
    assert f"{report['summary']['MAE']:.4g}" in result.output
    assert sorted(path.name for path in out.parent.iterdir()) == ["age.json", "age.png"]
    assert cv2.imread(str(out.with_suffix(".png"))).std() > 10


def test_moved_adds_how_far_a_reading_varies(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "age.json"
    result = evaluate("age", data, "--limit", 2, "--moved", 2, "--out", out)
    assert result.exit_code == 0, result.output
    assert "SD of one face in 2 changed pictures, years" in result.output
    assert json.loads(out.read_text(encoding="utf-8"))["rows"][-1]["faces"] == 2
    assert isinstance(evaluate("age", data, "--moved", 1).exception, InputError)


def test_nothing_is_written_where_nothing_is_asked_for(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert evaluate("age", data, "--split", "all", "--limit", 3).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["faces.parquet"]


def test_the_sheet_of_the_worst_stands_beside_the_picture(data: Path, tmp_path: Path) -> None:
    result = evaluate("age", data, "--picture", tmp_path / "p.png", "--worst", 2, "--min-group", 1)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["p.png", "p.worst.png"]
    assert "MAE, age 30-40" in result.output


def test_a_manifest_with_its_pictures_elsewhere(astronaut: Image, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "a.png"), np.ascontiguousarray(astronaut[20:220, 120:320, ::-1]))
    (tmp_path / "faces.csv").write_text("image,age\na.png,31\n")
    result = evaluate("age", tmp_path / "faces.csv", "--images", tmp_path / "pictures")
    assert result.exit_code == 0, result.output
    assert "age on faces (all): 1 faces found in 1 pictures" in result.output


@pytest.mark.parametrize("option", ["--out", "--picture"])
def test_a_target_that_cannot_be_written_is_said_before_any_picture_is_read(
    data: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: Any) -> None:
        raise AssertionError("a picture was read first")

    monkeypatch.setattr(reading, "read_faces", late)
    result = evaluate("age", data, option, data / "result")
    assert isinstance(result.exception, InputError)
    assert f"{option[2:]!r} must be a file that can be written" in str(result.exception)


@pytest.mark.parametrize(
    ("model", "said"), [("mood", "'model' must be one of"), ("none.onnx", "is not there"), (".", "the folder of a run")]
)
def test_what_is_no_model_is_said(data: Path, model: str, said: str) -> None:
    result = evaluate(model, data)
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)


def test_the_measures_do_not_overwrite_the_picture(data: Path, tmp_path: Path) -> None:
    result = evaluate("age", data, "--out", tmp_path / "x.png")
    assert isinstance(result.exception, InputError)
    assert "'out' must be another file than the picture" in str(result.exception)


def test_neither_torch_nor_scipy_is_needed(data: Path) -> None:
    heavy = ["torch", "lightning", "scipy", "sklearn", "onnx", "numba"]
    script = f"import sys; sys.modules.update(dict.fromkeys({heavy})); from mien.cli import main; main()"
    command = [sys.executable, "-c", script, "evaluate", "age", str(data)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "4 faces found in 4 pictures" in done.stdout
