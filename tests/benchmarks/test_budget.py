"""Accuracy against time: every model on the same faces, both ways, and the files that tell it."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="evaluation needs mien[train]")
pytest.importorskip("onnx")
pytest.importorskip("matplotlib")

import bench_budget
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from bench_budget import arguments, front, main, points
from onnx import TensorProto, helper, numpy_helper

from mien.evaluate.evaluator import evaluate_file
from mien.geometry import Image
from mien.runtime.models import embedded_models

pytestmark = pytest.mark.skipif("landmarks" not in embedded_models(), reason="the embedded weights are not there")
DECODING = {"head": "laplace", "coverage": 0.9, "band_edges": [30.0], "band_quantiles": [2.0, 3.0]}


def write_model(path: Path, size: int, lean: float, task: str = "age") -> Path:
    """Age by the light of the left and of the right half, weighed by 1 + lean and 1 - lean, and its card."""
    half = size // 2
    kernel = np.zeros((2, 3, size, size), np.float32)
    kernel[0, :, :, :half] = (1 + lean) / (3 * size * half)
    kernel[0, :, :, half:] = (1 - lean) / (3 * size * half)
    nodes = [helper.make_node("Conv", ["image", "kernel"], ["map"]), helper.make_node("Flatten", ["map"], ["age"])]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, size, size])
    out = helper.make_tensor_value_info("age", TensorProto.FLOAT, ["n", 2])
    graph = helper.make_graph(nodes, "g", [image], [out], [numpy_helper.from_array(kernel, "kernel")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    card = {
        "name": path.stem, "task": task, "crop": {"kind": "aligned", "size": size, "scale": 0.36}, "mean": 128.0,
        "std": 64.0, "outputs": ["age"], "decoding": DECODING, "flip": True, "precision": "fp32",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


@pytest.fixture
def data(tmp_path: Path, astronaut: Image) -> Path:
    """Five portraits of falling light, ages, and a picture without a face."""
    portrait = astronaut[20:220, 120:320]
    pictures = [(portrait * (1 - 0.1 * k)).astype(np.uint8) for k in range(5)] + [np.full_like(portrait, 90)]
    encoded = [cv2.imencode(".png", one[..., ::-1])[1].tobytes() for one in pictures]
    table = {"image": encoded, "age": [40.0 - k for k in range(6)], "split": ["test"] * 6, "set": ["p", "q"] * 3}
    pq.write_table(pa.table(table), tmp_path / "faces.parquet")
    return tmp_path / "faces.parquet"


def test_every_model_is_measured_as_mien_evaluate_measures_it(data: Path, tmp_path: Path) -> None:
    models = [write_model(tmp_path / "small.onnx", 48, 0.4), write_model(tmp_path / "large.onnx", 64, 0.1)]
    words = [word for model in models for word in ("--model", str(model))]
    found = points(arguments([*words, "--data", str(data), "--repeats", "3"]))
    assert [(point.model, point.size, point.mirror) for point in found] == [
        ("small", 48, True), ("small", 48, False), ("large", 64, True), ("large", 64, False)
    ]  # fmt: skip
    for point, model in zip(found[::2], models, strict=True):
        expected = evaluate_file(model, data)
        assert [row.name for row in point.reports[0].rows] == [row.name for row in expected.rows]
        for row, other in zip(point.reports[0].rows, expected.rows, strict=True):
            assert row.value == pytest.approx(other.value, abs=1e-3, nan_ok=True)
            assert row.faces == other.faces == 5
    # Without the mirror image a model that leans to one side reads something else.
    assert found[0].reports[0].rows[0].value != pytest.approx(found[1].reports[0].rows[0].value, abs=1e-3)
    assert all(point.milliseconds["repeats"] == 3 for point in found)


def test_table_figure_and_json(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = write_model(tmp_path / "small.onnx", 48, 0.4), tmp_path / "out"
    main(["--model", str(model), "--data", str(data), "--repeats", "3", "--out", str(out), "--name", "age"])
    record = json.loads((out / "age.json").read_text())
    assert len(record["points"]) == 2
    assert record["command"] == "scripts/bench budget --model small.onnx --data faces.parquet --split test"
    assert str(tmp_path) not in (out / "age.json").read_text() + (out / "age.md").read_text()
    printed = capsys.readouterr().out
    assert printed in (out / "age.md").read_text() + "\n"
    mae = record["points"][0]["reports"][0]["summary"]["MAE"]
    assert f"| small mirrored | faces | MAE | {mae:.3g}" in printed
    assert "faces: MAE (5)" in printed
    assert cv2.imread(str(out / "age.png")).std() > 10
    assert sorted(path.name for path in out.iterdir()) == ["age.json", "age.md", "age.png"]


def test_what_cannot_be_compared_is_refused_and_nothing_is_skipped_silently(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path / "small.onnx", 48, 0.4)
    with pytest.raises(SystemExit, match="models of one task"):
        main(["--model", str(model), "--model", "expression", "--data", str(data)])
    main(["--model", str(model)])
    assert capsys.readouterr().out.startswith("Skipped: name models")


def test_the_front_holds_what_none_beats_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    def point(name: str, time: float, error: float) -> bench_budget.Point:
        return bench_budget.Point(name, "fp32", 48, True, 1.0, {"median": time}, [error])

    monkeypatch.setattr(bench_budget, "_error", lambda error: error)
    found = [point("slow", 3, 4.0), point("fast", 1, 5.0), point("bad", 2, 5.5), point("slower", 4, 4.0)]
    assert [one.model for one in front(found, 0)] == ["fast", "slow"]
