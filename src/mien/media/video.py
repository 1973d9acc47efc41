"""Video files and cameras: frames with time stamps, one at a time."""

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError, MediaError, expect
from mien.media.containers import is_whole
from mien.media.files import check_file, display_name
from mien.media.pixel_aspect import aspect_ratio, square_pixels, square_size
from mien.media.quiet import quiet_opencv
from mien.media.skipping import SkippingReader
from mien.media.source import Source
from mien.opencv import cv2

_USUAL_FPS = 25.0
_FPS_OF_A_COVER = 90000.0  # ffmpeg's clock for an image that has no time


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One frame: its number in the video from 0, its time in seconds, RGB uint8 (H, W, 3) of square pixels."""

    index: int
    time_s: float
    image: NDArray[np.uint8]


def read_video(source: Source | str | os.PathLike[str] | int, every: int = 1) -> Iterator[VideoFrame]:
    """Stream every n-th frame of a video file or of a camera (a whole number).

    With PyAV (`pip install 'mien[video]'`) the decoder leaves out what frames between need not. Time stamps always
    increase. Where the file says that its pixels are not square (DV, HDV, anamorphic video),
    frames are stretched as a player does. Frames that can be read are yielded first; a file that ends long before
    its promised end raises MediaError after them, a file without frames at once.
    """
    whole = isinstance(every, int) and not isinstance(every, bool) and every >= 1
    expect(whole, "every", "a whole number of at least 1", every)
    target = _target(source)
    return _skipped(target, every) if every > 1 and isinstance(target, Path) else _frames(target, every)


def video_size_fps(path: str | os.PathLike[str]) -> tuple[int, int, float]:
    """Width and height in pixels, as the frames come, and frames a second."""
    capture = _open(_target(path))
    try:
        width, height = (int(capture.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        return *square_size(width, height, _aspect(capture)), _fps(capture)
    finally:
        capture.release()


def video_seconds(path: str | os.PathLike[str]) -> float | None:
    """Length in seconds as the header promises, None where it does not."""
    capture = _open(_target(path))
    try:
        frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        return frames / _fps(capture) if math.isfinite(frames) and frames > 0 else None
    finally:
        capture.release()


def is_video(path: Path) -> bool:
    """Whether at least one frame can be read that is more than the cover of a sound."""
    capture = _capture(path)
    try:
        return bool(capture.isOpened() and not _is_cover(capture, path) and capture.grab())
    finally:
        capture.release()


def _target(source: Source | str | os.PathLike[str] | int) -> Path | int:
    if isinstance(source, Source):
        camera_or_path = source.path if source.camera is None else source.camera
        expect(source.kind in ("video", "camera"), "source", "a video or a camera", source.kind)
        source = "" if camera_or_path is None else camera_or_path
    if isinstance(source, bool) or not isinstance(source, (str, os.PathLike, int)):
        raise InputError(f"'source' must be a path or the number of a camera. Got {source!r}.")
    if isinstance(source, int):
        expect(source >= 0, "source", "the number of a camera, at least 0", source)
        return source
    return Path(source)


def _skipped(path: Path, every: int) -> Iterator[VideoFrame]:
    """As `_frames`, where possible with a decoder that leaves out what is not wanted."""
    check_file(path)
    reader = SkippingReader(path, every)
    if not reader.can_read:
        yield from _frames(path, every)
        return
    for index, time_s, image in reader:
        yield VideoFrame(index, time_s, image)


def _frames(target: Path | int, every: int) -> Iterator[VideoFrame]:
    capture = _open(target)
    try:
        clock = _file_clock(capture) if isinstance(target, Path) else _camera_clock()
        aspect = _aspect(capture) if isinstance(target, Path) else 1.0
        count, last = 0, -1e-9
        while capture.grab():
            last = clock(count, last)
            if count % every == 0:
                ok, image = capture.retrieve()
                if ok:
                    yield VideoFrame(count, last, square_pixels(_rgb(image), aspect))
            count += 1
        _check_end(capture, target, count, last)
    finally:
        capture.release()


def _rgb(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)  # type: ignore[arg-type]


def _aspect(capture: cv2.VideoCapture) -> float:
    """Width over height of a pixel in the frames as they come: a video turned by a quarter has them turned too."""
    aspect = aspect_ratio(capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN))
    sideways = capture.get(cv2.CAP_PROP_ORIENTATION_AUTO) and capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180 == 90
    return 1 / aspect if sideways else aspect


def _is_cover(capture: cv2.VideoCapture, path: Path) -> bool:
    """Whether the one image is the cover of a sound; a second capture is asked, so that no frame is lost."""
    if capture.get(cv2.CAP_PROP_FPS) != _FPS_OF_A_COVER:
        return False
    second = _capture(path)
    try:
        return second.grab() and not second.grab()
    finally:
        second.release()


def _file_clock(capture: cv2.VideoCapture) -> Callable[[int, float], float]:
    fps = _fps(capture)

    def stamp(index: int, last: float) -> float:
        time_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if not (math.isfinite(time_s) and time_s > last):
            time_s = index / fps
        return time_s if time_s > last else last + 1 / fps

    return stamp


def _camera_clock() -> Callable[[int, float], float]:
    start = time.monotonic()
    return lambda index, last: max(time.monotonic() - start, math.nextafter(last, math.inf))


def _fps(capture: cv2.VideoCapture) -> float:
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if math.isfinite(fps) and fps > 0 else _USUAL_FPS


def _check_end(capture: cv2.VideoCapture, target: Path | int, count: int, last: float) -> None:
    """Raise MediaError when no frame came, or far fewer than the header promised."""
    if isinstance(target, int):
        raise MediaError(f"Camera {target} stopped after {count} frames. Check that it is connected.")
    name = display_name(target)
    if count == 0:
        raise MediaError(f"{name!r} holds no frame that can be read. Copy it again, or convert it to MP4 (H.264).")
    promised = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    # Some headers estimate the count from the length: then the end of the last frame tells whether it was reached.
    end = last * count / (count - 1) if count > 1 else 1 / _USUAL_FPS
    early = count < 0.9 * promised - 1 and end < 0.9 * promised / _fps(capture)
    if early and not is_whole(target):
        text = f"{name!r} ended after frame {count} of about {promised:.0f}: it is cut off or damaged."
        raise MediaError(f"{text} Copy it again from where it came.")


def _open(target: Path | int) -> cv2.VideoCapture:
    if isinstance(target, Path):
        check_file(target)
    capture = _capture(target)
    if capture.isOpened() and not (isinstance(target, Path) and _is_cover(capture, target)):
        return capture
    cover = capture.isOpened()
    capture.release()
    if cover and isinstance(target, Path):
        raise MediaError(f"{display_name(target)!r} is a sound with a cover picture, not a video. Leave it out.")
    if isinstance(target, int):
        raise MediaError(f"Camera {target} cannot be opened. Check that it is connected and that no program uses it.")
    text = f"{display_name(target)!r} is not a video that can be read: it is damaged, cut off or of an unknown format."
    raise MediaError(f"{text} Copy it again, or convert it to MP4 (H.264).")


def _capture(target: Path | int) -> cv2.VideoCapture:
    with quiet_opencv():
        if isinstance(target, int):
            return cv2.VideoCapture(target)
        # An absolute path, since ffmpeg takes what stands before a colon for a protocol; and only ffmpeg, since
        # another backend takes a name with digits for a series of images.
        return cv2.VideoCapture(os.path.abspath(target), cv2.CAP_FFMPEG)
