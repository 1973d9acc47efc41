"""A whole video is not called cut off, a cut one is; pixels become square; a cover is no video."""

import numpy as np
import pytest
from tests.media.small_media import matroska, sound_with_cover

from mien.errors import MediaError
from mien.media import find_sources, read_video, video_size_fps
from mien.media.containers import is_whole
from mien.media.video import is_video

PICTURES = [np.full((48, 64, 3), (9 * i, 255 - 9 * i, 60), np.uint8) for i in range(20)]


def write(folder, content, name="a.mkv"):
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("start_s", [0.0, 2.0, 3600.0])
def test_a_segment_that_begins_late_is_whole(tmp_path, start_s):
    frames = list(read_video(write(tmp_path, matroska(PICTURES, start_s=start_s))))
    assert len(frames) == 20
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(20) / 10, abs=0.005)


def test_a_sound_that_goes_on_after_the_picture_is_no_damage(tmp_path):
    assert len(list(read_video(write(tmp_path, matroska(PICTURES, promised_s=60.0))))) == 20


@pytest.mark.parametrize("start_s", [0.0, 3600.0])
@pytest.mark.parametrize("fill", [b"", b"\0"])
def test_a_file_that_is_cut_or_was_never_filled_is_told(tmp_path, start_s, fill):
    content = matroska(PICTURES, start_s=start_s)
    kept = content[: len(content) // 2]
    path, frames = write(tmp_path, kept + fill * (len(content) - len(kept))), []
    with pytest.raises(MediaError, match="it is cut off or damaged"):  # noqa: PT012
        for frame in read_video(path):
            frames.append(frame)
    assert 8 <= len(frames) <= 11


def box(name, content):
    return (8 + len(content)).to_bytes(4, "big") + name + content


FLV = b"FLV\1\1\0\0\0\x09" + bytes(4) + b"\x09" + (30).to_bytes(3, "big") + bytes(7) + b"x" * 30
WHOLE = {
    "flv": FLV + (41).to_bytes(4, "big"),
    "fragments": box(b"ftyp", b"iso5") + box(b"moof", b"x" * 600) + box(b"mdat", b"x" * 600),
    "asf": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
    + bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365" + "68" + 23 * "00")
    + (80).to_bytes(8, "little")
    + b"x" * 16,
    "transport": (b"G" + b"x" * 187) * 10,
    "program": b"\0\0\1\xba" + b"x" * 100,
}


@pytest.mark.parametrize("kind", WHOLE)
def test_what_containers_tell(tmp_path, kind):
    assert is_whole(write(tmp_path, WHOLE[kind]))
    if kind not in ("transport", "program"):
        assert not is_whole(write(tmp_path, WHOLE[kind][:-5]))
    assert not is_whole(write(tmp_path, WHOLE[kind] + bytes(600)))


@pytest.mark.parametrize("content", [b"", b"\x1aE\xdf\xa3", b"FLV", b"\0\0\0\0ftyp", box(b"ftyp", b"isom"), b"x" * 99])
def test_containers_that_do_not_tell(tmp_path, content):
    assert not is_whole(write(tmp_path, content))


@pytest.mark.parametrize(
    ("display", "roll", "size"),
    [(None, None, (64, 48)), ((64, 48), None, (64, 48)), ((96, 48), None, (96, 48)), ((64, 72), None, (64, 72))]
    + [((32, 48), None, (64, 96)), ((64, 4800), None, (64, 48)), ((96, 48), 90.0, (48, 96))],
)
def test_frames_have_square_pixels(tmp_path, display, roll, size):
    path = write(tmp_path, matroska(PICTURES[:3], display=display, roll=roll))
    assert video_size_fps(path)[:2] == size
    frames = list(read_video(path))
    assert [frame.image.shape for frame in frames] == [(size[1], size[0], 3)] * 3
    assert np.abs(frames[2].image.astype(int) - PICTURES[2][0, 0]).max() < 12


def test_a_cover_is_no_video(tmp_path):
    path = write(tmp_path, sound_with_cover(PICTURES[0]), "a.mp4")
    with pytest.raises(MediaError, match=r"a\.mp4' is a sound with a cover picture, not a video"):
        list(read_video(path))
    assert not is_video(path)
    (source,) = find_sources(path.rename(tmp_path / "a.mp3"))
    assert source.kind == "error"
    assert "it holds a sound" in source.reason


def test_a_video_of_one_frame_is_a_video(tmp_path):
    path = write(tmp_path, matroska(PICTURES[:1]))
    assert is_video(path)
    assert len(list(read_video(path))) == 1
