"""Identity of a face across the frames of a video: motion in real time plus appearance."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.errors import expect
from mien.faces import Faces
from mien.geometry import box_iou
from mien.tracking.assignment import assign
from mien.tracking.looks import appearance
from mien.tracking.motion import Tracks, place_noise, places

Array = NDArray[Any]

# Costs are negative log-likelihoods, in face sizes.
_LIMIT = 2.0  # cost above which a new face is likelier than an old one
_LIMIT_LOOKS = 5.0  # the same where looks count
_LIMIT_LOW = 0.0  # the same for faces of low score
_LOOKS = 8.0  # what a look that has nothing in common costs, times `appearance_weight`
_LOW_GAP_S = 0.5  # a face of low score continues no track that was away longer
_TENTATIVE_S = 0.25  # a track that was seen once is not waited for longer
_SURE = 0.12  # score above `high_score` at which a face is believed at first sight


class _Seen(NamedTuple):
    """Detections: place (N, 4), its variance (N, 2), look (N, D)."""

    place: Array
    noise: Array
    look: Array

    def pick(self, index: Array) -> "_Seen":
        """Those of a mask or of indices."""
        return _Seen(*(part[index] for part in self))


def _apart(box: Array, sound: Array) -> Array:
    """Which boxes (N, 4) overlap with no other sound one."""
    overlap = box_iou(np.where(sound[:, None], box, 0.0), np.where(sound[:, None], box, 0.0)) - np.eye(len(box))
    return np.asarray(overlap.max(1, initial=0.0) < 0.2)


class Tracker:
    """Gives each face an id that stays through short occlusions and crossings, and is never used again.

    A Kalman filter predicts where each track is in real time; faces and tracks are put together so that all are most
    probable. A face that was away longer than `max_gap_s` seconds gets a new id; `appearance_weight` says how much the
    look of a face counts against its motion. Faces with a score from 0.2 to `high_score` are asked for last, and only
    by tracks that no other face continues: with them a face that is half hidden or blurred keeps its id, and they are
    reported there alone. A new face that is hardly above `high_score` (by less than 0.12) is a false alarm as often as
    not: it is reported from its second sighting on. Memory holds the live tracks only.
    Source of the second step: Zhang et al., "ByteTrack" (ECCV 2022).

    >>> tracker = Tracker()
    >>> face = Faces(np.array([[10.0, 10, 50, 50]]), np.ones(1), np.zeros((1, 5, 2)))
    >>> [tracker.update(face, time_s).track_id.tolist() for time_s in (0.0, 0.04, 1.0, 9.0)]
    [[0], [0], [0], [1]]
    """

    lowest_score = 0.2
    """Score below which a face helps no track."""

    def __init__(self, max_gap_s: float = 3.0, *, appearance_weight: float = 2.0, high_score: float = 0.6) -> None:
        expect(max_gap_s > 0, "max_gap_s", "a number of seconds above 0", max_gap_s)
        expect(appearance_weight >= 0, "appearance_weight", "a number of at least 0", appearance_weight)
        expect(0 <= high_score <= 1, "high_score", "between 0 and 1", high_score)
        self.max_gap_s = max_gap_s
        self.appearance_weight = appearance_weight
        self.high_score = high_score
        self._next_id = 0
        self._tracks: Tracks | None = None
        self._last_s = -np.inf

    def reset(self) -> None:
        """Forget all tracks, as after a cut; ids go on counting."""
        self._tracks = None

    def wants(self, faces: Faces, time_s: float) -> NDArray[np.bool_]:
        """Which faces (N,) of the next frame `update` may keep: high scores, and low ones where a track is expected.

        Asked before faces are read, it saves reading those that would be left out.
        """
        box, high = np.asarray(faces.box, np.float64).reshape(-1, 4), self._is_high(faces)
        tracks = self._alive(time_s, 0)
        tracks = tracks.pick(time_s - tracks.time_s <= _LOW_GAP_S)
        place = places(np.where(np.isfinite(box), box, 0.0))
        cost = tracks.unlikelihood(place, place_noise(faces.score), time_s)
        near = cost.min(0, initial=np.inf) < _LIMIT_LOW
        return np.asarray(high | near & np.isfinite(box).all(1))

    def _is_high(self, faces: Faces) -> NDArray[np.bool_]:
        return np.asarray(~(np.asarray(faces.score) < self.high_score))

    def update(self, faces: Faces, time_s: float, thumbnails: NDArray[np.uint8] | None = None) -> Faces:
        """The faces of the next frame with `track_id` (N,); thumbnails (N, S, S, 3) are their aligned RGB crops.

        Faces below `high_score` that continue no track are left out, and new ones hardly above it. A face whose box is
        not finite has an id of its own and no track.
        """
        expect(bool(np.isfinite(time_s)), "time_s", "a finite number of seconds", time_s)
        given = len(faces) if thumbnails is None else len(thumbnails)
        expect(given == len(faces), "thumbnails", f"one crop a face, {len(faces)}", given)
        look = np.zeros((len(faces), 0), np.float32) if thumbnails is None else appearance(thumbnails)
        box, score = np.asarray(faces.box, np.float64).reshape(-1, 4), np.asarray(faces.score, np.float64)
        sound, high = np.asarray(np.isfinite(box).all(1)), self._is_high(faces)
        seen = _Seen(places(np.where(sound[:, None], box, 0.0)), place_noise(score), look)
        tracks = self._alive(time_s, look.shape[1])
        row, column = self._match_twice(tracks, seen, time_s, sound & high, sound & ~high)
        again = tracks.pick(row).seen(*seen.pick(column), time_s, _apart(box, sound)[column])
        again = replace(again, id=self._numbered(again.id))
        ids = np.full(len(faces), -1, np.int64)
        ids[column] = again.id
        new = np.setdiff1d(np.flatnonzero(high), column)
        tentative = sound & (score < self.high_score + _SURE)
        ids[new] = self._numbered(ids[new], ~tentative[new])
        started = Tracks.start(ids[new], *seen.pick(new), time_s).pick(sound[new])
        missed = np.setdiff1d(np.arange(len(tracks)), row)
        self._tracks = again.join(started).join(tracks.pick(missed))
        self._last_s = time_s
        reported = ids >= 0
        return replace(faces if reported.all() else faces.select(reported), track_id=ids[reported])

    def _numbered(self, ids: Array, which: Array | bool = True) -> Array:
        """Ids with new numbers in place of -1, where asked for."""
        missing = np.flatnonzero((ids < 0) & which)
        ids = ids.copy()
        ids[missing] = np.arange(self._next_id, self._next_id + len(missing))
        self._next_id += len(missing)
        return ids

    def _alive(self, time_s: float, look_size: int) -> Tracks:
        """Tracks that may still go on: seen in the last frame, or not too long ago and more than once."""
        if self._tracks is None:
            return Tracks.none(look_size)
        age = time_s - self._tracks.time_s
        # With sparse frames (`every=`) even the last frame can be longer ago than the largest gap.
        recent = (self._tracks.time_s == self._last_s) & (age <= 2 * self.max_gap_s)
        patience = np.where(self._tracks.sightings > 1, self.max_gap_s, min(_TENTATIVE_S, self.max_gap_s))
        tracks = self._tracks.pick((age <= patience + 1e-6) | recent)
        if tracks.look.shape[1] != look_size:
            tracks = replace(tracks, look=np.zeros((len(tracks), look_size), np.float32))
        return tracks

    def _match_twice(self, tracks: Tracks, seen: _Seen, time_s: float, high: Array, low: Array) -> tuple[Array, Array]:
        """Pairs (track, face): those of high faces, then of tracks that are left and low faces near their place."""
        limit = _LIMIT_LOOKS if seen.look.shape[1] else _LIMIT
        first, second = np.flatnonzero(high), np.flatnonzero(low)
        row, column = self._match(tracks, seen.pick(first), time_s, limit)
        left = np.setdiff1d(np.flatnonzero(time_s - tracks.time_s <= _LOW_GAP_S), row)
        again, near = self._match(tracks.pick(left), seen.pick(second), time_s, _LIMIT_LOW)
        return np.concatenate([row, left[again]]), np.concatenate([first[column], second[near]])

    def _match(self, tracks: Tracks, seen: _Seen, time_s: float, limit: float) -> tuple[Array, Array]:
        """Pairs (track, face) that belong together."""
        if not len(tracks) or not len(seen.place):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        cost = tracks.unlikelihood(seen.place, seen.noise, time_s)
        if seen.look.shape[1]:
            known = np.linalg.norm(tracks.look, axis=1)[:, None] > 0.1
            cost += np.where(known, _LOOKS * self.appearance_weight * (1.0 - tracks.look @ seen.look.T), 0.0)
        row, column = assign(np.minimum(cost, limit))
        good = cost[row, column] < limit
        return row[good], column[good]
