"""What a person names is found once, in order, and what cannot be read never stops the rest."""

import io
import os
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.errors import InputError
from mien.media.sources import PHOTO_SUFFIXES, VIDEO_SUFFIXES, Source, find_sources, folder_sources

PHOTO = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()


@pytest.fixture
def album(tmp_path, monkeypatch):
    """A working folder with photos, a video, a text and a hidden file, in nested folders."""
    for name in (
        "b.jpg",
        "a.PNG",
        "c/d.webp",
        "c/e/f.jpeg",
        "g.mp4",
        "notes.txt",
        ".hidden.jpg",
        ".git/h.jpg",
        "c/t.db",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PHOTO)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*requests, **options):
    return [source.name for source in find_sources(*requests, **options)]


def only(request, **options):
    (source,) = find_sources(request, **options)
    return source


def test_a_folder_gives_its_media_in_order_of_names(album):
    found = list(find_sources("."))
    assert [os.path.normpath(source.name) for source in found] == ["a.PNG", "b.jpg", "c/d.webp", "c/e/f.jpeg", "g.mp4"]
    assert [source.kind for source in found] == ["photo"] * 4 + ["video"]
    assert all(source.path.is_file() and source.reason is None for source in found)
    assert names(album) == [str(album / name) for name in ("a.PNG", "b.jpg", "c/d.webp", "c/e/f.jpeg", "g.mp4")]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"recursive": False}, ["a.PNG", "b.jpg", "g.mp4"]),
        ({"glob": "*.jp*g"}, ["b.jpg", "c/e/f.jpeg"]),
        ({"glob": "c/*"}, ["c/d.webp", "c/e/f.jpeg"]),
        ({"glob": "**/*.webp"}, ["c/d.webp"]),
        ({"glob": "**/b.jpg"}, ["b.jpg"]),
        ({"glob": "*.jpg", "recursive": False}, ["b.jpg"]),
    ],
)
def test_a_folder_can_be_narrowed(album, options, expected):
    assert names(album, **options) == [str(album / name) for name in expected]


def test_requests_keep_their_order_and_are_found_one_at_a_time(album):
    def requests():
        yield "c/d.webp"
        yield "b.jpg"
        raise RuntimeError("asked for too early")

    found = find_sources(requests())
    assert [next(found).name, next(found).name] == ["c/d.webp", "b.jpg"]
    with pytest.raises(RuntimeError, match="too early"):
        next(found)
    assert names(["g.mp4", Path("a.PNG"), "c"]) == ["g.mp4", "a.PNG", "c/d.webp", "c/e/f.jpeg"]
    assert names([]) == []


def test_what_cannot_be_read_is_an_error_and_the_others_follow(album):
    (album / "empty.jpg").touch()
    found = list(find_sources(["missing.jpg", "empty.jpg", "notes.txt", "b.jpg"]))
    assert [source.kind for source in found] == ["error", "error", "photo", "photo"]  # content counts, not '.txt'
    assert "does not exist" in found[0].reason
    assert "is empty" in found[1].reason


@pytest.mark.parametrize(
    ("place", "options", "said"),
    [
        ("empty", {}, "No photo or video with a known suffix is in the folder 'empty'; it is empty. Check the path."),
        ("raw", {}, "the folder 'raw'; there are .CR2 (2), no suffix (1), hidden (1). Convert the files"),
        (".", {"glob": "*.JPG"}, "that matches the glob '*.JPG' is in the folder '.'; there are .jpg (2), "),
        ("outer", {"recursive": False}, "there are folders not entered (1)"),
        ("e*y", {}, "is in the folders that match 'e*y'; it is empty."),
        ("many", {}, "(1), others (2). "),
    ],
)
def test_a_folder_that_gives_nothing_is_an_error_that_tells_what_is_there(album, place, options, said):
    for name in (
        "raw/a.CR2",
        "raw/b.CR2",
        "raw/.c",
        "raw/README",
        "outer/in/a.jpg",
        *(f"many/{x}.{x}" for x in "abcdefg"),
    ):
        (album / name).parent.mkdir(parents=True, exist_ok=True)
        (album / name).write_bytes(PHOTO)
    (album / "empty").mkdir()
    (source,) = find_sources(place, **options)
    assert source.kind == "error"
    assert said in source.reason


def test_one_folder_must_hold_something(album):
    (album / "empty").mkdir()
    assert [source.name for source in folder_sources("c")] == ["c/d.webp", "c/e/f.jpeg"]
    with pytest.raises(InputError, match=r"^'source' must be a folder with photos. No photo .* it is empty"):
        list(folder_sources("empty", "source"))
    with pytest.raises(InputError, match=r"^'folder' must be a folder with photos. Got 'b.jpg'"):
        list(folder_sources("b.jpg"))


