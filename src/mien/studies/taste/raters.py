"""Raters whose single ratings are known, as people who compare faces: what is asked of them, and what is foretold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from mien.preference import Taste, informative_pairs
from mien.train.export.taste import Prior

POOL, LEARNED, ISOTROPIC, NONE = "the pool's score", "learned prior", "isotropic prior", "no prior (ridge)"
RANDOM, INFORMATIVE = "random", "informative"
_EDGE = 1e-6
_FIXED = 1e-12

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Embeddings z (N, D) of faces, ratings (N, R) of single raters, NaN where unknown, group (N,) within which faces
    are compared."""

    z: Values
    ratings: Values
    group: NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Pairs (P, 2) of faces of one group, and 1, 0.5 or 0 (P,) for the first."""

    pairs: Rows
    target: Values

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, rows: Rows) -> "Comparisons":
        return Comparisons(self.pairs[rows], self.target[rows])


def comparisons(pool: Pool, rater: int, faces: Rows) -> Comparisons:
    """All comparisons that a rater's ratings of these faces tell."""
    i, j = np.triu_indices(len(faces), 1)
    pairs = np.stack([faces[i], faces[j]], 1)
    pairs = pairs[pool.group[pairs[:, 0]] == pool.group[pairs[:, 1]]]
    gap = pool.ratings[pairs[:, 0], rater] - pool.ratings[pairs[:, 1], rater]
    return Comparisons(pairs, (np.sign(gap) + 1) / 2)


def halves(pool: Pool, rater: int, rng: np.random.Generator) -> tuple[Comparisons, Comparisons]:
    """What may be asked, and what is to be foretold, ties left out: no face is in both."""
    faces = rng.permutation(np.flatnonzero(~np.isnan(pool.ratings[:, rater])))
    asked, test = (comparisons(pool, rater, part) for part in (faces[: len(faces) // 2], faces[len(faces) // 2 :]))
    return asked, test[np.flatnonzero(test.target != 0.5)]


def priors(learned: Prior) -> dict[str, Taste]:
    """What may be known beforehand: the pool's direction with nothing to learn, a learned spread, one that is alike in
    all directions, and nothing."""
    decoding = learned.decoding()
    mean, covariance = np.array(decoding["mean"]), np.array(decoding["covariance"])
    even = np.eye(len(mean)) * np.trace(covariance) / len(mean)
    return {
        POOL: Taste(mean, _FIXED * even),
        LEARNED: Taste(mean, covariance),
        ISOTROPIC: Taste(mean, even),
        NONE: Taste(0 * mean, np.eye(len(mean))),
    }


def order(prior: Taste, pool: Pool, asked: Comparisons, count: int, how: str, rng: np.random.Generator) -> Comparisons:
    """The first `count` comparisons that are asked."""
    rows = rng.permutation(len(asked))
    if how == RANDOM:
        return asked[rows[:count]]
    known = {tuple(sorted(pair)): k for k, pair in enumerate(asked.pairs.tolist())}
    best = []
    for group in np.unique(pool.group[asked.pairs[:, 0]]):
        faces = np.unique(asked.pairs[pool.group[asked.pairs[:, 0]] == group])
        pairs = faces[informative_pairs(prior, pool.z[faces], count, seed=int(rng.integers(1 << 30)))]
        best.append([known[tuple(sorted(pair))] for pair in pairs.tolist()])
    # One of each group in turn; where these end, any other.
    turns = [k for turn in zip_longest(*best) for k in turn if k is not None]
    return asked[np.array(list(dict.fromkeys([*turns, *rows.tolist()]))[:count])]


def foretold(taste: Taste, pool: Pool, test: Comparisons) -> tuple[float, float]:
    """Share of comparisons foretold rightly, even ones half, and the mean of -log p."""
    p = taste.preference(pool.z[test.pairs[:, 0]], pool.z[test.pairs[:, 1]]).probability
    right = np.where(test.target > 0.5, p, 1 - p)
    return float((0.5 + 0.5 * np.sign(right - 0.5)).mean()), float(-np.log(np.clip(right, _EDGE, 1)).mean())


def learn(
    known: Mapping[str, Taste], pool: Pool, rater: int, counts: Sequence[int], rng: np.random.Generator
) -> dict[tuple[str, str, int], tuple[float, float]] | None:
    """Accuracy and log loss by prior, way of asking and number of comparisons; None for a rater of too few faces."""
    asked, test = halves(pool, rater, rng)
    if len(asked) < max(counts) or not len(test):
        return None
    scores = {}
    for name, prior in known.items():
        for how in (RANDOM, INFORMATIVE) if name == LEARNED else (RANDOM,):
            answers = order(prior, pool, asked, max(counts), how, np.random.default_rng(rater))
            for count in counts if name != POOL else (0,):
                some = answers[np.arange(count)]
                taste = prior.fit(pool.z[some.pairs[:, 0]], pool.z[some.pairs[:, 1]], some.target)
                scores[name, how, count] = foretold(taste, pool, test)
    return scores


def others_right(pool: Pool, rater: int, test: Comparisons) -> float:
    """Share of comparisons that the mean of all other raters, each centred, orders alike, ties half."""
    centred = pool.ratings - np.nanmean(pool.ratings, 0)
    rest = np.delete(centred, rater, 1)
    known = ~np.isnan(rest)
    mean = np.where(known, rest, 0).sum(1) / np.maximum(known.sum(1), 1)
    gap = np.sign(mean[test.pairs[:, 0]] - mean[test.pairs[:, 1]])
    return float((0.5 + 0.5 * gap * (2 * test.target - 1)).mean())
