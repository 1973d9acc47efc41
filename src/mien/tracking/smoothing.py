"""Smoothing of what is known of a face along its track."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import expect
from mien.faces import SCORE_NUMBERS, ActionUnits, Age, Attractiveness, Attributes, Emotion, Faces, Pose, Quantity
from mien.geometry import wrap_degrees

Array = NDArray[Any]

_SPEED_GAIN_HZ = 8.0  # cutoff added at a speed of one face size a second
_SPEED_CUTOFF_HZ = 3.0


class Smoother:
    """Exponential smoothing in time by `track_id`, with a memory of `seconds`.

    Pose, Action Units, emotion, age and attractiveness follow with that time constant; landmarks follow at
    once when they move fast (one-euro filter). What came before a cut, or before a frame in which the track
    was missing, never counts: there the raw values pass unchanged. Memory holds one frame.

    >>> smoother = Smoother(seconds=0.25)
    >>> def seen(yaw):
    ...     zeros = np.zeros(1)
    ...     return Faces(np.array([[0.0, 0, 9, 9]]), np.ones(1), np.zeros((1, 5, 2)), None,
    ...                  np.array([0]), Pose(np.array([yaw]), zeros, zeros))
    >>> [float(smoother.update(seen(yaw), t, False).pose.yaw[0].round(1)) for t, yaw in [(0, 0.0), (0.25, 10.0)]]
    [0.0, 6.3]
    """

    def __init__(self, seconds: float = 0.25) -> None:
        expect(seconds >= 0, "seconds", "a number of at least 0", seconds)
        self.seconds = seconds
        self._last: Faces | None = None
        self._last_s = 0.0
        self._speeds: dict[str, Array] = {}

    def reset(self) -> None:
        """Forget everything, as at a cut."""
        self._last, self._speeds = None, {}

    def update(self, faces: Faces, time_s: float, cut: bool = False) -> Faces:
        """The faces of the next frame, smoothed; `cut` says that a new shot begins with it."""
        expect(bool(np.isfinite(time_s)), "time_s", "a finite number of seconds", time_s)
        if cut or faces.track_id is None or self.seconds == 0:
            self.reset()
        if faces.track_id is None or self.seconds == 0:
            return faces
        now, before = _same_tracks(faces, self._last)
        elapsed = max(time_s - self._last_s, 0.0)
        smooth = self._blend(faces, now, before, elapsed)
        self._last, self._last_s = smooth, time_s
        return smooth

    def _blend(self, faces: Faces, now: Array, before: Array, elapsed: float) -> Faces:
        """Faces whose rows `now` go on from the rows `before` of the last frame; other rows stay raw."""
        follow = _Follow(now, before, float(-np.expm1(-elapsed / self.seconds)))
        last = self._last if self._last is not None else faces
        scale = np.maximum(np.sqrt(np.prod(np.maximum(faces.box[:, 2:] - faces.box[:, :2], 0), 1)), 1e-3)
        changed: dict[str, Any] = {}
        for name in ("landmarks", "landmarks_68"):
            points, old = getattr(faces, name), getattr(last, name)
            if points is not None and old is not None:
                changed[name] = self._glide(name, points, old, follow, scale, elapsed)
        for name, mix in _MIXERS.items():
            part, old = getattr(faces, name), getattr(last, name)
            if part is not None and old is not None:
                changed[name] = mix(part, old, follow)
        return replace(faces, **changed)

    def _glide(self, name: str, points: Array, old: Array, follow: "_Follow", scale: Array, elapsed: float) -> Array:
        """One-euro filter of points (N, P, 2): the faster a point moves, in face sizes, the less it is held."""
        speed = np.zeros(points.shape)
        held = self._speeds.get(name)
        now, before = follow.now, follow.before
        if held is not None and elapsed > 0:
            size = scale[now, None, None]
            moved = (points[now] - old[before]) / size / elapsed
            speed[now] = held[before] + _gain(_SPEED_CUTOFF_HZ, elapsed) * (moved - held[before])
        self._speeds[name] = speed
        cutoff = 0.5 / self.seconds + _SPEED_GAIN_HZ * np.linalg.norm(speed[now], axis=-1, keepdims=True)
        result = points.copy()
        result[now] = old[before] + _gain(cutoff, elapsed) * (points[now] - old[before])
        return np.asarray(_where_known(result, points))


def _gain(cutoff_hz: Any, elapsed: float) -> Any:
    """Share of the new value that a first-order low-pass lets through in one step."""
    return -np.expm1(-2 * np.pi * cutoff_hz * elapsed)


def _same_tracks(faces: Faces, last: Faces | None) -> tuple[Array, Array]:
    """Rows of this frame and rows of the last frame (K,) that carry the same track."""
    if last is None or last.track_id is None or faces.track_id is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, now, before = np.intersect1d(faces.track_id, last.track_id, return_indices=True)
    real = faces.track_id[now] >= 0
    return now[real], before[real]


def _where_known(smooth: Array, raw: Array) -> Array:
    """Smoothed values, raw ones where the past was NaN."""
    return np.where(np.isnan(smooth), raw, smooth).astype(raw.dtype)


class _Follow:
    """Moves values from the last frame's rows towards this frame's by one time step."""

    def __init__(self, now: Array, before: Array, gain: float) -> None:
        self.now, self.before, self.gain = now, before, gain

    def __call__(self, raw: Array, old: Array) -> Array:
        """Blend of raw (N, ...) with old (M, ...); rows without a past stay raw."""
        result = raw.copy()
        result[self.now] = old[self.before] + self.gain * (raw[self.now] - old[self.before])
        return _where_known(result, raw)

    def angle(self, raw: Array, old: Array) -> Array:
        """The same for degrees, the short way round."""
        result = raw.copy()
        turned = wrap_degrees(raw[self.now] - old[self.before])
        result[self.now] = wrap_degrees(old[self.before] + self.gain * turned)
        return _where_known(result, raw)


def _mix_pose(raw: Pose, old: Pose, follow: _Follow) -> Pose:
    angles = {name: follow.angle(getattr(raw, name), getattr(old, name)) for name in ("yaw", "pitch", "roll")}
    return Pose(**angles)


def _mix_units(raw: ActionUnits, old: ActionUnits, follow: _Follow) -> ActionUnits:
    if raw.codes != old.codes:
        return raw
    probability, intensity = follow(raw.probability, old.probability), follow(raw.intensity, old.intensity)
    return ActionUnits(probability, intensity, raw.codes)


def _mix_emotion(raw: Emotion, old: Emotion, follow: _Follow) -> Emotion:
    """Contributions speak for one label: they mix only where it stays, and follow the smoothed label else."""
    if raw.codes != old.codes:
        return raw
    now, before = follow.now, follow.before
    probability = raw.probability.copy()
    mixed = follow(raw.probability, old.probability)[now]
    probability[now] = mixed / np.maximum(mixed.sum(1, keepdims=True), 1e-12)
    label, raw_label = probability[now].argmax(1)[:, None], raw.probability[now].argmax(1)[:, None]
    old_label = old.probability[before].argmax(1)[:, None]
    contribution = raw.contribution.copy()
    both = follow(raw.contribution, old.contribution)[now]
    agreed = np.where(label == old_label, both, raw.contribution[now])
    kept = np.where(label == old_label, old.contribution[before], 0.0)
    contribution[now] = np.where(label == raw_label, agreed, kept)
    return Emotion(probability, contribution, raw.codes)


def _mix_age(raw: Age, old: Age, follow: _Follow) -> Age:
    value, low, high = follow(raw.value, old.value), follow(raw.low, old.low), follow(raw.high, old.high)
    return replace(raw, value=value, low=low, high=high)


def _mix_attractiveness(raw: Attractiveness, old: Attractiveness, follow: _Follow) -> Attractiveness:
    pairs = {name: (getattr(raw, name), getattr(old, name)) for name in SCORE_NUMBERS}
    mixed: dict[str, Any] = {name: follow(*pair) for name, pair in pairs.items() if pair[0] is not None}
    return replace(raw, **mixed)


def _mix_attributes(raw: Attributes, old: Attributes, follow: _Follow) -> Attributes:
    mixed: dict[str, Any] = {}
    for name, part in raw.named.items():
        before: Any = old.named.get(name, part)
        if isinstance(part, Quantity):
            mixed[name] = replace(part, value=follow(part.value, before.value))
        else:
            mixed[name] = replace(part, probability=follow(part.probability, before.probability))
    return Attributes(mixed)


_MIXERS: dict[str, Any] = {
    "pose": _mix_pose,
    "action_units": _mix_units,
    "emotion": _mix_emotion,
    "age": _mix_age,
    "attractiveness": _mix_attractiveness,
    "attributes": _mix_attributes,
}