def test_sources_that_were_found_are_passed_on(album):
    known = [Source("x", "photo", Path("b.jpg"))]
    assert list(find_sources([*known, "b.jpg"])) == [*known, Source("b.jpg", "photo", Path("b.jpg"))]


@pytest.mark.parametrize("content", [b"plain text", b"P", b"\0", b"BM", b"P5 lessons", b"BM" + b"\xff" * 99])
def test_a_file_without_a_known_suffix_is_judged_by_its_content(album, content):
    (album / "thing").write_bytes(content)
    source = only("thing")
    assert source.kind == "error"
    assert source.reason.startswith("'thing' ")


def test_a_video_without_a_suffix_is_known_by_its_content(album):
    writer = cv2.VideoWriter("made.avi", cv2.VideoWriter_fourcc(*"MJPG"), 10, (32, 32))
    writer.write(np.zeros((32, 32, 3), np.uint8))
    writer.release()
    os.rename("made.avi", "thing")
    assert only("thing").kind == "video"


@pytest.mark.parametrize("suffix", sorted(PHOTO_SUFFIXES | VIDEO_SUFFIXES))
def test_every_suffix_in_any_case_says_what_a_file_is(tmp_path, suffix):
    path = tmp_path / f"a{suffix.upper()}"
    path.write_bytes(b"x")
    kind = "photo" if suffix in PHOTO_SUFFIXES else "video"
    assert only(path) == only(tmp_path) == Source(str(path), kind, path)
    assert not PHOTO_SUFFIXES & VIDEO_SUFFIXES


def test_links_that_go_round_are_followed_once(album):
    (album / "c" / "up").symlink_to(album)
    (album / "c" / "again").symlink_to(album)
    (album / "c" / "self").symlink_to(album / "c" / "self")
    assert names("c") == ["c/again/a.PNG", "c/again/b.jpg", "c/again/g.mp4", "c/d.webp", "c/e/f.jpeg"]
    real = [os.path.relpath(os.path.realpath(name), album.resolve()) for name in names(".")]
    assert sorted(real) == ["a.PNG", "b.jpg", "c/d.webp", "c/e/f.jpeg", "g.mp4"]


@pytest.mark.timeout(60)
def test_a_deep_pattern_ends_where_links_go_round(album):
    """Python's own glob enters such a folder 2 ** 40 times."""
    (album / "c" / "up").symlink_to(album)
    (album / "c" / "again").symlink_to(album)
    for pattern in ("**/*.jp*g", f"{album}/**/*.jp*g"):
        assert len(names(pattern)) == 2
    (album / "[k]").mkdir()
    (album / "b.jpg").rename(album / "[k]" / "b.gif")
    assert names("**/*.gif") == ["[k]/b.gif"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["b.jpg"]),
        ("[ab].*", ["a.PNG", "b.jpg"]),
        ("c/?.webp", ["c/d.webp"]),
        ("**/*.jp*g", ["b.jpg", "c/e/f.jpeg"]),
        ("**/e/**/*.jpeg", ["c/e/f.jpeg"]),
        ("c/**/f.jpeg", ["c/e/f.jpeg"]),
        ("c/**", ["c/d.webp", "c/e/f.jpeg"]),
        ("?", ["c/d.webp", "c/e/f.jpeg"]),
    ],
)
def test_patterns(album, pattern, expected):
    (album / "c" / "t.db").unlink()
    assert names(pattern) == expected
    assert names(str(album / pattern)) == [str(album / name) for name in expected]


def test_a_pattern_without_a_match_and_a_file_that_looks_like_one(album):
    assert "No file matches the pattern '*.gif'" in only("*.gif").reason
    (album / "what[1]?.jpg").write_bytes(PHOTO)
    assert only("what[1]?.jpg").kind == "photo"


