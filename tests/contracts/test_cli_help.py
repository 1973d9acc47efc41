"""Every command explains itself, in words and without loading a network."""

import pytest
import typer
from typer.testing import CliRunner

import mien
from mien.cli import app

ROOT = typer.main.get_command(app)
COMMANDS = sorted(ROOT.commands)  # type: ignore[attr-defined]
GROUPS = [[name, sub] for name in COMMANDS for sub in getattr(ROOT.commands[name], "commands", ())]  # type: ignore[attr-defined]


def test_the_commands() -> None:
    assert COMMANDS == [
        "analyze", "clean", "compare", "data", "evaluate", "export", "models", "profile", "rank", "serve", "study",
        "taste", "train",
    ]  # fmt: skip


ALL = [[], *[[name] for name in COMMANDS], *GROUPS]


@pytest.mark.parametrize("command", ALL, ids=lambda words: " ".join(words) or "mien")
def test_help_explains_every_option(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output
    if command:
        callback = ROOT.commands[command[0]]  # type: ignore[attr-defined]
        callback = callback.commands[command[1]] if len(command) > 1 else callback
        assert callback.help
        unexplained = [parameter.name for parameter in callback.params if not getattr(parameter, "help", None)]
        assert not unexplained


def test_the_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"mien {mien.__version__}\n")
