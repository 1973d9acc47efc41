"""How well scores order faces within one set and sex."""

import numpy as np
import torch
from numpy.typing import NDArray

from mien.geometry import Array
from mien.metrics import pearson, spearman
from mien.studies.ranking.faces import Rated, World
from mien.train.losses import is_constant_scorer

ORDER, PLCC, SRCC = "pairs in order", "PLCC", "SRCC"
ROUNDED = "pairs in order, scores of 3 decimals"
SPREAD, CONSTANT = "spread of scores", "constant (share of runs)"


def sure_pairs(part: Rated, sure: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows i, j (P,) of one set and sex whose means differ, rating i above rating j, by more than `sure` errors."""
    rating, error, group = (column.numpy() for column in (part.rating, part.error, part.group))
    pairs = []
    for label in np.unique(group):
        rows = np.flatnonzero(group == label)
        gap = rating[rows][:, None] - rating[rows][None]
        i, j = np.nonzero(gap > sure * np.hypot(error[rows][:, None], error[rows][None]))
        pairs.append((rows[i], rows[j]))
    return np.concatenate([i for i, _ in pairs]), np.concatenate([j for _, j in pairs])


def order(score: Array, part: Rated, sure: float) -> float:
    """Share of the sure pairs that scores (N,) put in the order of the ratings, equal scores counting half."""
    return _right(score, *sure_pairs(part, sure))


def _right(score: Array, i: NDArray[np.int64], j: NDArray[np.int64]) -> float:
    return float(0.5 + 0.5 * np.sign(score[i] - score[j]).mean()) if len(i) else float("nan")


def measures(score: Array, world: World, sure: float) -> dict[str, float]:
    """By set: pairs in order, and the correlations, each a mean over both sexes; spread and collapse over all."""
    rating, group = world.test.rating.numpy(), world.test.group.numpy()
    of_set = np.array([name.partition(" ")[0] for name in world.groups])[group]
    i, j = sure_pairs(world.test, sure)
    metrics: dict[str, float] = {}
    for name in dict.fromkeys(of_set):
        metrics[f"{name} {ORDER}"] = _right(score, i[of_set[i] == name], j[of_set[i] == name])
        sexes = [group == label for label in np.unique(group[of_set == name])]
        for measure, of in ((PLCC, pearson), (SRCC, spearman)):
            metrics[f"{name} {measure}"] = float(np.mean([of(score[members], rating[members]) for members in sexes]))
    constant = is_constant_scorer(torch.from_numpy(score), tolerance=1e-3)
    return {**metrics, ROUNDED: _right(np.round(score, 3), i, j), SPREAD: float(score.std()), CONSTANT: float(constant)}
