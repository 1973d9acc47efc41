"""The example of docs/clean.md runs and takes off shadows and highlights; options and columns are explained."""

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer

from mien.cleaning.groups import Row
from mien.cli import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clean.md").read_text(encoding="utf-8")


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["after"] < 0.1 * names["before"]
    assert "before" in capsys.readouterr().out
    drawn, kept = (cv2.imread(str(path)) for path in ("clean_light.png", ROOT / "docs" / "images" / "clean_light.png"))
    assert drawn.shape == kept.shape
    assert np.abs(drawn.astype(int) - kept).mean() < 1


def test_options_and_columns_are_explained() -> None:
    command = typer.main.get_command(app).commands["clean"]  # type: ignore[attr-defined]
    options = {one.opts[0] for one in command.params if one.opts[0].startswith("--")}
    told = {"--help", "--images", "--threads", "--quiet"} | set(re.findall(r"`(--[a-z]+)", PAGE))
    assert options <= told
    assert not [name for name in Row("a", "b").to_dict() if f"`{name}`" not in PAGE]
