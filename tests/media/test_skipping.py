"""Every n-th frame by a decoder that skips: the same frames as by decoding all."""

from fractions import Fraction

import numpy as np
import pytest

from mien.media import read_video
from mien.media.skipping import SkippingReader, needed_packets
from mien.media.video import _frames

av = pytest.importorskip("av")


def picture(i):
    y, x = np.mgrid[:64, :96]
    shade = 128 + 60 * np.sin((x + 3 * i) / 9) + 40 * np.cos((y - 2 * i) / 7)
    return np.repeat(shade.astype(np.uint8)[..., None], 3, 2)


def clip(path, times, *, codec="libx264", gop=12, b_frames=3):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = gop, b_frames
        stream.codec_context.time_base = Fraction(1, 1000)
        for i, time_s in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(i), "rgb24")
            frame.pts, frame.time_base = round(1000 * time_s), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


EVEN = np.arange(60) / 25
UNEVEN = np.cumsum(np.random.default_rng(0).choice([0.02, 0.04, 0.1], 60))


@pytest.mark.parametrize("every", [2, 3, 7, 30, 100])
@pytest.mark.parametrize(("times", "b_frames"), [(EVEN, 3), (EVEN, 0), (UNEVEN, 2)])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_same_frames_as_by_decoding_all(tmp_path, every, times, b_frames, suffix):
    path = clip(tmp_path / f"clip.{suffix}", times, b_frames=b_frames)
    assert SkippingReader(path, every).can_read
    skipped, whole = list(read_video(path, every)), list(_frames(path, every))
    assert [frame.index for frame in skipped] == [frame.index for frame in whole] == list(range(0, 60, every))
    assert [f.time_s for f in skipped] == pytest.approx([f.time_s for f in whole], abs=2e-3)
    for a, b in zip(skipped, whole, strict=True):
        assert np.abs(a.image.astype(int) - b.image).mean() < 1.5
        assert np.abs(a.image.astype(int) - picture(a.index)).mean() < 8


def test_what_is_not_needed_is_not_decoded():
    packets = [(0, True), (4, False), (2, False), (8, True), (6, False), (12, True)]
    assert needed_packets(packets, {0}) == [True, False, False, False, False, False]
    assert needed_packets(packets, {2}) == [True, True, True, False, False, False]
    assert needed_packets(packets, {6}) == [True, True, True, True, True, False]  # shown before its key frame
    assert needed_packets(packets, {12}) == [False] * 5 + [True]


def test_files_of_another_kind_are_left_to_opencv(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip(tmp_path / "clip.mp4", EVEN).read_bytes()[:900])
    assert not SkippingReader(broken, 2).can_read
