"""From what a network puts out to an estimate: the one decoding, used in training and in use.

All functions take arrays (N, ...) and the `decoding` of a model card, and return columns of `Faces`.
"""

from typing import Any

import numpy as np

from mien.faces import ActionUnits, Age, Attractiveness, Pose
from mien.facs import CODES
from mien.geometry import Array, apply_affine, invert_affine, rotation_angle, wrap_degrees

Decoding = dict[str, Any]

AGE_CENTER, AGE_UNIT = 35.0, 20.0
POSE_UNIT = 30.0
# An intensity of 1 on the 0..5 scale of FACS is the first trace: there the probability is one half.
_TRACE = float(np.log(0.2 / 0.8))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow.

    >>> sigmoid(np.array([-1e4, 0.0, 1e4])).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def landmarks_estimate(output: Array, matrix: Array, size: int) -> Array:
    """68 landmarks (N, 68, 2) in the picture from outputs (N, 136) and picture-to-crop matrices (N, 2, 3)."""
    points = (output.reshape(-1, 68, 2) + 0.5) * size
    return apply_affine(invert_affine(matrix), points)


def pose_estimate(output: Array, matrix: Array | None = None) -> Pose:
    """Degrees from outputs (N, 3); roll is turned back by the angle at which the crop was cut."""
    degrees = np.asarray(output, np.float32) * POSE_UNIT
    roll = degrees[:, 2] - (0 if matrix is None else rotation_angle(matrix))
    return Pose(degrees[:, 0], degrees[:, 1], wrap_degrees(roll))


def age_value(output: Array) -> tuple[Array, Array]:
    """Age in years and the predicted scale b of its error, (N,) each, from outputs (N, 2)."""
    value = np.clip(AGE_CENTER + AGE_UNIT * output[:, 0], 0, 110)
    return np.asarray(value, np.float32), np.asarray(np.exp(np.clip(output[:, 1], -3, 4)), np.float32)


def age_estimate(output: Array, decoding: Decoding) -> Age:
    """Age with a conformal interval: value -/+ q b, q the quantile of |error| / b on held-out faces.

    decoding: `coverage`, `band_edges` (years) and one of `band_quantiles` for each band of predicted age.
    Papadopoulos et al., "Inductive Confidence Machines for Regression", ECML 2002.
    """
    value, scale = age_value(output)
    band = np.searchsorted(np.asarray(decoding["band_edges"], np.float32), value, side="right")
    half = np.asarray(decoding["band_quantiles"], np.float32)[band] * scale
    return Age(value, np.clip(value - half, 0, None), value + half, float(decoding["coverage"]))


def action_units_estimate(logits: Array, decoding: Decoding) -> ActionUnits:
    """Probability sigmoid(z') and intensity 5 sigmoid(z' + log 1/4), z' = slope z + bias (Platt).

    Both rise with the same z', so they cannot contradict each other: probability 0.5 is intensity 1.
    decoding: `slope` and `bias`, one a unit.
    """
    z = logits * np.asarray(decoding["slope"], np.float32) + np.asarray(decoding["bias"], np.float32)
    return ActionUnits(sigmoid(z), 5 * sigmoid(z + _TRACE), tuple(decoding.get("codes", CODES)))


def attractiveness_estimate(output: Array, decoding: Decoding) -> Attractiveness:
    """Score in standard deviations of the pool's faces, percentile among them.

    decoding: `mean`, `std`, `quantiles` (101 scores at percentiles 0..100), `pool`.
    """
    score = (output[:, 0] - decoding["mean"]) / decoding["std"]
    percentile = np.interp(score, np.asarray(decoding["quantiles"]), np.linspace(0, 100, len(decoding["quantiles"])))
    return Attractiveness(np.asarray(score, np.float32), percentile.astype(np.float32), str(decoding["pool"]))
