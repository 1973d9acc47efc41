"""How well single raters can be foretold: by a score, by the mean of all other raters, by one other rater."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mien.faces.parts import Array
from mien.studies.core.bootstrap import Estimate

MODEL, OTHERS, ONE = "the score", "the mean of all other raters", "one other rater"
_ROUND = 20


@dataclass(frozen=True, slots=True)
class Agreement:
    """Share of single raters' comparisons that each of the three foretells, ties among them half; pairs: how many."""

    pairs: int
    shares: dict[str, Estimate]


def agreement(score: Array, ratings: Array, group: NDArray[np.str_], rounds: int, seed: int = 0) -> Agreement:
    """Comparisons of two faces of a group by one rater, who rated them differently; raters are resampled.

    score (N,); ratings (N, R) of single raters, NaN where unknown; group (N,). Before means are taken, a rater's mean
    over all faces is taken off, since strict raters saw other faces than mild ones. One other rater: drawn at random
    for each rater, among the comparisons that both made.
    """
    centred = ratings - np.nanmean(ratings, 0, keepdims=True)
    known, total = ~np.isnan(centred), np.nansum(centred, 1)
    rng = np.random.default_rng(seed)
    tallies = []
    for rater in range(ratings.shape[1]):
        rows = np.flatnonzero(known[:, rater])
        others = known[rows].sum(1) - 1
        mean = np.where(others > 0, (total[rows] - centred[rows, rater]) / np.maximum(others, 1), np.nan)
        answers, kind = ratings[rows, rater], group[rows]
        peers = rng.permutation(np.flatnonzero(known[rows].sum(0) > 1))
        peer_counts = [_right(answers, ratings[rows, peer], kind) for peer in peers[peers != rater][:_ROUND]]
        tallies.append(
            (
                _right(answers, score[rows], kind),
                _right(answers, mean, kind),
                np.sum(peer_counts, 0) if peer_counts else np.zeros(2),
            )
        )
    counts = np.array(tallies)  # raters, three, (right, pairs)
    draws = np.random.default_rng(seed).integers(0, len(counts), (rounds, len(counts)))
    shares = {
        name: Estimate(_share(counts[:, k]), np.array([_share(counts[rows, k]) for rows in draws]))
        for k, name in enumerate((MODEL, OTHERS, ONE))
    }
    return Agreement(int(counts[:, 0, 1].sum()), shares)


def _share(counts: Array) -> float:
    right, pairs = counts.sum(0)
    return float(right / pairs) if pairs else float("nan")


def _right(answers: Array, other: Array, group: NDArray[np.str_]) -> Array:
    """How many pairs of a group, told apart by `answers`, the other values order alike, and how many there are."""
    i, j = np.triu_indices(len(answers), 1)
    apart = (answers[i] != answers[j]) & (group[i] == group[j]) & ~np.isnan(other[i] + other[j])
    same = np.sign(answers[i] - answers[j]) * np.sign(other[i] - other[j])
    return np.array([(0.5 + 0.5 * same[apart]).sum(), apart.sum()])


def calibration(
    share: Callable[[Array, Array], Array], score: Array, ratings: Array, group: NDArray[np.str_], edges: Array
) -> list[tuple[int, float, float]]:
    """For bins of the predicted share of raters that prefer the first face: pairs, mean prediction, what was seen.

    Every comparison counts in both directions, so the bins from 0.5 upwards tell all. Ties count half.
    """
    predicted, seen = [], []
    for rater in ratings.T:
        rows = np.flatnonzero(~np.isnan(rater))
        i, j = np.triu_indices(len(rows), 1)
        i, j = rows[i], rows[j]
        alike = group[i] == group[j]
        i, j = i[alike], j[alike]
        swap = score[i] < score[j]
        first, second = np.where(swap, j, i), np.where(swap, i, j)
        predicted.append(share(score[first], score[second]))
        seen.append(0.5 + 0.5 * np.sign(rater[first] - rater[second]))
    p, y = np.concatenate(predicted), np.concatenate(seen)
    inside = [(low <= p) & (p < high) for low, high in pairwise(edges)]
    return [(int(i.sum()), float(p[i].mean()), float(y[i].mean())) for i in inside if i.any()]
