"""Which pairs are worth asking next."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.errors import expect
from mien.estimates import moderated
from mien.preference.logistic import Vector
from mien.preference.personal import Taste

Rows = NDArray[np.int64]
MOST_FACES, MOST_PAIRS = 1000, 20_000
_SAME, _ROUNDING = 0.1, 1e-6
_ENTROPY = ((0.543, 1.979), (0.457, 6.073))
"""Entropy of sigmoid(f) in bits as a sum of a exp(-f^2 / 2 s), (a, s) each; least squares, off by less than 0.003."""


def informative_pairs(taste: Taste, z: ArrayLike, count: int, *, repeat: int = 3, seed: int = 0) -> Rows:
    """Up to `count` pairs (K, 2) of rows of embeddings z (N, D), most informative first.

    Greedy: the pair with the most mutual information between answer and weights,
    H(E p) - E H(p), p = sigmoid(f), f ~ N(m, v) the difference of the scores; then the next, with the covariance that
    its answer is expected to leave. Houlsby et al., "Bayesian active learning for classification and preference
    learning", 2011, Eq. 4, with two Gaussians in place of one for the entropy.

    repeat: pairs that a face is in at most, more where the faces are too few for `count`. Of faces that are nearly
    the same one is used. The best are looked for among at most 20,000 pairs, drawn by `seed`, which also shuffles who
    stands first.
    Raises InputError for fewer than two different faces.

    >>> informative_pairs(Taste(np.zeros(1), np.eye(1)), [[0.0], [0.1], [3.0]], 1).tolist()
    [[0, 2]]
    """
    expect(count >= 1, "count", "a whole number of at least 1", count)
    expect(repeat >= 1, "repeat", "a whole number of at least 1", repeat)
    faces = np.atleast_2d(np.asarray(z, np.float64))
    taste.score(faces)  # refuses what is no embedding
    rng = np.random.default_rng(seed)
    rows = np.arange(len(faces))
    if len(rows) > MOST_FACES:
        rows = np.sort(rng.choice(rows, MOST_FACES, replace=False))
    rows = rows[_distinct(faces[rows])]
    expect(len(rows) > 1, "z", "embeddings of at least two different faces", len(rows))
    limit = max(repeat, -(-2 * count // len(rows)) + 1)
    pairs = np.stack(np.triu_indices(len(rows), 1), 1)
    if len(pairs) > MOST_PAIRS:
        pairs = pairs[np.sort(rng.choice(len(pairs), MOST_PAIRS, replace=False))]
    pairs = rows[pairs]
    chosen = pairs[_greedy(taste, faces, pairs, count, limit)]
    swap = rng.random(len(chosen)) < 0.5
    return np.where(swap[:, None], chosen[:, ::-1], chosen)


def _distinct(faces: Vector) -> Rows:
    """Rows of faces further from all earlier ones than a tenth of the median distance."""
    if len(faces) < 2:
        return np.arange(len(faces))
    square = (faces**2).sum(1)
    distance = np.sqrt(np.clip(square[:, None] + square - 2 * faces @ faces.T, 0, None))
    earlier = np.tri(len(faces), k=-1, dtype=bool)
    least = max(_SAME * float(np.median(distance[earlier])), _ROUNDING)
    return np.flatnonzero(~((distance <= least) & earlier).any(1))


def _greedy(taste: Taste, faces: Vector, pairs: Rows, count: int, limit: int) -> Rows:
    """Which of the pairs (M, 2), in the order of asking."""
    apart = faces[pairs[:, 0]] - faces[pairs[:, 1]]
    mean, covariance = apart @ taste.mean, taste.covariance
    slope = moderated(mean, np.zeros(1)) * moderated(-mean, np.zeros(1))
    free = np.ones(len(pairs), bool)
    used = np.zeros(len(faces), np.int64)
    chosen: list[int] = []
    while len(chosen) < count and free.any():
        variance = np.clip(((apart @ covariance) * apart).sum(1), 0, None)
        k = int(np.where(free, _information(mean, variance), -np.inf).argmax())
        chosen.append(k)
        used[pairs[k]] += 1
        free[k] = False
        free &= (used[pairs] < limit).all(1)
        change = covariance @ apart[k]
        covariance = covariance - np.outer(change, change) * slope[k] / (1 + slope[k] * variance[k])
    return np.array(chosen, np.int64)


def _information(mean: Vector, variance: Vector) -> Vector:
    """Bits that the answer to a comparison tells of the weights; mean and variance of its log-odds."""
    p = np.clip(moderated(mean, variance), 1e-12, 1 - 1e-12)
    gain = -p * np.log2(p) - (1 - p) * np.log2(1 - p)
    for share, s in _ENTROPY:
        gain = gain - share * np.sqrt(s / (s + variance)) * np.exp(-(mean**2) / (2 * (s + variance)))
    return np.asarray(gain)
