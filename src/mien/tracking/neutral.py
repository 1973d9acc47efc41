"""What a person's face shows at rest, learnt along its track and taken off what is read."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import expect
from mien.estimates import action_units_estimate
from mien.faces import ActionUnits, Faces

Array = NDArray[Any]

REST = -2.0
"""Log-odds of a unit at rest (probability 0.12): a person's own rest is only lowered to here, never raised."""
MOST = 3.0
"""Log-odds that are taken off at most: who smiles throughout is still read as smiling."""
QUANTILE = 0.1
HALF_S = 10.0
"""Seconds of a face after which half of what it shows at rest is taken off."""
_EDGE, _BINS = 8.0, 64
_WIDTH = 2 * _EDGE / _BINS
_LONGEST_S, _MEMORY_S = 1.0, 60.0


@dataclass(slots=True)
class _Person:
    """Seconds (K, B) that each unit's log-odds spent in each bin, and when the face was seen last."""

    seconds: Array
    time_s: float


class NeutralBaseline:
    """Takes off the log-odds by which a person's Action Units at rest exceed those of other people.

    z' = z - t / (t + HALF_S) * clip(q - REST, 0, MOST), with q the 10 % quantile over time of a unit's log-odds
    on its track and t the seconds for which the track was seen. A low quantile is what the face shows when the
    unit rests, even of a person who smiles four fifths of the time. Tracks end at cuts, and what was learnt
    with them; memory holds a histogram for each track of the last minute.

    >>> baseline = NeutralBaseline()
    >>> frowning = Faces(np.zeros((1, 4)), np.ones(1), np.zeros((1, 5, 2)), track_id=np.zeros(1, int),
    ...                  action_units=ActionUnits(np.full((1, 1), 0.7), np.full((1, 1), 1.8), ("AU04",)))
    >>> seen = [baseline.update(frowning, 0.04 * i).action_units.probability[0, 0] for i in range(1500)]
    >>> [round(float(seen[i]), 2) for i in (0, 250, 1499)]
    [0.7, 0.37, 0.18]
    """

    def __init__(self) -> None:
        self._people: dict[int, _Person] = {}

    def update(self, faces: Faces, time_s: float) -> Faces:
        """The faces of the next frame with calibrated Action Units; faces without a track stay as they are."""
        expect(bool(np.isfinite(time_s)), "time_s", "a finite number of seconds", time_s)
        if faces.action_units is None or faces.track_id is None:
            return faces
        z = _log_odds(faces.action_units)
        offset = np.zeros_like(z)
        for i, track in enumerate(faces.track_id.tolist()):
            if track >= 0:
                offset[i] = self._learn(track, z[i], time_s)
        self._people = {track: person for track, person in self._people.items() if time_s - person.time_s <= _MEMORY_S}
        decoding = {"slope": 1.0, "bias": -offset, "codes": faces.action_units.codes}
        dtype = faces.action_units.probability.dtype
        return replace(faces, action_units=action_units_estimate(z.astype(dtype), decoding))

    def _learn(self, track: int, z: Array, time_s: float) -> Array:
        """Add the log-odds (K,) of a frame to a track; what is to be taken off (K,) is returned."""
        person = self._people.get(track)
        if person is None or person.seconds.shape[0] != len(z):
            person = self._people[track] = _Person(np.zeros((len(z), _BINS)), time_s)
        # A face that was away shows nothing of the time between.
        elapsed = float(np.clip(time_s - person.time_s, 0.0, _LONGEST_S))
        person.time_s = time_s
        known = np.flatnonzero(np.isfinite(z))
        bins = ((np.clip(z[known], -_EDGE, _EDGE) + _EDGE) / _WIDTH).astype(int)
        person.seconds[known, np.minimum(bins, _BINS - 1)] += elapsed
        total = person.seconds.sum(1)
        excess = np.clip(_quantile(person.seconds, QUANTILE) - REST, 0.0, MOST)
        return np.asarray(total / (total + HALF_S) * excess)


def _log_odds(units: ActionUnits) -> Array:
    p = np.clip(units.probability.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(p / (1 - p)))


def _quantile(seconds: Array, share: float) -> Array:
    """Quantile (K,) of histograms (K, B) over -8..8, linear within a bin."""
    reached = np.cumsum(seconds, 1)
    target = share * reached[:, -1:]
    bins = (reached >= target).argmax(1)
    rows = np.arange(len(seconds))
    inside = seconds[rows, bins]
    left = target[:, 0] - (reached[rows, bins] - inside)
    return np.asarray(-_EDGE + _WIDTH * (bins + left / np.maximum(inside, 1e-12)))
