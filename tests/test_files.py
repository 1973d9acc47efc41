"""A file appears whole under its name, or what stood there before stays."""

from pathlib import Path

import pytest

from mien.errors import SinkError
from mien.files import whole_file


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(KeyError), whole_file(path) as temporary:
        {}[temporary.write_text("half", encoding="utf-8")]
    assert [(p.name, p.read_text(encoding="utf-8")) for p in tmp_path.iterdir()] == [("a.txt", "before")]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OSError("No space left on device")])
def test_what_cannot_be_written_is_said(tmp_path: Path, error: OSError) -> None:
    with (
        pytest.raises(SinkError, match=r"a\.txt' cannot be written: No space left on device\."),
        whole_file(tmp_path / "a.txt"),
    ):
        raise error


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with (
        pytest.raises(SinkError, match="No such file or directory"),
        whole_file(tmp_path / "none" / "a.txt") as temporary,
    ):
        temporary.write_text("", encoding="utf-8")
