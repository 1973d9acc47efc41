"""Weights from Action Units to displays, fitted to votes within the bounds of `SPEAKS_FOR`."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from mien.expression.emotion import DISPLAYS, GROUPS, SPEAKS_FOR, EvidenceModel, strength
from mien.facs import CODES
from mien.geometry import Array

PENALTY = 2e-4
"""Chosen, like `alike`, by leaving each of three datasets out in turn: docs/log.md, 2026-11-29."""


def fit_evidence(sets: Sequence[tuple[Array, Array]]) -> EvidenceModel:
    """Evidence weights from Action Unit probabilities (N, K) and votes (N, 8) of one or several sets.

    Each set counts the same however many faces it has, so that none dominates, and within a set positive, neutral,
    negative and surprise do (`alike`). Weights are nonnegative, and 0 where
    `SPEAKS_FOR` does not let a unit speak for a display. The row of neutral is zero: what speaks against neutral
    speaks for another display.
    """
    features = [np.concatenate([strength(units), np.ones((len(units), 1))], 1) for units, _ in sets]
    weight = np.concatenate([part / part.sum() for part in (alike(votes) for _, votes in sets)])
    bounds = np.zeros((len(DISPLAYS), len(CODES) + 1, 2), np.float32)
    for row, name in zip(bounds, DISPLAYS, strict=True):
        row[[CODES.index(code) for code in SPEAKS_FOR[name]], 1] = np.inf
        row[-1] = (0, 0) if name == "neutral" else (-np.inf, np.inf)
    target = np.concatenate([votes for _, votes in sets])
    weights = softmax_regression(np.concatenate(features), target, bounds, PENALTY, weight / weight.mean())
    return EvidenceModel(CODES, weights[:, :-1].astype(np.float32), weights[:, -1].astype(np.float32), classes=DISPLAYS)


def alike(votes: Array) -> Array:
    """Weight (N,) of faces with votes (N, 8), so that the groups of displays count the same, and surprise as one.

    Within a group its displays count by their votes. If all eight counted the same, five of them would make negative
    five times as probable as neutral.

    >>> shown = ("neutral", "neutral", "anger", "fear", "surprise")
    >>> alike(np.eye(8)[[DISPLAYS.index(name) for name in shown]]).round(2).tolist()
    [0.83, 0.83, 0.83, 0.83, 1.67]
    """
    groups = (*GROUPS.values(), ("surprise",))
    return balanced(np.stack([votes[:, [DISPLAYS.index(name) for name in group]].sum(1) for group in groups], 1))


def balanced(target: Array) -> Array:
    """Weight (N,) of faces with shares (N, C), so that classes count the same however many faces they have.

    >>> balanced(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0.0]])).round(2).tolist()
    [0.75, 0.75, 1.5]
    """
    share = target.sum(0) / target.sum()
    present = share > 0
    return np.asarray((target[:, present] / share[present]).sum(1) / present.sum())


def softmax_regression(
    features: Array, target: Array, bounds: Array, penalty: float, weight: Array | None = None
) -> Array:
    """Weights (C, F) within bounds (C, F, 2) that minimize mean weighted cross entropy + penalty |weights|^2.

    features (N, F), target (N, C) shares, weight (N,): `balanced` by class unless given.
    """
    weight = balanced(target) if weight is None else weight
    shape = bounds.shape[:2]

    def objective(flat: Array) -> tuple[float, Array]:
        w = flat.reshape(shape)
        logits = features @ w.T
        logits -= logits.max(1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        loss = -(weight * (target * log_p).sum(1)).mean() + penalty * (w**2).sum()
        gradient = ((np.exp(log_p) - target) * weight[:, None]).T @ features / len(features) + 2 * penalty * w
        return float(loss), gradient.ravel()

    start = np.zeros(shape).ravel()
    solution = minimize(
        objective, start, jac=True, method="L-BFGS-B", bounds=bounds.reshape(-1, 2), options={"maxiter": 500}
    )
    return np.asarray(solution.x).reshape(shape)
