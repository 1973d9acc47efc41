"""Linear scores of the age network's pooled features, which learn nothing here: a ranking SVM, ridge regression."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVC

from mien.geometry import Array
from mien.studies.core.networks import generator, predict
from mien.studies.ranking.faces import Rated, World
from mien.studies.ranking.measures import measures, order, sure_pairs
from mien.studies.ranking.runs import Outcome, Settings, split_rows

SVM, RIDGE = "linear ranking SVM", "ridge regression"
PAIRS = 4000
RANGE = {SVM: (1e-4, 1e0), RIDGE: (1e0, 1e4)}
"""Of the penalties that are tried: C of the SVM, alpha of ridge regression."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Features (N, D) with mean 0 and deviation 1 over the faces to learn from."""

    train: Array
    test: Array


def embed(world: World) -> Embedded:
    """Mean over face and mirror image of the pooled features."""

    def of(part: Rated) -> Array:
        both = torch.stack([predict(world.pooled, part.views[:, k].float()) for k in range(2)])
        return np.asarray(both.mean(0).numpy(), np.float64)

    train, test = of(world.train), of(world.test)
    mean, deviation = train.mean(0), train.std(0) + 1e-9
    return Embedded((train - mean) / deviation, (test - mean) / deviation)


def direction(name: str, penalty: float, x: Array, part: Rated, seed: int, sure: float) -> Array:
    """Weights (D,) of the score x @ w learnt from faces x (N, D).

    The SVM separates the differences of sure pairs, both ways round: squared hinge with margin 1 and an L2 penalty.
    """
    if name == RIDGE:
        return np.asarray(Ridge(alpha=penalty).fit(x, part.rating.numpy()).coef_)
    i, j = sure_pairs(part, sure)
    some = torch.randperm(len(i), generator=generator(seed))[:PAIRS].numpy()
    gap = x[i[some]] - x[j[some]]
    both = np.concatenate([gap, -gap])
    winner = np.repeat([1, -1], len(gap))
    machine = LinearSVC(C=penalty, dual=False, fit_intercept=False, tol=1e-3, max_iter=2000)
    return np.asarray(machine.fit(both, winner).coef_[0])


def train_linear(name: str, penalty: float, seed: int, world: World, embedded: Embedded, plan: Settings) -> Outcome:
    """All measures on the test faces."""
    rows, _ = split_rows(world, plan.held_out, seed)
    weights = direction(name, penalty, embedded.train[rows.numpy()], world.train.take(rows), seed, plan.sure)
    return Outcome(measures(embedded.test @ weights, world, plan.sure), [])


def choose_penalty(name: str, world: World, embedded: Embedded, plan: Settings) -> float:
    """Of as many penalties as networks have trials the one that brings most pairs of held-out faces in order."""
    rows, held = split_rows(world, plan.held_out, 0)
    teach, watched = world.train.take(rows), world.train.take(held)
    accuracies = {}
    for penalty in np.geomspace(*RANGE[name], plan.trials):
        weights = direction(name, float(penalty), embedded.train[rows.numpy()], teach, 0, plan.sure)
        accuracies[float(penalty)] = order(embedded.train[held.numpy()] @ weights, watched, plan.sure)
    return max(accuracies, key=lambda penalty: accuracies[penalty])
