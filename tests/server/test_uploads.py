"""Names of clients are names, never places."""

import pytest

from mien.server.uploads import file_name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/etc/passwd", "passwd"),
        ("..\\..\\x.jpg", "x.jpg"),
        ("照片.jpg", "照片.jpg"),
        ("a\x00b\nc.jpg", "abc.jpg"),
        ("", "photo"),
        ("a/..", "photo"),
        ("x" * 400, "x" * 255),
    ],
)
def test_names(given: str, shown: str) -> None:
    assert file_name(given) == shown
