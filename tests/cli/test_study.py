"""`mien study` lists, runs, prints and writes studies."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.cli import app
from mien.errors import InputError
from mien.studies.registry import NAMES, find_study


def run(*words: str):
    return CliRunner(env={"COLUMNS": "250"}).invoke(app, ["study", *words], catch_exceptions=False)


@pytest.mark.parametrize("words", [(), ("--list",)])
def test_all_are_listed_with_their_question(words: tuple[str, ...]) -> None:
    output = run(*words).output
    assert all(name in output and find_study(name).question in output for name in NAMES)


def test_a_study_is_printed_and_written(tmp_path: Path) -> None:
    result = run("cross-entropy-gradients", "--quick", "--seeds", "2", "--out", str(tmp_path))
    assert result.exit_code == 0
    assert "softmax, hard targets, the loss" in result.output
    assert "p - y is the gradient in every check" in result.output
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"cross-entropy-gradients.{suffix}" for suffix in ("json", "md", "png")]
    found = json.loads((tmp_path / names[0]).read_text(encoding="utf-8"))
    assert found["command"] == "mien study cross-entropy-gradients --quick --seeds 2"
    assert len(found["table"]["rows"][0]) == 3
    assert "| [cross-entropy-gradients]" in Path(run("--index", str(tmp_path)).output.strip()).read_text(
        encoding="utf-8"
    )


def test_nearest_name() -> None:
    with pytest.raises(InputError, match="Did you mean 'label-smoothing'"):
        run("label-smooth")
