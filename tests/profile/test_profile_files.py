"""Reports as JSON, CSV and HTML, in words, as a tree; the room's examples; the memory of a forward pass."""

import csv
import doctest
import json
from html.parser import HTMLParser
from importlib import import_module
from io import StringIO
from pathlib import Path
from pkgutil import iter_modules

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

from torch import nn

import mien.profile
from mien.errors import InputError, SinkError
from mien.profile import Report, profile
from mien.profile.files import write_report

NAMES = [module.name for module in iter_modules(mien.profile.__path__, "mien.profile.")]


@pytest.fixture(scope="module")
def report() -> Report:
    return profile("mobilenet_v3_small")


@pytest.mark.parametrize("name", ["mien.profile", *NAMES])
def test_examples(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0


def test_public_names() -> None:
    assert all(getattr(mien.profile, name) is not None for name in mien.profile.__all__)


def test_json_has_every_figure_and_how_it_was_counted(report: Report, tmp_path: Path) -> None:
    found = json.loads(write_report(report, tmp_path / "report.json").read_text(encoding="utf-8"))
    assert found["parameters"] == report.parameters
    assert found["flops"] == 2 * found["macs"] == 2 * found["multiplications"]
    assert found["receptive_field"] == [639, 639]
    assert found["global_field"] == [True, True]
    assert found["conventions"]["flops"].startswith("2 * MACs")
    assert sum(one["macs"] for one in found["by_operator"].values()) == found["macs"] == found["modules"]["macs"]
    assert [child["path"] for child in found["modules"]["children"]][:2] == ["backbone", "neck"]


def test_csv_has_a_row_a_module(report: Report, tmp_path: Path) -> None:
    text = write_report(report, tmp_path / "report.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(StringIO(text)))
    assert len(rows) == len(list(report.modules.walk()))
    first = next(row for row in rows if row["path"] == "backbone.layers.0.0")
    assert (first["kind"], first["receptive_field"], first["stride"], first["global"]) == (
        "Conv2d",
        "3x3",
        "2x2",
        "False",
    )
    assert int(first["macs"]) == 27 * 16 * 112 * 112


def test_html_is_whole_and_names_everything(tmp_path: Path) -> None:
    report = profile(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), 8, name="<b>")
    text = write_report(report, tmp_path / "report.html").read_text(encoding="utf-8")
    opened: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "html"):
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Checker().feed(text)
    assert opened == []
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "Conv2d" in text
    assert "http" not in text


def test_other_endings_and_folders_that_are_not_there(report: Report, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'path' must be a name that ends in \.html, \.json, \.csv"):
        write_report(report, tmp_path / "report.txt")
    with pytest.raises(SinkError, match="cannot be written"):
        write_report(report, tmp_path / "missing" / "report.json")


def test_counts_of_modules_add_up(report: Report) -> None:
    for _, module in report.modules.walk():
        own = module.parameters - sum(child.parameters for child in module.children)
        assert own >= 0
        assert module.cost.macs >= sum(child.cost.macs for child in module.children)
    assert report.modules.parameters == report.parameters
    assert [level for level, _ in report.modules.walk(1)] == [0] + [1] * len(report.modules.children)


def test_memory_is_the_most_that_is_alive_at_once() -> None:
    net = nn.Sequential(nn.Conv2d(1, 8, 1), nn.ReLU(inplace=True), nn.Conv2d(8, 2, 1), nn.Flatten())
    report = profile(net, (1, 1, 10, 10))
    assert report.peak_memory == 4 * 100 * (8 + 2)  # the wide map and what is made of it
    assert report.weight_bytes == 4 * (16 + 18)


def test_residuals_stay_alive() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 1))

        def forward(self, x):  # type: ignore[no-untyped-def]
            return x + self.body(x)

    assert profile(Residual(), (1, 4, 10, 10)).peak_memory == 3 * 4 * 400


def test_bytes_and_intensity_by_hand() -> None:
    report = profile(nn.Conv2d(2, 3, 1, bias=False), (1, 2, 5, 5))
    assert report.cost.bytes == 4 * (50 + 6 + 75)
    assert report.cost.intensity == report.flops / report.cost.bytes


def test_elementwise_counts() -> None:
    net = nn.Sequential(nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1))
    assert profile(net, (1, 2, 4, 4)).cost.elementwise == 2 * 32 + 32 + 4 * 8 + 8
