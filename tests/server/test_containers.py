"""Only real containers are opened: a playlist names files and addresses."""

import pytest

from mien.errors import UnknownFormatError
from mien.server.containers import video_suffix


@pytest.mark.parametrize(
    "head",
    [
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd",
        b"ffconcat version 1.0\nfile /etc/passwd",
        b"<?xml version='1.0'?><MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>",
        b"v=0\nc=IN IP4 127.0.0.1",
        b"\xff\xd8\xff\xe0",
        b"",
    ],
)
def test_others_are_refused(head):
    with pytest.raises(UnknownFormatError, match="is not a video that is read here"):
        video_suffix(head, "clip.mp4")


def test_a_written_video_is_known(clip):
    assert video_suffix(clip.read_bytes()[:512], "x") == ".mp4"
