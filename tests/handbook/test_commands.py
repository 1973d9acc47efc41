"""Every command that a page names exists, with its options, files and studies."""

import re
import shlex

import pytest
import typer
from handbook_pages.pages import FOLDER, Page, pages

from mien.cli import app
from mien.studies import registry

ROOT = FOLDER.parents[1]
ALL = [*pages("en"), *pages("zh")]
IDS = [f"{page.language}-{page.name}" for page in ALL]
LINE = re.compile(r"^ {4}((?:mien|scripts/\w+) .+)$|`((?:mien|scripts/\w+)(?: [^`]+)?)`", re.M)
STUDIES = {name for name, _ in registry.questions()}


def commands(page: Page) -> list[str]:
    """Lines of indented blocks, and code within lines, that call mien or a script of ours."""
    return [block or inline for block, inline in LINE.findall(page.text)]


def fault(command: str) -> str | None:
    """What is wrong with a command, if anything."""
    program, *words = shlex.split(command)
    if program != "mien":
        return None if (ROOT / program).is_file() else f"no script {program}"
    node = typer.main.get_command(app)
    while words and words[0] in getattr(node, "commands", {}):
        node = node.commands[words.pop(0)]
    if hasattr(node, "commands") and words and not words[0].startswith("-"):
        return f"no command {words[0]}"
    options = {option for parameter in node.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("-") and word.partition("=")[0] not in options | {"--help"}]
    if unknown:
        return f"no option {unknown[0]}"
    if node.name == "study" and words and not words[0].startswith("-") and words[0] not in STUDIES:
        return f"no study {words[0]}"
    return None


@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_commands_exist(page: Page) -> None:
    assert [(command, fault(command)) for command in commands(page) if fault(command)] == []


@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_files_exist(page: Page) -> None:
    names = re.findall(r"`((?:tests|scripts|benchmarks|recipes|docs|src)/[\w./-]+)`", page.text)
    assert [name for name in names if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("mien study label-smoothing --seeds 5", None),
        ("mien study lable-smoothing", "no study lable-smoothing"),
        ("mien study label-smoothing --sedes 5", "no option --sedes"),
        ("mien analyse photo.jpg", "no command analyse"),
        ("mien taste --help", None),
        ("scripts/handbooks", "no script scripts/handbooks"),
    ],
)
def test_fault(command: str, expected: str | None) -> None:
    assert fault(command) == expected
