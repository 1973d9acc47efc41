"""Annotated images and videos of a whole run, written to a folder."""

import os
import re
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mien.drawing.layout import Memory
from mien.drawing.picture import Drawing, annotate
from mien.drawing.record import Record
from mien.errors import SinkError, expect
from mien.faces import Frame
from mien.media import VIDEO_SUFFIXES
from mien.media.video import is_video
from mien.opencv import cv2

Image = NDArray[np.uint8]

_KEPT_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_MOST_OPEN_VIDEOS = 8
_FRAMES_TO_MEASURE = 12
_DEFAULT_FPS = 25.0
_LONGEST_PAUSE_S = 10.0


class Annotator:
    """Writes each frame with what was found in it: an image a photo, one video (.mp4) a video source.

    Files are named after their source: by its path below `root` where that is given, else by its file name,
    with a number where another source has the name already. Frames need `image`; frames with an error are
    skipped. A video plays at the speed of its time stamps, at `fps` frames a second or as many as were
    analyzed; it appears under its name when it is complete. timelines: beside NAME.mp4, NAME_timeline.png shows
    the units, their events and the emotion of the face seen most. in_turn: sources come one after the other, so a
    video is complete when the next source begins. Memory is bounded.

    >>> import tempfile
    >>> from mien.faces import Faces
    >>> with tempfile.TemporaryDirectory() as folder, Annotator(folder) as annotator:
    ...     annotator.add(Frame("photos/a.jpg", Faces.empty(), "no_face", image=np.zeros((480, 640, 3), np.uint8)))
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.jpg']
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        root: str | os.PathLike[str] | None = None,
        fps: float | None = None,
        timelines: bool = False,
        in_turn: bool = False,
    ) -> None:
        expect(fps is None or 0 < fps <= 1000, "fps", "between 0 and 1000 frames a second, or None", fps)
        self.folder = Path(folder)
        self.root = None if root is None else Path(os.path.abspath(root))
        self.fps = fps
        self.timelines = timelines
        self.in_turn = in_turn
        self._used: set[Path] = set()
        self._videos: OrderedDict[str, _Video] = OrderedDict()
        _make_folder(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, frame: Frame) -> None:
        """Draw a frame; raises SinkError where the folder cannot be written."""
        if self.in_turn:
            for source in self._videos.keys() - {frame.source}:
                self._videos.pop(source).close()
        if frame.status == "error" or frame.image is None:
            return
        if frame.index is None:
            picture = annotate(frame.image, frame.faces, extend=True, memory=Memory())
            Drawing(picture).save(self._target(frame.source, None))
            return
        if frame.source not in self._videos:
            while len(self._videos) >= _MOST_OPEN_VIDEOS:
                self._videos.popitem(last=False)[1].close()
            target, timeline = self._video_targets(frame.source)
            self._videos[frame.source] = _Video(target, self.fps, timeline)
        self._videos[frame.source].add(frame)

    def keep(self, sources: Iterable[str]) -> None:
        """Leave the files of these sources, which an earlier run has drawn, as they are: their names are taken."""
        for source in sorted(sources):
            if Path(source).suffix.lower() in VIDEO_SUFFIXES:
                self._video_targets(source)
            else:
                self._target(source, None)

    def close(self) -> None:
        """Finish the videos; what was written stays valid when a run is cut short."""
        try:
            while self._videos:
                self._videos.popitem(last=False)[1].close()
        finally:
            for video in self._videos.values():
                video.discard()
            self._videos.clear()

    def _target(self, source: str, suffix: str | None) -> Path:
        """A path that no other source of this run has."""
        below = Path(_safe_name(source))
        absolute = Path(os.path.abspath(source))
        if self.root is not None and absolute.is_relative_to(self.root) and absolute != self.root:
            below = absolute.relative_to(self.root)
        kept = below.suffix if below.suffix.lower() in _KEPT_SUFFIXES else ".png"
        below = below.with_suffix(suffix or kept)
        target = self._free(self.folder / below)
        _make_folder(target.parent)
        return target

    def _video_targets(self, source: str) -> tuple[Path, Path | None]:
        """Paths of a video and of its time line."""
        target = self._target(source, ".mp4")
        return target, self._free(target.with_name(f"{target.stem}_timeline.png")) if self.timelines else None

    def _free(self, path: Path) -> Path:
        """The path, with a number where it is taken."""
        target, number = path, 2
        while target in self._used:
            target = path.with_stem(f"{path.stem}_{number}")
            number += 1
        self._used.add(target)
        return target


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"The folder {str(folder)!r} could not be made: {error.strerror}.") from error


def _safe_name(source: str) -> str:
    """A file name for a path, an address or 'webcam:0'.

    >>> _safe_name("/a/b.jpg"), _safe_name("webcam:0"), _safe_name("-")
    ('b.jpg', 'webcam_0', '-')
    """
    name = re.split(r"[/\\]", source.rstrip("/\\"))[-1]
    return re.sub(r'[:*?"<>|\x00-\x1f]', "_", name).strip(". ") or "picture"


class _Video:
    """One annotated video; the first frames wait until their time stamps tell the frame rate."""

    def __init__(self, target: Path, fps: float | None, timeline: Path | None) -> None:
        self.target, self.timeline = target, timeline
        # The same name in every run: what a killed one left is written over.
        digest = zlib.crc32(os.fsencode(target.name))
        self.temporary = target.with_name(f".{target.stem[:40]}-{digest:08x}.partial{target.suffix}")
        self.fps = fps
        self._memory = Memory()
        self._record = Record()
        self._waiting: list[tuple[float | None, Image]] = []
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._start_s = 0.0
        self._written = 0
        self._last: Image | None = None

    def add(self, frame: Frame) -> None:
        """Draw and write one frame."""
        assert frame.image is not None
        if self.timeline:
            self._record.add(frame)
        picture = annotate(frame.image, frame.faces, extend=False, memory=self._memory)
        if self._writer is not None:
            self._write(frame.time_s, picture)
            return
        self._waiting.append((frame.time_s, picture))
        if self.fps is not None or len(self._waiting) >= _FRAMES_TO_MEASURE:
            self._open()

    def close(self) -> None:
        """Finish the file and give it its name."""
        if self._waiting:
            self._open()
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        if not is_video(self.temporary):  # OpenCV says nothing of a disk that is full
            self.discard()
            raise SinkError(f"The video {str(self.target)!r} could not be written whole. Is the disk full?")
        try:
            os.replace(self.temporary, self.target)
        except OSError as error:
            self.discard()
            raise SinkError(f"The video {str(self.target)!r} could not be written: {error.strerror}.") from error
        if self.timeline and (drawing := self._record.picture()):
            drawing.save(self.timeline)

    def discard(self) -> None:
        """Leave nothing behind."""
        if self._writer is not None:
            self._writer.release()
            self._writer = None
        self.temporary.unlink(missing_ok=True)

    def _open(self) -> None:
        """Begin the file, and write the frames that waited."""
        times = [time_s for time_s, _ in self._waiting if time_s is not None]
        self.fps = self.fps or measured_fps(times)
        self._start_s = times[0] if times else 0.0
        height, width = self._waiting[0][1].shape[:2]
        self._size = (width + width % 2, height + height % 2)  # players want even sides
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(str(self.temporary), code, self.fps, self._size)
        if not self._writer.isOpened():
            self.discard()
            self._waiting = []
            raise SinkError(f"The video {str(self.target)!r} could not be opened for writing.")
        for time_s, picture in self._waiting:
            self._write(time_s, picture)
        self._waiting = []

    def _write(self, time_s: float | None, picture: Image) -> None:
        """Write an image; repeat the one before, or leave this one out, to stay with the time stamps."""
        assert self._writer is not None
        assert self.fps is not None
        frame = self._fitted(picture)
        due = self._written if time_s is None else round((time_s - self._start_s) * self.fps)
        pause = due - self._written
        if pause > _LONGEST_PAUSE_S * self.fps or pause < -self.fps:
            # Time stamps that jump are not followed: the clock starts again here.
            self._start_s += pause / self.fps
            pause = 0
        before = frame if self._last is None else self._last
        for _ in range(pause):
            self._writer.write(before)
            self._written += 1
        if pause >= 0:
            self._writer.write(frame)
            self._written += 1
        self._last = frame

    def _fitted(self, picture: Image) -> Image:
        """The image in BGR at the size of the video."""
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        width, height = self._size
        if abs(bgr.shape[1] - width) <= 1 and abs(bgr.shape[0] - height) <= 1:
            down, right = height - bgr.shape[0], width - bgr.shape[1]
            if down >= 0 and right >= 0:
                return np.asarray(cv2.copyMakeBorder(bgr, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8)
        return np.asarray(cv2.resize(bgr, self._size, interpolation=cv2.INTER_AREA), np.uint8)


def measured_fps(times: list[float]) -> float:
    """Frames a second of time stamps in seconds; 25 where they do not tell.

    >>> measured_fps([0.0, 0.04, 0.08, 0.12]), measured_fps([0.0])
    (25.0, 25.0)
    """
    steps = np.diff(np.array(times, np.float64))
    steps = steps[steps > 1e-4]
    if not len(steps):
        return _DEFAULT_FPS
    return float(np.clip(round(1.0 / float(np.median(steps)), 3), 0.1, 240.0))