def test_names_in_chinese_and_names_that_are_no_text(album):
    (album / "照片").mkdir()
    (album / "照片" / "一 二.jpg").write_bytes(PHOTO)
    assert names("照片") == names("照片/*.jpg") == names("照片/一 二.jpg") == ["照片/一 二.jpg"]
    odd = os.fsdecode(b"odd\xff.jpg")
    (album / odd).write_bytes(PHOTO)
    for request in (odd, "odd*"):
        assert only(request).name == "odd\\xff.jpg"
        assert only(request).path.read_bytes() == PHOTO


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_list_on_standard_input(album, end):
    lines = [b"b.jpg", b"", "照片.jpg".encode(), b"c", b"webcam:2", b"gone\xff.jpg", b"-", b"*.mp4"]
    (album / "照片.jpg").write_bytes(PHOTO)
    stdin = io.TextIOWrapper(io.BytesIO(end.join(lines)), encoding="ascii")
    found = list(find_sources(["a.PNG", "-", "g.mp4"], stdin=stdin))
    expected = [
        "a.PNG",
        "b.jpg",
        "照片.jpg",
        "c/d.webp",
        "c/e/f.jpeg",
        "webcam:2",
        "gone\\xff.jpg",
        "-",
        "g.mp4",
        "g.mp4",
    ]
    assert [source.name for source in found] == expected
    assert [source.name for source in found if source.kind == "error"] == ["gone\\xff.jpg", "-"]


def test_standard_input_of_the_process_and_of_a_string(album, monkeypatch):
    assert names("-", stdin=io.StringIO("b.jpg\n\na.PNG")) == ["b.jpg", "a.PNG"]
    monkeypatch.setattr("sys.stdin", io.StringIO("g.mp4\n"))
    assert names("-") == ["g.mp4"]


@pytest.mark.parametrize("mark", ["a.PNG\n\ufeffb.jpg", "\ufeffa.PNG\r\nb.jpg", "a.PNG\n\ufeff\nb.jpg\n"])
def test_a_byte_order_mark_is_no_part_of_a_path(album, mark):
    assert names("-", stdin=io.StringIO(mark)) == ["a.PNG", "b.jpg"]
    assert names("-", stdin=io.TextIOWrapper(io.BytesIO(mark.encode()))) == ["a.PNG", "b.jpg"]


@pytest.mark.parametrize("nothing", ["", "\n\r\n", "\ufeff"])
def test_a_list_without_a_path(nothing):
    assert only("-", stdin=io.StringIO(nothing)) == Source(
        "-", "error", reason="Standard input held no path. Write one a line."
    )


@pytest.mark.skipif(os.name == "nt", reason="pipes cannot be asked there")
@pytest.mark.timeout(30)
def test_a_list_is_answered_as_it_comes(album):
    reading, writing = os.pipe()
    with open(reading) as stdin, open(writing, "wb", buffering=0) as pipe:
        found = find_sources("-", stdin=stdin)
        told = []
        for text, count in ((b"a.PNG\nb.j", 1), (b"pg\nc\n", 3), (b"g.mp4", 0)):
            pipe.write(text)
            told += [(source.name, source.pause) for source in islice(found, count)]
        pipe.close()
        told += [(source.name, source.pause) for source in found]
    # The last before a pause is marked, so that it need not wait for others.
    assert told == [("a.PNG", True), ("b.jpg", False), ("c/d.webp", False), ("c/e/f.jpeg", True), ("g.mp4", False)]


def test_cameras():
    assert only("webcam:0") == Source("webcam:0", "camera")
    assert only("webcam:12").camera == 12
    assert Source("a.jpg", "photo").camera is None
    for request in ("webcam:", "webcam:x", "webcam:-1", "webcam:1 "):
        source = only(request)
        assert source.kind == "error"
        assert "write webcam:0" in source.reason


@pytest.mark.parametrize("address", ["https://a.org/b.jpg", "rtsp://cam/1", "https://a.org/b.jpg?size=1&x=[2]"])
def test_addresses_on_a_network_are_refused(address):
    source = only(address)
    assert (source.kind, source.name) == ("error", address)
    assert "mien works offline. Download it first." in source.reason


@pytest.mark.parametrize("request_", ["a\0b.jpg", "a\0b/*.jpg", "z" * 300, "", "no/such/folder/"])
def test_requests_that_no_file_can_have(album, request_):
    assert only(request_).kind == "error"


@pytest.mark.parametrize("wrong", [[5], [None], [b"a.jpg"], [["a.jpg"]]])
def test_requests_of_another_type_are_refused(wrong):
    with pytest.raises(InputError, match="'requests' must be a path"):
        list(find_sources(wrong))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_without_permission(album):
    (album / "c").chmod(0)
    found = list(find_sources("."))
    (album / "c").chmod(0o700)
    assert [source.kind for source in found] == ["photo", "photo", "error", "video"]


def test_a_folder_that_refuses_to_be_listed_is_one_error(album, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("c"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = list(find_sources("."))
    assert [source.kind for source in found] == ["photo", "photo", "error", "video"]
    assert found[2].reason == "The folder './c' cannot be read: Permission denied. Change its permissions."
