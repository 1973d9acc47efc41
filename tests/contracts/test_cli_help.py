"""Every command explains itself, in words and without loading a network."""

import pytest
import typer
from typer.testing import CliRunner

from mien.cli import app

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_the_commands() -> None:
    assert COMMANDS == ["analyze", "evaluate", "export", "models", "train"]


@pytest.mark.parametrize("command", [[], *[[name] for name in COMMANDS]], ids=lambda words: " ".join(words) or "mien")
def test_help_explains_every_option(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output
    if command:
        callback = typer.main.get_command(app).commands[command[0]]  # type: ignore[attr-defined]
        assert callback.help
        unexplained = [parameter.name for parameter in callback.params if not getattr(parameter, "help", None)]
        assert not unexplained
