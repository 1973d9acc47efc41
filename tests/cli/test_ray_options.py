"""`--ray`: what goes together, said before a cluster is looked for."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mien.cli import app
from mien.cli.ray import split_address
from mien.errors import InputError


def run(*words: str) -> Exception | None:
    return CliRunner().invoke(app, ["analyze", "--ray", *words]).exception


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["photos"], "'out' must be a folder or an address"),
        (["photos", "--out", "-"], "'out' must be a folder or an address"),
        (["photos", "--out", "faces", "--draw", "drawn"], "'ray' must be without --draw"),
        (["10.0.0.1:6379", "--out", "faces"], "'sources' must be photos, folders or addresses"),
    ],
)
def test_usage_errors_come_first(words: list[str], message: str) -> None:
    error = run(*words)
    assert isinstance(error, InputError)
    assert message in str(error)


def test_a_file_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert split_address(["host:6379", "a"]) == ("host:6379", ["a"])
    (tmp_path / "host:6379").touch()
    assert split_address(["host:6379", "a"]) == (None, ["host:6379", "a"])
    assert split_address(["webcam:0"]) == (None, ["webcam:0"])
