"""Frames come in order, in true colours, with rising time stamps; a damaged video gives what it has, then says so."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from mien.errors import InputError, MediaError
from mien.media import Source, find_sources, read_video, video_size_fps
from mien.media import video as video_module
from mien.media.video import is_video

SIZE = (64, 48)


def color_of(i):
    return 6 * i % 250, 255 - 6 * i % 250, 60  # red, green, blue


def write(path, code="mp4v", count=40, fps=20.0):
    """A video each of whose frames has one colour."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), fps, SIZE)
    for i in range(count):
        writer.write(np.full((SIZE[1], SIZE[0], 3), color_of(i)[::-1], np.uint8))
    writer.release()
    return path


def read_all(source, **options):
    """The frames that came, and the error that ended them."""
    frames = []
    try:
        for frame in read_video(source, **options):
            frames.append(frame)
    except MediaError as error:
        return frames, str(error)
    return frames, None


@pytest.mark.parametrize(("suffix", "code"), [(".mp4", "mp4v"), (".avi", "MJPG"), (".mkv", "MJPG")])
def test_every_frame_comes_with_its_colour_and_time(tmp_path, suffix, code):
    frames, error = read_all(write(tmp_path / f"a{suffix}", code))
    assert error is None
    assert [frame.index for frame in frames] == list(range(40))
    for i, frame in enumerate(frames):
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
        assert np.abs(frame.image.astype(int) - color_of(i)).max() < 25
        assert frame.time_s == pytest.approx(i / 20, abs=0.005)


@pytest.mark.parametrize("every", [1, 2, 7, 39, 40, 1000])
def test_every_nth_frame_is_the_one_of_a_full_reading(tmp_path, every):
    path = write(tmp_path / "a.mp4")
    whole, some = read_all(path)[0][::every], read_all(path, every=every)[0]
    assert [f.index for f in some] == list(range(0, 40, every)) == [f.index for f in whole]
    assert [f.time_s for f in some] == [f.time_s for f in whole]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(some, whole, strict=True))


@pytest.mark.parametrize("every", [0, -1, 1.0, "2", True, None])
def test_a_wrong_step_is_refused_at_once(tmp_path, every):
    with pytest.raises(InputError, match="'every' must be a whole number"):
        read_video(tmp_path / "a.mp4", every)


@pytest.mark.parametrize("name", ["视频/一 二.mp4", "img_001.avi", "a%03d.avi", "file:b.avi", "no_suffix"])
def test_names_of_every_kind(tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    os.replace(write(tmp_path / "v.avi", "MJPG", 5), path)
    assert len(read_all(path)[0]) == len(read_all(str(path))[0]) == 5
    assert is_video(path)
    assert video_size_fps(path) == (64, 48, 20.0)
    monkeypatch.chdir(tmp_path)
    assert len(read_all(name)[0]) == 5


def test_sources_are_read_and_photos_refused(tmp_path):
    (source,) = find_sources(write(tmp_path / "a.mp4", count=3))
    assert len(read_all(source)[0]) == 3
    with pytest.raises(InputError, match="'source' must be a video or a camera"):
        read_video(Source("a.jpg", "photo", tmp_path / "a.jpg"))


@pytest.mark.parametrize("source", [True, None, 1.5, -1, ["a.mp4"]])
def test_sources_of_another_type_are_refused(source):
    with pytest.raises(InputError, match="'source' must be"):
        read_video(source)


def cut(path, part):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    return path


@pytest.mark.parametrize("part", [0.01, 0.3, 0.5, 0.9])
def test_an_mp4_cut_in_the_middle_has_no_index_and_is_refused(tmp_path, part):
    path = cut(write(tmp_path / "cut.mp4"), part)
    frames, error = read_all(path)
    assert frames == []
    assert "cut.mp4' is not a video that can be read" in error
    assert not is_video(path)


@pytest.mark.parametrize("part", [0.5, 0.6, 0.75])
def test_an_avi_cut_in_the_middle_gives_its_frames_and_then_the_error(tmp_path, part):
    path = write(tmp_path / "cut.avi", "MJPG")
    whole, _ = read_all(path)
    frames, error = read_all(cut(path, part))
    assert 3 < len(frames) < 36
    assert f"cut.avi' ended after frame {len(frames)} of about 40" in error
    for found, expected in zip(frames[:-1], whole, strict=False):
        assert (found.index, found.time_s) == (expected.index, expected.time_s)
        assert np.array_equal(found.image, expected.image)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty"), (b"text", "is not a video"), (b"\0\0\0\x18ftypmp42" * 9, "is not a video")],
)
def test_files_that_are_no_video(tmp_path, content, reason):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    frames, error = read_all(path)
    assert frames == []
    assert reason in error
    assert "a.mp4" in error
    with pytest.raises(MediaError, match=reason):
        video_size_fps(path)


