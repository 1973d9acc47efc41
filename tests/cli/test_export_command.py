"""`mien export` as a person calls it: the path of the file; with --int8 a table of what is lost and gained."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="mien export needs mien[train]")
pytest.importorskip("lightning")
pytest.importorskip("onnx")

from typer.testing import CliRunner

from mien.cli import app
from mien.errors import InputError
from mien.train.export import exporter as export
from mien.train.export.quantise import Comparison, Method

METHOD = Method("min-max", ("node_conv2d",), 256, 0.03)
COMPARED = Comparison(
    METHOD, 900, {"mae": (5.0, 5.01), "r": (0.9, 0.89)}, {"mae": "min"}, (2_000_000, 1_000_000), {1: (0.8, 0.4)}, 1
)


def run_export(*words: Any) -> Any:
    return CliRunner(env={"COLUMNS": "120"}).invoke(app, ["export", *map(str, words)])


def test_the_path_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "export_run", lambda run, out, others: out / f"{run.name}.onnx")
    assert run_export(tmp_path / "age", "--out", "there").output.strip() == str(Path("there", "age.onnx"))
    assert run_export(tmp_path / "age").output.strip() == str(tmp_path / "age" / "age.onnx")


def test_further_runs_are_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(export, "export_run", lambda run, out, others: seen.append((run, others)))
    run_export("a", "b", "c", "--out", tmp_path)
    assert seen == [(Path("a"), [Path("b"), Path("c")])]


def test_int8_prints_size_time_measures_and_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "export_int8", lambda run, out, others, twin: (out / "age.int8.onnx", COMPARED))
    result = run_export(tmp_path / "age", "--int8")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "900 validation faces, 1 thread" in lines
    assert "file, MB 2.00 1.00 0.50" in lines
    assert "ms a face, 1 at a time 0.80 0.40 0.50" in lines
    assert "mae 5 5.01" in lines
    assert "min-max over 256 training faces, in float: node_conv2d" in lines
    assert COMPARED.verdict in lines
    assert result.output.rstrip().endswith("age.int8.onnx")


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    result = run_export(tmp_path)
    assert isinstance(result.exception, InputError)
    assert "'run' must be the folder of a run" in str(result.exception)
