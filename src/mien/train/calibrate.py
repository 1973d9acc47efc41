"""Decoding constants of a card, fitted on held-out faces: conformal intervals, Platt scaling, percentiles."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.estimates import age_value, sigmoid
from mien.facs import CODES
from mien.geometry import Array

COVERAGE = 0.9
BAND_EDGES = (15.0, 30.0, 45.0, 60.0)
MIN_BAND = 50


def calibrate(task: str, outputs: dict[str, Array], labels: dict[str, Array], pool: str = "") -> dict[str, Any]:
    """The `decoding` of a card from outputs (N, ...) and labels (N, ...) of faces that were not trained on."""
    if task == "age":
        return age_decoding(outputs["age"], labels["age"])
    if task == "expression":
        return action_units_decoding(outputs["action_units"], labels["action_units"])
    if task == "attractiveness":
        # The pool is the one that rated the first source.
        return attractiveness_decoding(outputs["score"][labels["set"] == 0, 0], pool)
    return {}


def age_decoding(output: Array, target: Array) -> dict[str, Any]:
    """Quantiles of |error| / b by band of predicted age (Mondrian conformal prediction).

    output (N, 2); target (N, 2) low and high, of which exact ages count. With n faces in a band the quantile
    is taken at ceil((n + 1) coverage) / n, so that the interval covers a new face at least that often.
    Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World", 2005, section 4.5.
    """
    exact = target[:, 0] == target[:, 1]
    value, scale = age_value(output[exact])
    ratio = np.abs(value - target[exact, 0]) / scale
    band = np.searchsorted(np.asarray(BAND_EDGES), value, side="right")
    everyone = conformal_quantile(ratio, COVERAGE)
    quantiles = []
    for k in range(len(BAND_EDGES) + 1):
        inside = ratio[band == k]
        quantiles.append(conformal_quantile(inside, COVERAGE) if len(inside) >= MIN_BAND else everyone)
    return {"coverage": COVERAGE, "band_edges": list(BAND_EDGES), "band_quantiles": quantiles}


def conformal_quantile(scores: Array, coverage: float) -> float:
    """Smallest score that at least ceil((n + 1) coverage) of the n scores do not exceed.

    >>> conformal_quantile(np.arange(1.0, 10.0), 0.8)
    8.0
    """
    rank = min(int(np.ceil((len(scores) + 1) * coverage)), len(scores))
    return float(np.sort(scores)[rank - 1])


def action_units_decoding(logits: Array, target: Array) -> dict[str, Any]:
    """Slope and bias (Platt) of each unit; logits and target (N, K), a label of at least 0.5 counts as present."""
    fits = []
    for k in range(len(CODES)):
        known = ~np.isnan(target[:, k])
        fits.append(fit_platt(logits[known, k], target[known, k] >= 0.5))
    slope, bias = zip(*fits, strict=True)
    return {"codes": list(CODES), "slope": list(slope), "bias": list(bias)}


def fit_platt(logits: Array, positive: NDArray[np.bool_], rounds: int = 50) -> tuple[float, float]:
    """Slope and bias that maximise the likelihood of sigmoid(slope z + bias), by Newton steps.

    Labels are drawn in as Platt (1999) does, so that a separable set keeps a finite slope; a unit that never
    or always occurs keeps (1, 0).
    """
    present = int(positive.sum())
    if not 0 < present < len(positive):
        return 1.0, 0.0
    y = np.where(positive, (present + 1) / (present + 2), 1 / (len(positive) - present + 2))
    x = np.stack([logits, np.ones_like(logits)], 1).astype(np.float64)
    weights = np.array([1.0, 0.0])
    for _ in range(rounds):
        p = sigmoid(x @ weights)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, x.T @ (p - y))
        weights = weights - step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
    return max(float(weights[0]), 1e-3), float(weights[1])


def attractiveness_decoding(score: Array, pool: str) -> dict[str, Any]:
    """Mean and spread of the scores (N,) of the pool's faces, and their 101 percentiles."""
    mean, std = float(score.mean()), float(score.std())
    quantiles = np.quantile((score - mean) / std, np.linspace(0, 1, 101))
    return {"mean": mean, "std": std, "quantiles": quantiles.tolist(), "pool": pool}
