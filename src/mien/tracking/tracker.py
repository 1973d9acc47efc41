"""Identity of a face across the frames of a video: motion in real time plus appearance."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import expect
from mien.faces import Faces
from mien.geometry import box_iou
from mien.opencv import cv2
from mien.tracking.assignment import assign

Array = NDArray[Any]

_SIDE = 16
_PARTS = np.sqrt(np.array([0.3, 0.4, 0.3]))  # shading, gradients, colour
_VELOCITY_MEMORY_S = 0.15
_VELOCITY_FADE_S = 2.0  # a hidden face is not believed to run on for ever
_APPEARANCE_MEMORY = 0.1
_LIMIT = 2.5  # cost above which a new face is likelier than an old one
_LIMIT_BLIND = 1.3  # the same without looks
_DRIFT = 0.9  # face sizes a second by which a hidden face may leave its predicted place
_DRIFT_BLIND = 0.3  # the same without looks
_LIMIT_LOW = 1.0  # the same for faces of low score
_LOW_GAP_S = 0.5  # a face of low score continues no track that was away longer
_TENTATIVE_S = 0.25  # a track that was seen once is not waited for longer
_FARTHEST = 3.0  # face sizes; beyond, nothing is believed to be the same face


def appearance(thumbnails: NDArray[np.uint8]) -> Array:
    """Descriptors (N, 1280) of unit length of aligned RGB crops (N, S, S, 3): shading, gradients and colour.

    Shading and gradients are standardised a crop, so that a change of light moves them little.

    >>> appearance(np.zeros((2, 32, 32, 3), np.uint8)).shape
    (2, 1280)
    """
    expect(thumbnails.ndim == 4 and thumbnails.shape[-1] == 3, "thumbnails", "(N, S, S, 3)", thumbnails.shape)
    if not len(thumbnails):
        return np.zeros((0, 5 * _SIDE * _SIDE), np.float32)
    small = np.stack([cv2.resize(t, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for t in thumbnails])
    small = small.astype(np.float32)
    gray = small.mean(-1)
    colour = (small - gray[..., None])[..., [0, 2]] / 20.0
    gradient = np.stack([np.gradient(gray, axis=1), np.gradient(gray, axis=2)], -1)
    parts = [_standard(gray[..., None]), _standard(gradient), colour.reshape(len(small), -1)]
    parts[2] /= np.sqrt(parts[2].shape[1])
    joined = np.concatenate([w * part for w, part in zip(_PARTS, parts, strict=True)], 1)
    return np.asarray(joined / np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-6), np.float32)


def _standard(part: Array) -> Array:
    """Rows (N, ...) flattened to mean 0 and length 1."""
    flat = part.reshape(len(part), -1)
    flat = flat - flat.mean(1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-3))


@dataclass(frozen=True, slots=True)
class _Tracks:
    """Known tracks as arrays: id, place (centre x, y, log width, log height), velocity a second, sightings."""

    id: Array
    place: Array
    velocity: Array
    time_s: Array
    sightings: Array
    look: Array

    @classmethod
    def start(cls, numbers: Array, place: Array, time_s: float, look: Array) -> "_Tracks":
        """New tracks for faces seen for the first time."""
        n = len(place)
        return cls(numbers, place, np.zeros_like(place), np.full(n, time_s), np.ones(n), look)

    def pick(self, index: Array) -> "_Tracks":
        """The tracks of a mask or of whole numbers."""
        return _Tracks(*(getattr(self, f.name)[index] for f in fields(self)))

    def join(self, other: "_Tracks") -> "_Tracks":
        """These tracks and the others."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return _Tracks(*(np.concatenate(pair) for pair in pairs))

    def predict(self, time_s: float) -> Array:
        """Places (T, 4) expected at a time: constant velocity that fades slowly."""
        elapsed = np.maximum(time_s - self.time_s, 0.0)[:, None]
        return np.asarray(self.place + self.velocity * _VELOCITY_FADE_S * -np.expm1(-elapsed / _VELOCITY_FADE_S))

    def seen(self, place: Array, time_s: float, look: Array, clear: Array) -> "_Tracks":
        """The tracks after each was seen at a place; the look is learnt only where the view was clear (T,)."""
        elapsed = np.maximum(time_s - self.time_s, 1e-3)[:, None]
        gain = np.maximum(-np.expm1(-elapsed / _VELOCITY_MEMORY_S), 1.0 / (self.sightings + 1.0)[:, None])
        velocity = self.velocity + gain * ((place - self.place) / elapsed - self.velocity)
        rate = np.where(clear, np.maximum(_APPEARANCE_MEMORY, 1.0 / (self.sightings + 1.0)), 0.0)[:, None]
        mixed = self.look + rate * (look - self.look)
        times = np.full(len(place), time_s)
        return replace(self, place=place, velocity=velocity, time_s=times, sightings=self.sightings + 1, look=mixed)


