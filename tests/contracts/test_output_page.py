"""The examples of docs/output.md are true."""

import doctest
import re
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from mien.cli import app
from mien.sinks.events import EVENT_COLUMNS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "output.md").read_text(encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with party.mp4 of 20 frames, made of the picture in the README, and its faces.csv."""
    image = cv2.imread(str(ROOT / "docs" / "images" / "astronaut.jpg"))
    video = cv2.VideoWriter(str(tmp_path / "party.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, image.shape[1::-1])
    for _ in range(20):
        video.write(image)
    video.release()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_examples(desk: Path) -> None:
    pytest.importorskip("pandas", reason="the page shows tables in pandas")
    assert CliRunner().invoke(app, ["analyze", "party.mp4", "--out", "faces.csv", "--quiet"]).exit_code == 0
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert len(blocks) >= 2
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "output.md", None, None)
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0


def test_every_column_of_events_is_explained() -> None:
    (section,) = re.findall(r"## Events in videos\n(.*?)\n## ", PAGE, re.S)
    told = [name for line in section.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)]
    assert told == list(EVENT_COLUMNS)
