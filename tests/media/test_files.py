"""What stands in the way of reading a file is said in words."""

import os
from pathlib import Path

import pytest

from mien.errors import MediaError
from mien.media.files import check_file, describe, display_name

CLOSED_TO_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user"
)


def reason(path):
    with pytest.raises(MediaError) as caught:
        check_file(path)
    return str(caught.value)


def test_a_file_with_content_passes(tmp_path):
    for name in ("a.jpg", "照片 一.jpg", "-", "a'b\"c", "x" * 250):
        (tmp_path / name).write_bytes(b"\0")
        assert check_file(tmp_path / name) is None


def test_a_link_to_a_file_passes(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "link").symlink_to("a")
    assert check_file(tmp_path / "link") is None


def test_missing_empty_and_folder(tmp_path):
    assert reason(tmp_path / "a.jpg") == f"'{tmp_path}/a.jpg' does not exist. Check the path."
    (tmp_path / "empty.jpg").touch()
    assert "is empty (0 bytes)" in reason(tmp_path / "empty.jpg")
    assert "is a folder, not a file" in reason(tmp_path)
    assert "does not exist" in reason(tmp_path / "no" / "such" / "folder.jpg")
    assert "cannot be opened: Not a directory" in reason(tmp_path / "empty.jpg" / "a.jpg")


def test_links_that_lead_nowhere(tmp_path):
    (tmp_path / "broken").symlink_to("gone")
    (tmp_path / "round").symlink_to("round")
    assert "is a link to a file that does not exist" in reason(tmp_path / "broken")
    assert "cannot be opened" in reason(tmp_path / "round")


@pytest.mark.parametrize("name", ["a\0b.jpg", "y" * 300])
def test_names_that_no_file_can_have(tmp_path, name):
    assert "cannot be opened" in reason(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "is a pipe or a device" in reason(tmp_path / "pipe.jpg")


@CLOSED_TO_ROOT
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"a")
    path.chmod(0)
    assert "permission denied" in reason(path)


def test_a_refused_permission_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"a")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert reason(path) == f"'{path}' may not be read: permission denied. Change its permissions (chmod +r)."


def test_an_error_of_the_disk_keeps_its_words(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "stat", fail)
    assert "cannot be opened: Input/output error" in reason(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", ["照片/一.jpg", "a.jpg", "été.png", ""])
def test_names_in_any_script_are_shown_as_they_are(name):
    assert display_name(name) == name
    assert display_name(Path(name or ".")) == (name or ".")


def test_a_name_that_is_no_text_shows_its_bytes():
    name = os.fsdecode(b"a\xff\xe9.jpg")
    assert display_name(name) == "a\\xff\\xe9.jpg"
    assert display_name(name).encode("utf-8")
    assert r"a\xff.jpg" in reason(Path(os.fsdecode(b"a\xff.jpg")))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"%!PS-Adobe-3.0", "a PostScript document"),
        (b"RIFF\0\0\0\0AVI LIST", "an AVI video"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a sound (WAV)"),
        (b"ID3\x03\0\0", "a sound (MP3)"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0", "a sound (M4A)"),
        (b"OggS\0\x02", "a sound or a video (Ogg)"),
        (b"\x1aE\xdf\xa3\x01\0", "a Matroska or WebM video"),
        (b"\0\0\x01\xba\x44", "an MPEG video"),
        (b"PK\x03\x04\x14\0", "a ZIP archive"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "an MP4 or MOV video"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "an MP4 or MOV video"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", "a HEIC picture"),
        (b"<html><body>404</body></html>", "text"),
        ("错误：没有图片".encode(), "text"),
        ("片".encode()[:2], "text"),  # a character that the end of the head cuts
        (b"line\r\n\ttab", "text"),
        (bytes(range(256)), "data of an unknown format"),
        (b"\xff\xfeh\0i\0 \0", "data of an unknown format"),
        ("naïve façade".encode("latin-1") * 9, "data of an unknown format"),
        (b"text with \0 in it", "data of an unknown format"),
    ],
)
def test_content_is_recognised(head, kind):
    assert describe(head) == kind
