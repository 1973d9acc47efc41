"""The examples of docs/profile.md are true."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import typer

from mien.cli import app
from mien.profile import CONVENTION

PAGE = (Path(__file__).parents[2] / "docs" / "profile.md").read_text(encoding="utf-8")


def test_examples() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert len(blocks) == 6
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "profile.md", None, None)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_options_exist() -> None:
    command = typer.main.get_command(app).commands["profile"]  # type: ignore[attr-defined]
    options = {name for parameter in command.params for name in parameter.opts}
    (block,) = re.findall(r"```console\n(.*?)```", PAGE, re.S)
    for line in block.splitlines():
        words = shlex.split(line)
        assert words[1:3] == ["mien", "profile"]
        assert {word for word in words if word.startswith("--")} <= options


def test_conventions_are_explained() -> None:
    told = {"macs": "MACs", "flops": "FLOPs", "peak_memory": "peak memory"}
    names = [told.get(name, name) for name in CONVENTION]
    table = "".join(line for line in PAGE.splitlines() if line.startswith("|"))
    assert not [name for name in names if name not in table]
