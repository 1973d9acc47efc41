"""Motion of faces in real time: a Kalman filter for each track, all tracks at once."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Each pair: the center (in face sizes), the logarithm of width and height.
_START_SPEED = np.array([1.5, 0.3])  # standard deviation a second of a face seen for the first time
_ACCELERATION = np.array([1.5, 0.05])  # variance of the velocity that one second adds
_NOISE = np.array([0.5, 2.0]) ** 0.5  # from the error of an edge to that of the center and of the size
_EDGE, _EDGE_LOW = 0.03, 0.1  # error of an edge in face sizes: at score 1, and what score 0 adds
_UNCERTAIN_S = 1.5  # what is not known about a hidden face grows no longer
_TAILS = 4.0  # degrees of freedom: faces start and turn more often than a normal distribution has it
_RESTLESS = (0.05, 30.0)  # least and most of what a track's own surprises make of its accelerations
_RESTLESS_RATE = 0.2
_ABSENCE = 0.3  # how much a second of absence counts against a track
_APPEARANCE_MEMORY = 0.1


def places(box: Array) -> Array:
    """Centre x, y, log width, log height (N, 4) of boxes (N, 4)."""
    size = np.maximum(box[:, 2:] - box[:, :2], 1e-3)
    return np.concatenate([(box[:, :2] + box[:, 2:]) / 2, np.log(size)], 1).astype(np.float64)


def place_noise(score: Array) -> Array:
    """Variance (N, 2) of center and log size of detections with scores (N,); low scores shake more."""
    certain = np.nan_to_num(np.clip(score, 0.0, 1.0), nan=1.0)
    return np.asarray(((_EDGE + _EDGE_LOW * (1 - certain))[:, None] * _NOISE) ** 2)


def _sizes(place: Array) -> Array:
    return np.asarray(np.exp(place[..., 2:].mean(-1, keepdims=True)))


@dataclass(frozen=True, slots=True)
class Tracks:
    """Known tracks as arrays.

    id (T,), -1 while tentative; place and velocity a second (T, 4); covariance (T, 3, 2): variance of the place,
    covariance, variance of the velocity, for the center in face sizes and for the log size; restless (T,): acceleration
    beside the usual one, learned from how well the track was predicted (a hand-held camera makes all restless); time_s
    and sightings (T,); look (T, D).
    """

    id: Array
    place: Array
    velocity: Array
    covariance: Array
    restless: Array
    time_s: Array
    sightings: Array
    look: Array

    @classmethod
    def start(cls, numbers: Array, place: Array, noise: Array, look: Array, time_s: float) -> "Tracks":
        """New tracks for faces seen for the first time."""
        n = len(place)
        covariance = np.stack([noise, np.zeros_like(noise), np.tile(_START_SPEED**2, (n, 1))], 1)
        return cls(numbers, place, np.zeros_like(place), covariance, np.ones(n), np.full(n, time_s), np.ones(n), look)

    @classmethod
    def none(cls, look_size: int) -> "Tracks":
        """No tracks."""
        place, noise = np.zeros((0, 4)), np.zeros((0, 2))
        return cls.start(np.zeros(0, np.int64), place, noise, np.zeros((0, look_size), np.float32), 0.0)

    def __len__(self) -> int:
        return len(self.id)

    def pick(self, index: Array) -> "Tracks":
        """The tracks of a mask or of indices."""
        return Tracks(*(getattr(self, f.name)[index] for f in fields(self)))

    def join(self, other: "Tracks") -> "Tracks":
        """These tracks and the others."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Tracks(*(np.concatenate(pair) for pair in pairs))

    def predict(self, time_s: float) -> tuple[Array, Array]:
        """Places (T, 4) at a time and their covariance (T, 3, 2): constant velocity, accelerations by chance."""
        elapsed = np.maximum(time_s - self.time_s, 0.0)[:, None]
        place = self.place + self.velocity * elapsed
        step = np.minimum(elapsed, _UNCERTAIN_S)
        at, between, speed = self.covariance.swapaxes(0, 1)
        acceleration = _ACCELERATION * self.restless[:, None]
        at = at + 2 * step * between + step**2 * speed + acceleration * step**3 / 3
        between = between + step * speed + acceleration * step**2 / 2
        return place, np.stack([at, between, speed + acceleration * step], 1)

    def unlikelihood(self, place: Array, noise: Array, time_s: float) -> Array:
        """Negative log-likelihood (T, N), but for a constant, that each track shows itself at each place (N, 4).

        Student's t distribution of the prediction error, in face sizes.
        """
        expected, covariance = self.predict(time_s)
        variance = covariance[:, None, 0] + noise
        error = (place - expected[:, None]) ** 2
        error[..., :2] /= _sizes(expected)[:, None] ** 2
        squared = error[..., :2].sum(-1) / variance[..., 0] + error[..., 2:].sum(-1) / variance[..., 1]
        absence = _ABSENCE * np.maximum(time_s - self.time_s, 0.0)[:, None]
        return np.asarray((_TAILS + 4) / 2 * np.log1p(squared / _TAILS) + np.log(variance).sum(-1) + absence)

    def seen(self, place: Array, noise: Array, look: Array, time_s: float, clear: Array) -> "Tracks":
        """The tracks after each was seen at a place; the look is learnt only where the view was clear (T,)."""
        expected, covariance = self.predict(time_s)
        at, between, speed = covariance.swapaxes(0, 1)
        gain, speed_gain = at / (at + noise), between / (at + noise)
        error = place - expected
        surprise = (error[:, :2] ** 2).sum(1) / (_sizes(expected)[:, 0] ** 2 * (at + noise)[:, 0] * 2)
        restless = self.restless * np.exp(_RESTLESS_RATE * np.clip(surprise - 1, -1, 5))
        rate = np.where(clear, np.maximum(_APPEARANCE_MEMORY, 1.0 / (self.sightings + 1.0)), 0.0)[:, None]
        return replace(
            self,
            place=expected + np.repeat(gain, 2, 1) * error,
            velocity=self.velocity + np.repeat(speed_gain, 2, 1) * error,
            covariance=np.stack([at * (1 - gain), between * (1 - gain), speed - speed_gain * between], 1),
            restless=np.clip(restless, *_RESTLESS),
            time_s=np.full(len(place), time_s),
            sightings=self.sightings + 1,
            look=self.look + rate * (look - self.look),
        )
