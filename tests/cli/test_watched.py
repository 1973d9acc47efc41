"""Progress shows nothing to a file or to who wants none, and changes no item."""

import sys

import pytest

from mien.cli.progress import watched


@pytest.mark.parametrize("total", [None, 3])
@pytest.mark.parametrize(
    ("terminal", "quiet", "shown"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_items_pass_unchanged(
    terminal: bool,
    quiet: bool,
    shown: bool,
    total: int | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert list(watched(iter("abc"), "reading", quiet, total)) == ["a", "b", "c"]
    out, err = capsys.readouterr()
    assert out == ""
    assert ("reading" in err) == shown
