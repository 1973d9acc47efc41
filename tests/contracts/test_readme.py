"""What the README shows is run, and its figures are those of the cards and of the benchmarks."""

import doctest
import json
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
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


@pytest.fixture
def glasses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with glasses/yes and glasses/no, photos/ and recipes/: jittered portraits, half with dark glasses."""
    rng = np.random.default_rng(0)
    image = cv2.imread(str(ROOT / "docs" / "images" / "astronaut.jpg"))
    for name in ("glasses/yes", "glasses/no", "photos"):
        (tmp_path / name).mkdir(parents=True)
    for i in range(80):
        worn = image.copy()
        for center in ((203, 100), (247, 102)):
            cv2.circle(worn, center, 19, (20, 20, 20), -1)
        for name, picture in (("no", image), ("yes", worn)):
            turned = cv2.getRotationMatrix2D((225, 120), rng.uniform(-15, 15), rng.uniform(0.8, 1.2))
            turned[:, 2] -= [100, 20]
            moved = cv2.warpAffine(picture, turned, (250, 250), borderMode=cv2.BORDER_REPLICATE)
            cv2.imwrite(str(tmp_path / "glasses" / name / f"{i}.jpg"), moved)
    shutil.copy(tmp_path / "glasses" / "yes" / "0.jpg", tmp_path / "photos" / "worn.jpg")
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def own_model(page: str) -> list[list[str]]:
    """The words of the commands that a page shows for training a model of one's own."""
    (block,) = re.findall(r"```shell-session\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S)
    lines = block.replace("\\\n", " ").splitlines()
    return [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]


def test_both_pages_train_a_model_alike() -> None:
    assert own_model("README.md") == own_model("docs/training.md")


@pytest.mark.slow
def test_a_model_of_ones_own_is_trained_as_written(glasses: Path) -> None:
    pytest.importorskip("lightning", reason="training needs mien[train]")
    for words in own_model("README.md"):
        assert words[0] == "mien"
        code = "from mien.cli import main; main()"
        ran = subprocess.run([sys.executable, "-c", code, *words[1:]], capture_output=True, text=True)
        assert ran.returncode == 0, f"{words}: {ran.stdout}{ran.stderr}"
    (row,) = [json.loads(line) for line in Path("faces.jsonl").read_text(encoding="utf-8").splitlines()]
    assert row["attributes"]["glasses"]["label"] == "yes"
    assert Path("glasses.png").is_file()
    assert json.loads(Path("glasses.json").read_text(encoding="utf-8"))["summary"]["accuracy"] > 0.9


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
