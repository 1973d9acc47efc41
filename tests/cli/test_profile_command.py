"""`mien profile` prints, writes and compares."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="the profiler needs mien[train]")

from mien.cli import app
from mien.errors import InputError

NET = """
from torch import nn

def tiny():
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.AdaptiveAvgPool2d(1))

nothing = 3
"""


def run(*words: str, columns: int = 100) -> str:
    result = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["profile", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    path = tmp_path / "nets.py"
    path.write_text(NET, encoding="utf-8")
    return f"{path}:tiny"


def test_a_backbone_in_a_hundred_columns() -> None:
    output = run("mobilenet_v3_small", "--depth", "4", "--operators")
    assert max(map(len, output.splitlines())) <= 100
    for word in ("2.543 M", "56.51 M", "639 +global", "2 * MACs", "backbone", "convolution"):
        assert word in output


def test_a_function_of_a_file(tiny: str) -> None:
    output = run(tiny, "--size", "32", "--explain")
    assert "RF = (3 - 1) * 2 + 3 = 7   0" in output
    assert "Conv2d" in output
    deeper = run(tiny, "--size", "1,3,16,16", "--depth", "0")
    assert "1x3x16x16" in deeper
    assert "Conv2d" not in deeper


@pytest.mark.parametrize("ending", ["html", "json", "csv"])
def test_reports_are_written(tiny: str, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"report.{ending}"
    assert str(path) in run(tiny, "--size", "32", "--out", str(path), columns=300)
    text = path.read_text(encoding="utf-8")
    assert "Conv2d" in text
    if ending == "json":
        assert json.loads(text)["parameters"] == 3 * 8 * 9 + 8 + 8 * 4 * 9 + 4


def test_two_networks_side_by_side() -> None:
    output = run("mobilenet_v1", "--compare", "mobilenet_v2", "--size", "128")
    assert "mobilenet_v1" in output
    assert "mobilenet_v2" in output
    assert "1x3x128x128" in output


def test_wrong_calls(tiny: str, tmp_path: Path) -> None:
    file = tiny.rpartition(":")[0]
    for words, said in (
        ((tiny,), "'input_size' must be"),
        ((tiny, "--size", "1,x"), "'size' must be whole numbers"),
        ((tiny, "--size", "32", "--out", "report.txt"), "'out' must be a .html, .json or .csv file"),
        ((f"{file}:other", "--size", "8"), "must name a function"),
        ((f"{file}:nothing", "--size", "8"), "must name a function"),
        ((f"{tmp_path}/none.py:tiny", "--size", "8"), "a file that exists"),
        (("mobilnet_v2",), "Did you mean 'mobilenet_v2'"),
    ):
        with pytest.raises(InputError, match=said):
            run(*words)
