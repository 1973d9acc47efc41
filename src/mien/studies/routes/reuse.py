"""A new category from few labels: a linear read-out on what each route hands on, and rules that need none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

from mien.geometry import Array
from mien.metrics import roc_auc
from mien.studies.core.bootstrap import Estimate
from mien.studies.routes.faces import Reading

PENALTIES = tuple(float(value) for value in np.geomspace(0.1, 1e5, 13))


@dataclass(frozen=True, slots=True)
class NewCategory:
    """A category that no route was trained for: faces to be labelled (pool) and faces of others to be told (test).

    present, test_present: masks (N,) and (M,). rule: the display of the Action Unit route that needs no label.
    """

    name: str
    pool: Reading
    present: NDArray[np.bool_]
    test: Reading
    test_present: NDArray[np.bool_]
    rule: str


def learning_curves(
    category: NewCategory, shots: tuple[int, ...], draws: int, seed: int = 0
) -> dict[tuple[str, int], Estimate]:
    """(route, k) -> mean AUC on the test faces of read-outs from k labelled faces, half of them of the category.

    The interval is over the draws of labelled faces. k = 0: a route's rule, where it has one.
    """
    curve: dict[tuple[str, int], Estimate] = {}
    for route, answers in category.test.answers.items():
        if category.rule in answers.displays:
            curve[route, 0] = Estimate(roc_auc(answers.displays[category.rule], category.test_present))
        known, unseen = _alike(category.pool.answers[route].representation, answers.representation)
        for k in shots:
            values = []
            for draw in range(draws):
                rows = labelled(category.present, k, np.random.default_rng((seed, k, draw)))
                values.append(roc_auc(read_out(known[rows], category.present[rows], unseen), category.test_present))
            curve[route, k] = Estimate(float(np.mean(values)), np.array(values))
    return curve


def labelled(present: NDArray[np.bool_], k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of k faces without repeats, half of them with the category; fewer where there are not as many.

    >>> rows = labelled(np.arange(10) < 4, 6, np.random.default_rng(0))
    >>> int((rows < 4).sum()), len(rows)
    (3, 6)
    """
    halves = [rng.permutation(np.flatnonzero(present == label))[: k // 2] for label in (True, False)]
    return np.concatenate(halves)


def read_out(x: Array, present: NDArray[np.bool_], unseen: Array) -> Array:
    """Scores (M,) of a ridge regression of -1 and 1 on x (N, D), its penalty chosen by leave-one-out error within x.

    Hoerl & Kennard, Technometrics 1970; Golub, Heath & Wahba, Technometrics 1979.
    """
    model = RidgeCV(alphas=PENALTIES).fit(x, np.where(present, 1.0, -1.0))
    return np.asarray(model.predict(unseen))


def _alike(pool: Array, test: Array) -> tuple[Array, Array]:
    """Both standardised by the pool, which needs no labels; constant columns are dropped."""
    mean, deviation = pool.mean(0), pool.std(0)
    kept = deviation > 1e-6
    return (pool[:, kept] - mean[kept]) / deviation[kept], (test[:, kept] - mean[kept]) / deviation[kept]
