"""From what a network puts out to an estimate: the single decoding path, used in training and in use.

All functions take arrays (N, ...) and the `decoding` of a model card, and return columns of `Faces`.
"""

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mien.faces import ActionUnits, Age, Attractiveness, Category, Flags, Pose, Quantity
from mien.facs import CODES
from mien.geometry import Array, apply_affine, invert_affine, rotation_angle, wrap_degrees

Decoding = dict[str, Any]
Real = TypeVar("Real", bound=np.floating[Any])

AGE_CENTER, AGE_UNIT = 35.0, 20.0
DISTRIBUTIONS = ("dex", "dldl", "mean_variance")
POSE_UNIT = 30.0
PROBIT = 1.702
"""Phi(x) is nearly sigmoid(1.702 x)."""
# An intensity of 1 on the 0..5 scale of FACS is the first trace: there the probability is one half.
_TRACE = float(np.log(0.2 / 0.8))


def sigmoid(x: NDArray[Real]) -> NDArray[Real]:
    """1 / (1 + exp(-x)) without overflow.

    >>> sigmoid(np.array([-1e4, 0.0, 1e4])).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def moderated(mean: NDArray[Real], variance: NDArray[Real]) -> NDArray[Real]:
    """Mean of sigmoid(f) for f ~ N(mean, variance), nearly: sigmoid(mean / sqrt(1 + pi variance / 8)).

    MacKay, "The evidence framework applied to classification networks", Neural Computation 1992, Eq. 10.

    >>> moderated(np.array([0.0, 2.0]), np.array([4.0, 0.0])).round(3).tolist()
    [0.5, 0.881]
    """
    return sigmoid(np.asarray(mean / np.sqrt(1 + np.pi / 8 * variance)))


def landmarks_estimate(output: Array, matrix: Array, size: int) -> Array:
    """68 landmarks (N, 68, 2) in the image from outputs (N, 136) and image-to-crop matrices (N, 2, 3)."""
    points = (output.reshape(-1, 68, 2) + 0.5) * size
    return apply_affine(invert_affine(matrix), points)


def pose_estimate(output: Array, matrix: Array | None = None) -> Pose:
    """Degrees from outputs (N, 3); roll is turned back by the angle at which the crop was cut."""
    degrees = np.asarray(output, np.float32) * POSE_UNIT
    roll = degrees[:, 2] - (0 if matrix is None else rotation_angle(matrix))
    return Pose(degrees[:, 0], degrees[:, 1], wrap_degrees(roll))


def presence_estimate(outputs: dict[str, Array], decoding: Decoding) -> Array:
    """Probability (N,) that there is a face, sigmoid(slope z + bias) (Platt); 1 from a network that does not tell."""
    if "presence" not in outputs:
        return np.ones(len(outputs["landmarks"]), np.float32)
    constants = decoding["presence"]
    return sigmoid(constants["slope"] * outputs["presence"][:, 0] + constants["bias"])


def expectation(logits: Array, bins: Array) -> tuple[Array, Array]:
    """Mean and standard deviation (N,) of softmax(logits (N, K)) over the values of bins (K,).

    Rothe, Timofte & Van Gool, "Deep expectation of real and apparent age", IJCV 2018, Eq. 2.
    """
    weights = np.exp(logits - logits.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    mean = weights @ bins
    return mean, np.sqrt((weights * (bins - mean[:, None]) ** 2).sum(1))


def age_value(output: Array, head: str = "laplace") -> tuple[Array, Array]:
    """Age in years and the predicted scale of its error, (N,) each, from the outputs (N, width) of a head.

    'laplace' and 'gaussian' give a value and the logarithm of a scale (of a variance); 'dex', 'dldl' and
    'mean_variance' a distribution over the years 0..100; 'coral' the logits of "older than k"; all other
    heads give a value alone, and the scale is 1.
    """
    output = np.asarray(output, np.float32)
    if head in DISTRIBUTIONS:
        value, scale = expectation(output, np.arange(output.shape[1], dtype=np.float32))
    elif head == "coral":
        older = sigmoid(output)
        value, scale = older.sum(1), np.sqrt((older * (1 - older)).sum(1))
    else:
        value, scale = AGE_CENTER + AGE_UNIT * output[:, 0], _predicted_scale(output, head)
    floor = np.exp(-3.0)
    return np.asarray(np.clip(value, 0, 110), np.float32), np.asarray(np.maximum(scale, floor), np.float32)


def _predicted_scale(output: Array, head: str) -> Array:
    if head not in ("laplace", "gaussian"):
        return np.ones(len(output), np.float32)
    return np.asarray(np.exp(np.clip(output[:, 1], -3, 4) / (2 if head == "gaussian" else 1)))


def age_estimate(output: Array, decoding: Decoding, detail: Array | None = None) -> Age:
    """Age with a conformal interval: value -/+ q f m b, q the quantile of |error| / b on held-out faces.

    decoding: `head` (see `age_value`), `coverage`, `band_edges` (years) and one of `band_quantiles` for each
    band of predicted age. detail (N,), see `runtime.quality`: picks the factor f among `detail_factors` by
    `detail_edges`, where the decoding has them; f is 1 for sharp faces. m: the `margin` for faces from outside the sets
    that the quantiles were taken on, see `mien.train.export.margin`; 1 where the decoding has none.
    Papadopoulos et al., "Inductive Confidence Machines for Regression", ECML 2002.
    """
    value, scale = age_value(output, decoding.get("head", "laplace"))
    band = np.searchsorted(np.asarray(decoding["band_edges"], np.float32), value, side="right")
    half = np.asarray(decoding["band_quantiles"], np.float32)[band] * scale * np.float32(decoding.get("margin", 1))
    if detail is not None and "detail_edges" in decoding:
        half = half * detail_factor(detail, decoding)
    return Age(value, np.clip(value - half, 0, None), value + half, float(decoding["coverage"]))


def detail_factor(detail: Array, decoding: Decoding) -> Array:
    """How much wider (N,) the interval of a face with so little detail (N,) is.

    >>> decoding = {"detail_edges": [0.2, 0.5], "detail_factors": [2.0, 1.25, 1.0]}
    >>> detail_factor(np.array([0.1, 0.3, 0.9]), decoding).tolist()
    [2.0, 1.25, 1.0]
    """
    at = np.searchsorted(np.asarray(decoding["detail_edges"]), detail, side="right")
    return np.asarray(decoding["detail_factors"], np.float32)[at]


def action_units_estimate(logits: Array, decoding: Decoding) -> ActionUnits:
    """Probability sigmoid(z') and intensity 5 sigmoid(z' - logit t + log 1/4), z' = slope z + bias (Platt).

    Both rise with the same z', so they cannot contradict each other: a unit is active from intensity 1 on, the first
    trace of FACS, which is probability t. decoding: `slope`, `bias` and `threshold` t (0.5 where the card has none),
    one a unit.
    """
    z = logits * np.asarray(decoding["slope"], np.float32) + np.asarray(decoding["bias"], np.float32)
    threshold = np.asarray(decoding.get("threshold", 0.5), np.float32)
    trace = _TRACE - np.log(threshold / (1 - threshold))
    return ActionUnits(sigmoid(z), 5 * sigmoid(z + trace), tuple(decoding.get("codes", CODES)))


def attractiveness_estimate(output: Array, decoding: Decoding, embedding: Array | None = None) -> Attractiveness:
    """Score in standard deviations of the pool's faces, percentile among them, both with their interval.

    decoding: `mean`, `std`, `quantiles` (101 scores at percentiles 0..100), `pool`; where the card has them
    `half_width` of the score's interval, a conformal quantile of |score - rating|, and its `coverage`.
    """
    score = (output[:, 0] - decoding["mean"]) / decoding["std"]
    quantiles = np.asarray(decoding["quantiles"])

    def percentile(at: Array) -> Array:
        return np.interp(at, quantiles, np.linspace(0, 100, len(quantiles))).astype(np.float32)

    estimate = Attractiveness(score.astype(np.float32), percentile(score), str(decoding["pool"]), embedding=embedding)
    if "half_width" not in decoding:
        return estimate
    low, high = score - decoding["half_width"], score + decoding["half_width"]
    return replace(
        estimate,
        low=low.astype(np.float32),
        high=high.astype(np.float32),
        percentile_low=percentile(low),
        percentile_high=percentile(high),
        coverage=float(decoding["coverage"]),
    )


def category_estimate(logits: Array, decoding: Decoding) -> Category:
    """Probabilities softmax(z / temperature) of `classes` from logits (N, K)."""
    z = logits / float(decoding.get("temperature", 1.0))
    weights = np.exp(z - z.max(1, keepdims=True))
    return Category(weights / weights.sum(1, keepdims=True), tuple(decoding["classes"]))


def quantity_estimate(output: Array, decoding: Decoding) -> Quantity:
    """Value center + unit o, kept within `low`..`high`, from outputs (N, 1)."""
    value = float(decoding["center"]) + float(decoding["unit"]) * output[:, 0]
    low, high = (decoding.get(end) for end in ("low", "high"))
    return Quantity(np.asarray(np.clip(value, low, high) if (low, high) != (None, None) else value, np.float32))


def flags_estimate(logits: Array, decoding: Decoding) -> Flags:
    """Probabilities sigmoid(slope z + bias) (Platt) of `columns` that may hold together, from logits (N, K)."""
    z = logits * np.asarray(decoding["slope"], np.float32) + np.asarray(decoding["bias"], np.float32)
    return Flags(sigmoid(z), tuple(decoding["columns"]))
