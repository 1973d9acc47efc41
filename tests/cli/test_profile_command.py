"""`mien profile` prints, writes and compares."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch

import mien
from mien.cli import app
from mien.errors import InputError
from mien.train.backbones.registry import create_classifier

NET = """
from torch import nn

def tiny():
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.AdaptiveAvgPool2d(1))

nothing = 3
"""


NESTED = """
from torch import nn

class ConvolutionalFeedForwardWithAVeryLongName(nn.Sequential):
    pass

def nested():
    net = nn.Conv2d(3, 3, 3, padding=1)
    for _ in range(6):
        outer = ConvolutionalFeedForwardWithAVeryLongName()
        outer.add_module("a_rather_descriptive_attribute", net)
        net = outer
    return net
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


def test_long_names_leave_room_for_the_figures(tmp_path: Path) -> None:
    path = tmp_path / "nets.py"
    path.write_text(NESTED, encoding="utf-8")
    lines = run(f"{path}:nested", "--size", "32", "--depth", "9").splitlines()
    assert max(map(len, lines)) <= 100
    tree = [line for line in lines if "AVery" in line or line.rstrip().endswith(" 3")]
    assert len(tree) >= 7
    assert all("84" in line and "1x3x32x32" in line for line in tree)


def test_two_networks_side_by_side() -> None:
    output = run("mobilenet_v1", "--compare", "mobilenet_v2", "--size", "128")
    assert "mobilenet_v1" in output
    assert "mobilenet_v2" in output
    assert "1x3x128x128" in output


@pytest.fixture
def photo(tmp_path: Path) -> str:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    path = tmp_path / "noise.png"
    Image.fromarray(pixels).save(path)
    return str(path)


@pytest.mark.parametrize("ending", ["html", "json"])
def test_the_effective_field_is_told_and_drawn(tiny: str, photo: str, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"report.{ending}"
    output = run(tiny, "--size", "32", "--effective", photo, "--out", str(path), columns=200)
    assert "95% of the gradient; noise.png, weights as the function gives them" in output
    text = path.read_text(encoding="utf-8")
    if ending == "html":
        assert "data:image/png;base64,iVBOR" in text
    else:
        found = json.loads(text)["effective_field"]
        assert found["theoretical_box"] == [12, 12, 19, 19]
        assert found["size"] <= [7, 7]


def test_weights_of_a_registered_network(photo: str, tmp_path: Path) -> None:
    words = ("mobilenet_v3_small", "--size", "64", "--depth", "0", "--effective", photo)
    assert "noise.png, random weights" in run(*words, columns=200)
    weights = tmp_path / "weights.pt"
    torch.save(create_classifier("mobilenet_v3_small", 3).state_dict(), weights)
    assert "242 of 244 tensors from weights.pt" in run(*words, "--weights", str(weights), columns=200)


def test_weights_of_an_exported_network(photo: str, tmp_path: Path) -> None:
    folder = Path(mien.__file__).parent / "weights"
    recipe = json.loads((folder / "expression.json").read_text(encoding="utf-8"))["recipe"]
    path = tmp_path / "nets.py"
    made = f"create_classifier({recipe['backbone']!r}, 3, width={recipe['width']})"
    path.write_text(f"from mien.train.backbones.registry import create_classifier\ndef net():\n    return {made}\n")
    words = (f"{path}:net", "--size", "112", "--depth", "0", "--effective", photo)
    output = run(*words, "--weights", str(folder / "expression.onnx"), columns=200)
    found, every = map(int, re.search(r"(\d+) of (\d+) tensors from expression.onnx", output).groups())  # type: ignore[union-attr]
    assert every - 8 < found < every


def test_wrong_calls(tiny: str, photo: str, tmp_path: Path) -> None:
    other = str(tmp_path / "other.pt")
    torch.save({"body": torch.zeros(2)}, other)
    file = tiny.rpartition(":")[0]
    for words, said in (
        ((tiny,), "'input_size' must be"),
        ((tiny, "--size", "1,x"), "'size' must be whole numbers"),
        ((tiny, "--size", "32", "--out", "report.txt"), "'out' must be a .html, .json or .csv file"),
        ((f"{file}:other", "--size", "8"), "must name a module, a class or a function"),
        ((f"{file}:nothing", "--size", "8"), "must be a module, a class or a function"),
        ((f"{tmp_path}/none.py:tiny", "--size", "8"), "a file that exists"),
        ((tiny, "--size", "32", "--weights", "weights.pt"), "'weights' must be given with --effective"),
        ((tiny, "--size", "32", "--effective", photo, "--weights", photo), "'weights' must be the weights.pt"),
        ((tiny, "--size", "32", "--effective", photo, "--weights", other), "'weights' must be those of this network"),
        (("mobilnet_v2",), "Did you mean 'mobilenet_v2'"),
    ):
        with pytest.raises(InputError, match=said):
            run(*words)
