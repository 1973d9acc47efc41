"""Videos: mutated clips of a few frames, and odd ones made on purpose."""

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import cv2
import numpy as np
from tests.reliability.case import ANY, Case, pick, portrait
from tests.reliability.mutation import Rng, mutate
from tests.reliability.pictures import REFUSED, whole

CODECS = {"a.mp4": "mp4v", "a.mov": "mp4v", "a.avi": "MJPG", "b.avi": "XVID", "a.mkv": "mp4v", "b.mkv": "MJPG"}
_OPTIONS: tuple[list[str], ...] = (
    [],
    ["--every", "3"],
    ["--smooth", "0.3"],
    ["--neutral"],
    ["--events", "events.csv"],
    ["--draw", "drawn"],
)


@lru_cache
def clip(name: str, frames: int = 5, fps: float = 10.0, side: int = 96) -> bytes:
    """A clip of the portrait that moves a little."""
    # OpenCV tells ffmpeg how much to say when it is used for the first time, which is here and not in mien.
    quiet = mock.patch.dict(os.environ, {"OPENCV_FFMPEG_LOGLEVEL": "-8"})
    with quiet, TemporaryDirectory() as folder:
        path = Path(folder) / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*CODECS[name]), fps, (side, side))
        for i in range(frames):
            frame = np.roll(cv2.resize(portrait(), (side, side)), i, 1)
            writer.write(np.ascontiguousarray(frame[..., ::-1]))
        writer.release()
        return path.read_bytes()


def _without_index() -> bytes:
    """An MP4 whose table of contents stands in the part that was cut off."""
    content = clip("a.mp4")
    return content[: content.index(b"moov") - 4]


ODD: dict[str, tuple[str, Callable[[], bytes], frozenset[int]]] = {
    "no bytes": ("a.mp4", bytes, REFUSED),
    "text": ("a.mkv", lambda: b"no video\n", REFUSED),
    "a photo": ("a.avi", lambda: whole("plain.png"), ANY),
    "without its table of contents": ("a.mp4", _without_index, REFUSED),
    "no frame": ("a.mp4", lambda: clip("a.mp4", 0), REFUSED),
    "one frame": ("a.avi", lambda: clip("a.avi", 1), frozenset((0,))),
    "another suffix": ("a.avi", lambda: clip("a.mp4"), frozenset((0,))),
    "no suffix": ("video", lambda: clip("a.mp4"), frozenset((0,))),
    "suffix of a photo": ("a.jpg", lambda: clip("a.mp4"), REFUSED),
    "two one after the other": ("a.mkv", lambda: clip("a.mkv") + clip("b.mkv"), ANY),
    "one frame in ten seconds": ("a.mp4", lambda: clip("a.mp4", 3, 0.1), frozenset((0,))),
    "a thousand frames a second": ("a.avi", lambda: clip("a.avi", 5, 1000.0), frozenset((0,))),
    "16 pixels": ("a.mp4", lambda: clip("a.mp4", 5, 10.0, 16), frozenset((0,))),
    "a playlist": ("a.mp4", lambda: b"#EXTM3U\n#EXTINF:9,\n/etc/passwd\n", REFUSED),
    "a script of ffmpeg": ("a.mp4", lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", REFUSED),
}


def make_video(rng: Rng, number: int, folder: Path) -> Case:
    """One video for `mien analyze`."""
    odd = list(ODD)
    if number < len(odd):
        name, content, codes = ODD[odd[number]]
        (folder / name).write_bytes(content())
        return Case(odd[number], ["analyze", name, "--out", "-", "-q", "--heads", "age"], codes)
    name = list(CODECS)[number % len(CODECS)]
    content, how = mutate(clip(name), rng)
    (folder / name).write_bytes(content)
    out = ["--out", pick(["-", "out.csv", "out.jsonl"], rng)]
    command = ["analyze", name, "-q", *out, "--heads", "expression", *pick(_OPTIONS, rng)]
    return Case(f"{name}: {how}", command)
