"""What is written says what was run, whole or not at all; the committed index is that of the committed findings."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from matplotlib.figure import Figure

from mien.errors import SinkError
from mien.studies.core.bootstrap import Estimate
from mien.studies.core.finding import Finding, Measured, Study, Table
from mien.studies.core.report import index_markdown, write_finding, write_index
from mien.studies.registry import NAMES, find_study

DOCS = Path(__file__).parents[3] / "docs" / "studies"
STUDY = Study("Is it so?\n\n**Method.** None.\n", lambda *_: None, None, None)


@pytest.fixture
def finding() -> Finding:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1], [1, 0])
    table = Table(("loss", "error (years)"), (("L1", Measured((1.0, float("nan")))), ("L2", float("inf"))))
    return Finding(table, figure, "It is so.\nSurely.", {"steps": 3}, "own: 5 samples")


def test_three_files(finding: Finding, tmp_path: Path) -> None:
    written = write_finding("so", STUDY, finding, "mien study so --seeds 2", 2, tmp_path / "new")
    assert [path.name for path in written] == ["so.md", "so.png", "so.json"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["so.json", "so.md", "so.png"]
    text = written[0].read_text(encoding="utf-8")
    for part in (
        "**Is it so?**",
        "None.",
        "- It is so.\n- Surely.",
        "| L1 | 1 (1 of 2) |",
        "mien study so",
        "5 samples",
    ):
        assert part in text
    assert cv2.imread(str(written[1])).shape == (110, 220, 3)
    values = json.loads(written[2].read_text(encoding="utf-8"))
    assert values["table"]["rows"][0][1] == {"mean": 1.0, "spread": None, "values": [1.0, None]}
    assert values["table"]["rows"][1][1] == "inf"
    assert (values["seeds"], values["settings"], values["data"]) == (2, {"steps": 3}, "own: 5 samples")


def test_further_tables_stand_below_the_picture(finding: Finding, tmp_path: Path) -> None:
    further = {"Also": Table(("what",), (("that",), (float("nan"),)))}
    text, _, values = (
        p.read_bytes() for p in write_finding("so", STUDY, replace(finding, further=further), "", 1, tmp_path)
    )
    assert "so.png)\n\n## Also\n\n| what |\n|---|\n| that |\n| nan |\n\n## How it was run" in text.decode()
    assert json.loads(values)["further"] == {"Also": {"columns": ["what"], "rows": [["that"], [None]]}}


def test_estimates_are_written_with_their_intervals_and_a_note(finding: Finding, tmp_path: Path) -> None:
    cells = (Estimate(0.5, np.linspace(0.4, 0.6, 101)), Estimate(2.0), Estimate(float("nan")))
    table = Table(("route", "F1", "spread", "none"), (("direct", *cells),))
    written = write_finding("so", STUDY, replace(finding, table=table, note="Of faces."), "", 1, tmp_path)
    text = written[0].read_text(encoding="utf-8")
    assert "| direct | 0.5 (0.405 to 0.595) | 2 | undefined |" in text
    assert "Of faces." in text
    assert "standard deviation over" not in text
    row = json.loads(written[2].read_text(encoding="utf-8"))["table"]["rows"][0]
    assert row[1] == {"value": 0.5, "low": pytest.approx(0.405), "high": pytest.approx(0.595)}
    assert row[3] == {"value": None, "low": None, "high": None}


def test_equal_findings_give_equal_files(finding: Finding, tmp_path: Path) -> None:
    first, second = (write_finding("so", STUDY, finding, "", 2, tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_full_disk_leaves_the_older_files_whole(
    finding: Finding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_finding("so", STUDY, finding, "first", 2, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write = Path.write_bytes

    def full_disk(path: Path, content: bytes) -> int:
        if path.suffix == ".json":
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(SinkError, match="No space left"):
        write_finding("so", STUDY, finding, "second", 2, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_index_has_the_first_line_of_each_verdict(finding: Finding, tmp_path: Path) -> None:
    write_finding("so", STUDY, finding, "mien study so --seeds 2", 2, tmp_path)
    text = write_index(tmp_path).read_text(encoding="utf-8")
    assert "| [so](so.md) | Is it so? | It is so. | `mien study so --seeds 2` |" in text
    assert "Surely" not in text


def test_committed_index_is_that_of_the_committed_findings() -> None:
    assert (DOCS / "README.md").read_text(encoding="utf-8") == index_markdown(DOCS)


@pytest.mark.parametrize("name", NAMES)
def test_committed_finding_is_a_full_run_with_seeds(name: str) -> None:
    found = json.loads((DOCS / f"{name}.json").read_text(encoding="utf-8"))
    assert found["seeds"] >= 3
    assert "--quick" not in found["command"]
    assert found["question"] == find_study(name).question
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert all(f"- {line}" in text for line in found["verdict"])
    assert (find_study(name).text or "").strip().partition("\n")[2].strip() in text
    assert (DOCS / f"{name}.png").stat().st_size > 10_000
