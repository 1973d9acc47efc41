"""The example of docs/taste.md runs, and its commands and options are those of `mien taste`."""

import doctest
import re
from pathlib import Path

import typer

from mien.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "taste.md").read_text(encoding="utf-8")


def test_example() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    test = doctest.DocTestParser().get_doctest(block, {}, "taste.md", None, None)
    assert len(test.examples) > 5
    assert doctest.DocTestRunner().run(test).failed == 0


def test_commands_and_options_are_explained() -> None:
    group = typer.main.get_command(app).commands["taste"]  # type: ignore[attr-defined]
    told = set(re.findall(r"--[a-z]+", PAGE))
    for name, command in group.commands.items():
        assert f"mien taste {name}" in PAGE
        options = {one.opts[0] for one in command.params if one.opts[0].startswith("--")}
        assert options <= told
