"""Decoding constants of a card, fitted on held-out faces: conformal intervals, Platt scaling, percentiles."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.estimates import PROBIT, age_estimate, age_value, sigmoid
from mien.facs import CODES
from mien.geometry import Array

COVERAGE = 0.9
BAND_EDGES = (15.0, 30.0, 45.0, 60.0)
MIN_BAND = 50
MISSED = 0.002
"""Share of validation faces that the presence score may take for something else."""
DETAIL_BINS = 6


def age_decoding(output: Array, target: Array, head: str = "laplace", source: Array | None = None) -> dict[str, Any]:
    """Quantiles of |error| / b by band of predicted age (Mondrian conformal prediction).

    output (N, width) of a head of `estimates.age_value`; target (N, 2) low and high, of which exact ages count. With
    n faces in a band the quantile is taken at ceil((n + 1) coverage) / n, so that the interval covers a new face at
    least that often. source (N,): the set of each face; the largest quantile of any set is taken, so that this holds
    in each of them. Raises InputError without any exact age.
    Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World", 2005, section 4.5.
    """
    exact = target[:, 0] == target[:, 1]
    if not exact.any():
        raise InputError(
            f"The validation split must hold exact ages, to fit the interval. Got 0 of {len(exact)} faces."
        )
    value, scale = age_value(output[exact], head)
    ratio = np.abs(value - target[exact, 0]) / scale
    sets = np.zeros(len(ratio), np.float32) if source is None else source[exact]
    band = np.searchsorted(np.asarray(BAND_EDGES), value, side="right")
    quantiles = band_quantiles(ratio, sets, band)
    return {"coverage": COVERAGE, "band_edges": list(BAND_EDGES), "band_quantiles": quantiles}


def band_quantiles(ratio: Array, sets: Array, band: NDArray[np.int64]) -> list[float]:
    """Largest conformal quantile of any set of the ratios (N,) in each band of predicted age."""
    return [_worst_quantile(ratio, sets, band == k) for k in range(len(BAND_EDGES) + 1)]


def _worst_quantile(score: Array, sets: Array, inside: NDArray[np.bool_]) -> float:
    """Largest conformal quantile of any set inside a group; a set with too few faces there counts with all it has."""
    quantiles = []
    for number in np.unique(sets):
        members = sets == number
        few = (members & inside).sum() < MIN_BAND
        quantiles.append(conformal_quantile(score[members if few else members & inside], COVERAGE))
    return max(quantiles)


def detail_decoding(
    output: Array, detail: Array, target: Array, source: Array, decoding: Mapping[str, Any]
) -> dict[str, Any]:
    """How much wider intervals must be for faces with little detail, so that they cover as often as all.

    output (N, width), detail (N,), target (N, 2), source (N,) of sharp and degraded faces; decoding: of `age_decoding`.
    Detail is cut into `DETAIL_BINS` groups with equally many faces; the factor of a group is the largest conformal
    quantile of |error| / (q b) of any set, at least 1 and never less than that of a group with more detail.
    """
    exact = target[:, 0] == target[:, 1]
    age = age_estimate(output[exact], dict(decoding))
    error = np.abs(age.value - target[exact, 0])
    ratio = error / (age.high - age.value)
    edges = np.quantile(detail[exact], np.linspace(0, 1, DETAIL_BINS + 1)[1:-1])
    group = np.searchsorted(edges, detail[exact], side="right")
    factors = [max(1.0, _worst_quantile(ratio, source[exact], group == k)) for k in range(DETAIL_BINS)]
    falling = np.maximum.accumulate(factors[::-1])[::-1]
    return {"detail_edges": edges.tolist(), "detail_factors": falling.tolist()}


def conformal_quantile(scores: Array, coverage: float) -> float:
    """Smallest score that at least ceil((n + 1) coverage) of the n scores do not exceed.

    >>> conformal_quantile(np.arange(1.0, 10.0), 0.8)
    8.0
    """
    rank = min(int(np.ceil((len(scores) + 1) * coverage)), len(scores))
    return float(np.sort(scores)[rank - 1])


def presence_decoding(logits: Array, face: NDArray[np.bool_]) -> dict[str, Any]:
    """Slope and bias (Platt) of presence; threshold: the probability that all but `MISSED` of the faces (N,) exceed.

    A missed face is worse than one false alarm more, so that the threshold follows the faces.
    """
    slope, bias = fit_platt(logits, face)
    threshold = float(np.quantile(sigmoid(slope * logits[face] + bias), MISSED))
    return {"presence": {"slope": slope, "bias": bias, "threshold": min(threshold, 0.5)}}


def action_units_decoding(logits: Array, target: Array) -> dict[str, Any]:
    """Slope and bias (Platt) of each unit; logits and target (N, K), a label of at least 0.5 counts as present."""
    return {"codes": list(CODES), **platt_columns(logits, target)}


def platt_columns(logits: Array, target: Array) -> dict[str, list[float]]:
    """Slope and bias of each column, fitted on the faces that have a label; logits and target (N, K)."""
    fits = []
    for z, truth in zip(logits.T, target.T, strict=True):
        known = ~np.isnan(truth)
        fits.append(fit_platt(z[known], truth[known] >= 0.5))
    slope, bias = zip(*fits, strict=True)
    return {"slope": list(slope), "bias": list(bias)}


def fit_temperature(logits: Array, target: Array, rounds: int = 50) -> float:
    """T that maximizes the likelihood of softmax(z / T), by Newton steps on 1 / T; 1 without labels.

    logits (N, K), target (N,) index of the class, NaN where unknown. T is kept within 0.05..20.
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.
    """
    known = ~np.isnan(target)
    if not known.any():
        return 1.0
    z, truth = logits[known].astype(np.float64), target[known].astype(np.int64)
    held = z[np.arange(len(z)), truth]
    sharpness = 1.0
    for _ in range(rounds):
        p = np.exp(sharpness * (z - z.max(1, keepdims=True)))
        p /= p.sum(1, keepdims=True)
        mean = (p * z).sum(1)
        slope, curve = (mean - held).mean(), (p * (z - mean[:, None]) ** 2).sum(1).mean()
        step = np.clip(slope / max(curve, 1e-12), -sharpness, sharpness / 2)
        sharpness = float(np.clip(sharpness - step, 1 / 20, 20.0))
    return 1 / sharpness


def fit_platt(logits: Array, positive: NDArray[np.bool_], rounds: int = 50) -> tuple[float, float]:
    """Slope and bias that maximize the likelihood of sigmoid(slope z + bias), by Newton steps.

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
    if not std > 1e-6:
        raise InputError(
            f"The scores of the pool's faces must differ. Got a spread of {std:.2g}: the network gives every face the "
            "same score; train with a margin, or with 'ranknet'."
        )
    quantiles = np.quantile((score - mean) / std, np.linspace(0, 1, 101))
    return {"mean": mean, "std": std, "quantiles": quantiles.tolist(), "pool": pool}


