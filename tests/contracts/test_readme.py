"""What the README shows is run, and its figures are those of the cards and of the benchmarks."""

import doctest
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from mien.cli import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", README, re.S) for line in block.splitlines()]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with photo.jpg, photos/ and party.mp4 of 20 frames, made of the picture in the README."""
    photo = ROOT / "docs" / "images" / "astronaut.jpg"
    (tmp_path / "photos").mkdir()
    for name in ("photo.jpg", "photos/a.jpg", "photos/b.jpg"):
        shutil.copy(photo, tmp_path / name)
    image = cv2.imread(str(photo))
    video = cv2.VideoWriter(str(tmp_path / "party.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, image.shape[1::-1])
    for _ in range(20):
        video.write(image)
    video.release()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str, desk: Path) -> None:
    words = shlex.split(command)
    assert words[0] == "mien"
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code == 0, result.output
    for option, value in pairwise(words):
        if option in ("--out", "--draw"):
            assert (desk / value).exists()


def test_python(desk: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.S)
    test = doctest.DocTestParser().get_doctest(block, {}, "README", None, None)
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0


def test_figures_are_those_of_the_cards() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "figures"), "--check"]
    check = subprocess.run(command, capture_output=True, text=True)
    assert check.returncode == 0, check.stderr


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_link(link: str) -> None:
    assert (ROOT / link).exists()