def test_missing_and_folder(tmp_path):
    assert "does not exist" in read_all(tmp_path / "a.mp4")[1]
    assert "is a folder" in read_all(tmp_path)[1]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_video_without_permission(tmp_path):
    path = write(tmp_path / "a.mp4", count=3)
    path.chmod(0)
    assert "permission denied" in read_all(path)[1]


class FakeCapture:
    """A capture with chosen time stamps in milliseconds; frame 2 cannot be decoded."""

    def __init__(self, stamps, fps=10.0, promised=None):
        self.stamps, self.at, self.released = stamps, -1, 0
        self.values = {cv2.CAP_PROP_FPS: fps, cv2.CAP_PROP_FRAME_COUNT: promised or len(stamps)}

    def isOpened(self):
        return True

    def grab(self):
        self.at += 1
        return self.at < len(self.stamps)

    def retrieve(self):
        return self.at != 2, np.full((2, 2, 3), (1, 2, 3), np.uint8)

    def get(self, key):
        return self.stamps[self.at] if key == cv2.CAP_PROP_POS_MSEC else self.values.get(key, 0)

    def release(self):
        self.released += 1


def fake(monkeypatch, tmp_path, *arguments, **options):
    capture = FakeCapture(*arguments, **options)
    monkeypatch.setattr(video_module, "_capture", lambda _: capture)
    (tmp_path / "a.mp4").write_bytes(b"x")
    return capture, tmp_path / "a.mp4"


@pytest.mark.parametrize("fps", [10.0, 0.0, float("nan"), -5.0])
@pytest.mark.parametrize(
    "stamps", [[0] * 8, [0, 100, 90, 90, 500, 400, 600, 700], [float("nan")] * 8, [0, -1, 50, 9e9, 1, 2, 3, 4]]
)
def test_time_stamps_rise_whatever_the_file_says(monkeypatch, tmp_path, stamps, fps):
    _, path = fake(monkeypatch, tmp_path, stamps, fps)
    frames, error = read_all(path)
    assert error is None
    assert [frame.index for frame in frames] == [0, 1, 3, 4, 5, 6, 7]
    assert frames[0].time_s == 0
    assert (np.diff([frame.time_s for frame in frames]) > 0).all()
    assert frames[0].image[0, 0].tolist() == [3, 2, 1]


def test_good_time_stamps_are_kept_though_irregular(monkeypatch, tmp_path):
    stamps = [0, 40, 100, 1000, 1001, 5000]
    _, path = fake(monkeypatch, tmp_path, stamps)
    assert [f.time_s for f in read_all(path)[0]] == [s / 1000 for s in stamps if s != 100]
    _, path = fake(monkeypatch, tmp_path, [0, 40, 60, 0])
    assert [f.time_s for f in read_all(path)[0]] == pytest.approx([0, 0.04, 0.3])  # the last by its number


def test_a_capture_is_released_at_the_end_and_when_reading_stops(monkeypatch, tmp_path):
    capture, path = fake(monkeypatch, tmp_path, [0, 100, 200])
    read_all(path)
    assert capture.released == 1
    capture, path = fake(monkeypatch, tmp_path, [0, 100, 200])
    reading = read_video(path)
    assert capture.at == -1  # nothing is read ahead
    next(reading)
    assert (capture.at, capture.released) == (0, 0)
    reading.close()
    assert capture.released == 1


def test_a_camera_that_stops_or_is_not_there(monkeypatch, tmp_path):
    fake(monkeypatch, tmp_path, [0, 0, 0, 0])
    frames, error = read_all(3)
    assert error == "Camera 3 stopped after 4 frames. Check that it is connected."
    assert (np.diff([frame.time_s for frame in frames]) > 0).all()
    monkeypatch.setattr(FakeCapture, "isOpened", lambda _: False)
    assert "Camera 3 cannot be opened" in read_all(Source("webcam:3", "camera"))[1]


def test_a_header_that_estimates_too_many_frames_is_no_damage(monkeypatch, tmp_path):
    _, path = fake(monkeypatch, tmp_path, [0, 500, 900, 1900], promised=20)
    assert read_all(path)[1] is None
    _, path = fake(monkeypatch, tmp_path, [0, 100, 200, 300], promised=20)
    assert "ended after frame 4 of about 20" in read_all(path)[1]


def test_damaged_videos_write_nothing_to_standard_error(tmp_path):
    for path in (write(tmp_path / "a.mp4"), write(tmp_path / "a.avi", "MJPG")):
        cut(path, 0.5)
    code = (
        "import sys, os; from mien.errors import MediaError; from mien.media import read_video\n"
        "for path in sys.argv[1:]:\n"
        "    try: print(len(list(read_video(path))))\n"
        "    except MediaError: print('refused')\n"
        "print(os.environ.get('OPENCV_FFMPEG_LOGLEVEL'))"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENCV")}
    command = [sys.executable, "-c", code, str(tmp_path / "a.mp4"), str(tmp_path / "a.avi")]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert run.stdout.split() == ["refused", "refused", "None"]
    assert run.stderr == ""
