"""Options and columns of docs/attractiveness.md are those of the commands, and its example runs."""

import doctest
import re
import shutil
from pathlib import Path

import pytest
import typer

from mien.cli import app
from mien.preference import Row
from mien.preference.pool import Preference

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "attractiveness.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    (text,) = re.findall(rf"\n## {title}\n(.*?)\n## ", PAGE, re.S)
    return str(text)


def test_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(ROOT / "docs" / "images" / "astronaut.jpg", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", section("Comparing two photos"), re.S)
    test = doctest.DocTestParser().get_doctest(block, {}, "attractiveness.md", None, None)
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize(("command", "title"), [("compare", "Comparing two photos"), ("rank", "Ranking a folder")])
def test_options_are_explained(command: str, title: str) -> None:
    parameters = typer.main.get_command(app).commands[command].params  # type: ignore[attr-defined]
    options = {one.opts[0] for one in parameters if one.opts[0].startswith("--")}
    told = {"--help", "--threads", "--quiet"} | set(re.findall(r"`(--[a-z]+)", section(title)))
    told |= set(re.findall(r", `(--[a-z]+)", section(title)))
    assert options <= told


def test_numbers_and_columns_are_explained() -> None:
    numbers = Preference(0.5, 0.4, 0.6, 0.5).to_dict()
    assert not [name for name in numbers if f"`{name}`" not in section("Comparing two photos")]
    assert not [name for name in Row("a", "b").to_dict() if f"`{name}`" not in section("Ranking a folder")]
