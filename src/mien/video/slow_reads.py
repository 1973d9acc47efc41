"""What does not change from frame to frame: read a few times a track, on its best frames, and fused."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mien.faces import Faces, Pose
from mien.faces.parts import Array
from mien.geometry import CropTemplate, Image, align
from mien.runtime.heads import Head
from mien.runtime.quality import detail
from mien.tasks import split_tasks
from mien.video.fusion import fuse_ages, fuse_attractiveness

_SLOW = {"age", "attractiveness"}
_FIRST_S, _GROWTH, _LONGEST_S = 0.25, 2.0, 4.0  # windows of which the best frame is read
_CHECKS = 5  # frames a window that are looked at for that
MOST_READS = 10
_FORGET_S = 60.0


def is_slow(head: Head) -> bool:
    """Whether a head tells of a person what stays within a clip: nothing but age and attractiveness."""
    return set(split_tasks(head.model.card.task)) <= _SLOW


def view_quality(crops: NDArray[np.uint8], pose: Pose | None) -> Array:
    """How well faces are seen (N,): sharpness of the aligned crops (N, S, S, 3) times cos(yaw) cos(pitch)."""
    if pose is None:
        return detail(crops)
    turn = [np.maximum(np.cos(np.radians(angle)), 0.05) for angle in (pose.yaw, pose.pitch)]
    return np.asarray(detail(crops) * turn[0] * turn[1])


@dataclass(slots=True)
class _Track:
    """Reads of one person so far, and the best view since the last: its quality and crops by template."""

    start_s: float
    seen_s: float
    window_s: float = _FIRST_S
    checked_s: float = -np.inf
    quality: float = -np.inf
    crops: dict[CropTemplate, Image] = field(default_factory=dict)
    reads: list[Faces] = field(default_factory=list)
    fused: Faces | None = None

    def is_open(self, time_s: float) -> bool:
        """Whether its face in this frame is to be looked at."""
        return len(self.reads) < MOST_READS and time_s - self.checked_s >= self.window_s / _CHECKS

    def is_due(self, time_s: float) -> bool:
        """Whether its best view is to be read now: the first at once."""
        return bool(self.crops) and (not self.reads or time_s - self.start_s >= self.window_s)

    def add(self, read: Faces, time_s: float) -> None:
        """Take a read (1), and begin the next, longer window."""
        self.reads.append(read)
        self.window_s = _FIRST_S if len(self.reads) == 1 else min(_GROWTH * self.window_s, _LONGEST_S)
        self.start_s, self.quality, self.crops = time_s, -np.inf, {}
        self.fused = _fused(self.reads)


class SlowReads:
    """Age and attractiveness along the tracks of one video.

    A track is read when it begins and then once a window of 0.25, 0.5, 1, 2, then 4 seconds, ten times at most, on the
    window's sharpest and most frontal view (`view_quality`). What is told is the fused estimate so far (`fuse_ages`,
    `fuse_attractiveness`). Memory holds the tracks of the last minute.

    heads: those that `is_slow`.
    """

    def __init__(self, heads: Sequence[Head]) -> None:
        self.heads = list(heads)
        self._templates = list(dict.fromkeys(head.template for head in self.heads))
        self._tracks: dict[int, _Track] = {}

    def update(self, faces: Faces, image: Image, time_s: float) -> Faces:
        """The tracked faces (N) of the next frame (H, W, 3) with the columns of the slow heads."""
        if not self.heads or not len(faces) or faces.track_id is None:
            return faces
        tracks = [self._track(number, time_s) for number in faces.track_id.tolist()]
        self._check(tracks, faces, image, time_s)
        self._read([track for track in tracks if track.is_due(time_s)], time_s)
        told = Faces.concat([track.fused for track in tracks if track.fused])
        return replace(faces, age=told.age, attractiveness=told.attractiveness)

    def _track(self, number: int, time_s: float) -> _Track:
        if number not in self._tracks:
            self._tracks = {n: t for n, t in self._tracks.items() if time_s - t.seen_s <= _FORGET_S}
            self._tracks[number] = _Track(time_s, time_s)
        self._tracks[number].seen_s = time_s
        return self._tracks[number]

    def _check(self, tracks: list[_Track], faces: Faces, image: Image, time_s: float) -> None:
        """Keep the view of this frame where it is the best of its window."""
        rows = np.array([i for i, track in enumerate(tracks) if track.is_open(time_s)], np.int64)
        looked = faces.select(rows)
        if not len(rows):
            return
        crops = {template: align(image, looked.landmarks, template) for template in self._templates}
        quality = view_quality(crops[self._templates[0]], looked.pose)
        for i, row in enumerate(rows):
            track = tracks[row]
            track.checked_s = time_s
            if quality[i] > track.quality:
                track.quality = float(quality[i])
                track.crops = {template: views[i] for template, views in crops.items()}

    def _read(self, tracks: list[_Track], time_s: float) -> None:
        if not tracks:
            return
        zeros = np.zeros((len(tracks), 5, 2), np.float32)
        read = Faces(zeros[:, :2].reshape(-1, 4), zeros[:, 0, 0], zeros)
        for head in self.heads:
            read = head(read, np.stack([track.crops[head.template] for track in tracks]))
        for i, track in enumerate(tracks):
            track.add(read.select(slice(i, i + 1)), time_s)


def _fused(reads: list[Faces]) -> Faces:
    """One row of the reads of one person."""
    together = Faces.concat(reads)
    scores = [read.attractiveness for read in reads if read.attractiveness is not None]
    return replace(
        reads[0],
        age=None if together.age is None else fuse_ages(together.age),
        attractiveness=fuse_attractiveness(scores) if scores else None,
    )