def comparison_decoding(score: Array, labels: Mapping[str, Array]) -> dict[str, Any]:
    """How far a score (N,), in standard deviations of the pool's faces, lies from the mean rating; what it predicts.

    `half_width`: conformal quantile of |score - rating|, both standardized within their set; the largest of any set.
    `preference`: P(a rater prefers A to B) = sigmoid(slope (d + e)) for a difference d of scores with a normal error e
    of standard deviation `error`. d is turned into one of ratings by regression within set and sex; raters' opinions of
    a face spread by `rating_spread` around its mean (Thurstone, case III, and 1.702 x for the logit of Phi(x)).
    labels: `rating`, `set`, `comparison_group`, `rating_spread`; without ratings nothing is known.
    """
    needed = ("rating", "set", "comparison_group", "rating_spread")
    if not all(name in labels for name in needed) or np.isnan(labels["rating"]).all():
        return {}
    known = ~np.isnan(labels["rating"].reshape(-1))
    rating, source, group, spread = (labels[name].reshape(-1)[known].astype(np.float64) for name in needed)
    score = score[known].astype(np.float64)
    away, slopes, errors = [], [], []
    for number in np.unique(source):
        members = source == number
        z = (rating[members] - rating[members].mean()) / rating[members].std()
        away.append(np.abs((score[members] - score[members].mean()) / score[members].std() - z))
        x, y = (_centred(values, group[members]) for values in (score[members], z))
        slopes.append(float(x @ y / (x @ x)))
        errors.append(float(np.sqrt(2) * (y - slopes[-1] * x).std()))
    opinion = float(np.sqrt(2) * spread[source == source.min()].mean() / rating[source == source.min()].std())
    half = max(conformal_quantile(distance, COVERAGE) for distance in away)
    preference = {"slope": PROBIT / opinion * slopes[0], "error": max(errors) / max(slopes[0], 1e-3)}
    return {"coverage": COVERAGE, "half_width": half, "preference": preference}


def _centred(values: Array, group: Array) -> Array:
    """Values (N,) less the mean of their group (N,)."""
    _, index = np.unique(group, return_inverse=True)
    return np.asarray(values - (np.bincount(index, values) / np.bincount(index))[index])