def _places(box: Array) -> Array:
    """Centre x, y, log width, log height (N, 4) of boxes (N, 4)."""
    size = np.maximum(box[:, 2:] - box[:, :2], 1e-3)
    return np.concatenate([(box[:, :2] + box[:, 2:]) / 2, np.log(size)], 1).astype(np.float64)


def _apart(box: Array, sound: Array) -> Array:
    """Which boxes (N, 4) overlap with no other sound one."""
    overlap = box_iou(np.where(sound[:, None], box, 0.0), np.where(sound[:, None], box, 0.0)) - np.eye(len(box))
    return np.asarray(overlap.max(1, initial=0.0) < 0.2)


class Tracker:
    """Gives each face an id that stays through short occlusions and crossings, and is never used again.

    A face that was away longer than `max_gap_s` seconds gets a new id; `appearance_weight` says how much the
    look of a face counts against its motion. Faces with a score from 0.2 to `high_score` are asked for last, and only
    by tracks that no other face continues: with them a face that is half hidden or blurred keeps its id, and they are
    reported there alone. Memory holds the live tracks only.
    Source of the second step: Zhang et al., "ByteTrack" (ECCV 2022).

    >>> tracker = Tracker()
    >>> face = Faces(np.array([[10.0, 10, 50, 50]]), np.ones(1), np.zeros((1, 5, 2)))
    >>> [tracker.update(face, time_s).track_id.tolist() for time_s in (0.0, 0.04, 1.0, 9.0)]
    [[0], [0], [0], [1]]
    """

    lowest_score = 0.2
    """Score below which a face helps no track."""

    def __init__(self, max_gap_s: float = 1.5, *, appearance_weight: float = 2.0, high_score: float = 0.6) -> None:
        expect(max_gap_s > 0, "max_gap_s", "a number of seconds above 0", max_gap_s)
        expect(appearance_weight >= 0, "appearance_weight", "a number of at least 0", appearance_weight)
        expect(0 <= high_score <= 1, "high_score", "between 0 and 1", high_score)
        self.max_gap_s = max_gap_s
        self.appearance_weight = appearance_weight
        self.high_score = high_score
        self._next_id = 0
        self._tracks: _Tracks | None = None
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
        place = _places(np.where(np.isfinite(box), box, 0.0))
        near = self._cost(tracks, place, np.zeros((len(box), 0)), time_s).min(0, initial=np.inf) < _LIMIT_LOW
        return np.asarray(high | near & np.isfinite(box).all(1))

    def _is_high(self, faces: Faces) -> NDArray[np.bool_]:
        return np.asarray(~(np.asarray(faces.score) < self.high_score))

    def update(self, faces: Faces, time_s: float, thumbnails: NDArray[np.uint8] | None = None) -> Faces:
        """The faces of the next frame with `track_id` (N,); thumbnails (N, S, S, 3) are their aligned RGB crops.

        Faces below `high_score` that continue no track are left out. A face whose box is not finite has an id of its
        own and no track.
        """
        expect(bool(np.isfinite(time_s)), "time_s", "a finite number of seconds", time_s)
        given = len(faces) if thumbnails is None else len(thumbnails)
        expect(given == len(faces), "thumbnails", f"one crop a face, {len(faces)}", given)
        look = np.zeros((len(faces), 0), np.float32) if thumbnails is None else appearance(thumbnails)
        box = np.asarray(faces.box, np.float64).reshape(-1, 4)
        sound, high = np.isfinite(box).all(1), self._is_high(faces)
        tracks, place = self._alive(time_s, look.shape[1]), _places(np.where(sound[:, None], box, 0.0))
        row, column = self._match_twice(tracks, place, look, time_s, sound & high, sound & ~high)
        ids = np.full(len(faces), -1, np.int64)
        ids[column] = tracks.id[row]
        new = np.flatnonzero((ids < 0) & high)
        ids[new] = np.arange(self._next_id, self._next_id + len(new))
        seen = tracks.pick(row).seen(place[column], time_s, look[column], _apart(box, sound)[column])
        started = _Tracks.start(ids[new], place[new], time_s, look[new]).pick(sound[new])
        missed = np.setdiff1d(np.arange(len(tracks.id)), row)
        self._tracks = seen.join(started).join(tracks.pick(missed))
        self._next_id += len(new)
        self._last_s = time_s
        reported = ids >= 0
        return replace(faces if reported.all() else faces.select(reported), track_id=ids[reported])

    def _alive(self, time_s: float, look_size: int) -> _Tracks:
        """Tracks that may still go on: seen in the last frame, or not too long ago and more than once."""
        if self._tracks is None:
            return _Tracks.start(np.zeros(0, np.int64), np.zeros((0, 4)), time_s, np.zeros((0, look_size), np.float32))
        age = time_s - self._tracks.time_s
        # With sparse frames (`every=`) even the last frame can be longer ago than the largest gap.
        recent = (self._tracks.time_s == self._last_s) & (age <= 4 * self.max_gap_s)
        patience = np.where(self._tracks.sightings > 1, self.max_gap_s, min(_TENTATIVE_S, self.max_gap_s))
        tracks = self._tracks.pick((age <= patience + 1e-6) | recent)
        if tracks.look.shape[1] != look_size:
            tracks = replace(tracks, look=np.zeros((len(tracks.id), look_size), np.float32))
        return tracks

    def _match_twice(
        self, tracks: _Tracks, place: Array, look: Array, time_s: float, high: Array, low: Array
    ) -> tuple[Array, Array]:
        """Pairs (track, face): those of high faces, then of tracks that are left and low faces near their place."""
        limit = _LIMIT if look.shape[1] else _LIMIT_BLIND
        first, second = np.flatnonzero(high), np.flatnonzero(low)
        row, column = self._match(tracks, place[first], look[first], time_s, limit)
        left = np.setdiff1d(np.flatnonzero(time_s - tracks.time_s <= _LOW_GAP_S), row)
        again, near = self._match(tracks.pick(left), place[second], look[second], time_s, _LIMIT_LOW)
        return np.concatenate([row, left[again]]), np.concatenate([first[column], second[near]])

    def _match(self, tracks: _Tracks, place: Array, look: Array, time_s: float, limit: float) -> tuple[Array, Array]:
        """Pairs (track, face) that belong together."""
        if not len(tracks.id) or not len(place):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        cost = self._cost(tracks, place, look, time_s)
        row, column = assign(np.minimum(cost, limit))
        good = cost[row, column] < limit
        return row[good], column[good]

    def _cost(self, tracks: _Tracks, place: Array, look: Array, time_s: float) -> Array:
        """Cost (T, N): distance from the predicted place in face sizes, change of size, difference of look."""
        expected = tracks.predict(time_s)
        elapsed = np.clip(time_s - tracks.time_s, 0.0, 2.0)[:, None]
        size = np.exp(np.maximum(expected[:, None, 2:], place[None, :, 2:]).mean(-1))
        away = np.linalg.norm(expected[:, None, :2] - place[None, :, :2], axis=-1) / size
        resized = np.abs(expected[:, None, 2:] - place[None, :, 2:]).mean(-1)
        # The longer a face was away, the less its predicted place is worth, and the more its look must agree.
        drift = _DRIFT if look.shape[1] else _DRIFT_BLIND
        cost = away / (0.6 + drift * elapsed) + resized / (0.5 + 0.2 * elapsed)
        if look.shape[1]:
            known = np.linalg.norm(tracks.look, axis=1)[:, None] > 0.1
            weight = self.appearance_weight * (1.0 + 1.5 * elapsed)
            cost = cost + np.where(known, weight * (1.0 - tracks.look @ look.T), 0.0)
        return np.where(away > _FARTHEST, np.inf, cost)
