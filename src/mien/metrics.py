"""Metrics of error and of ranking. An undefined metric is NaN, never 0; so is one of numbers of which one is NaN.

What is positive or happened is given by booleans, or by 0 and 1 of any type.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.geometry import Array, outer_eye_distance

Number = float


def mean_absolute_error(preds: Array, target: Array) -> Number:
    """Mean of |preds - target| (N,).

    >>> mean_absolute_error(np.array([1.0, 3.0]), np.array([2.0, 5.0]))
    1.5
    """
    return float(np.abs(preds - target).mean()) if len(preds) else float("nan")


def interval_error(preds: Array, target: Array) -> Array:
    """Distance (N,) of preds (N,) to the intervals target (N, 2)."""
    return np.asarray(np.clip(target[:, 0] - preds, 0, None) + np.clip(preds - target[:, 1], 0, None))


def cumulative_score(preds: Array, target: Array, years: float = 5.0) -> Number:
    """Share of faces with an error of at most `years` (CS@5)."""
    error = np.abs(preds - target)
    return float((error <= years).mean()) if len(error) and not np.isnan(error).any() else float("nan")


def pearson(preds: Array, target: Array) -> Number:
    """Linear correlation (PLCC)."""
    if len(preds) < 2 or not (np.isfinite(preds).all() and np.isfinite(target).all()):
        return float("nan")
    if np.ptp(preds) == 0 or np.ptp(target) == 0:
        return float("nan")
    return float(np.corrcoef(preds, target)[0, 1])


def average_ranks(values: Array) -> Array:
    """Ranks from 1, ties sharing their mean; all NaN where a value is.

    >>> average_ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    if np.isnan(values).any():
        return np.full(len(values), np.nan)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], np.float64)


def spearman(preds: Array, target: Array) -> Number:
    """Rank correlation (SRCC)."""
    return pearson(average_ranks(preds), average_ranks(target)) if len(preds) > 1 else float("nan")


def as_flags(name: str, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Booleans (N,) from booleans or from 0 and 1. Raises InputError for anything else.

    >>> as_flags("positive", np.array([0, 1])).tolist()
    [False, True]
    """
    values = np.asarray(values)
    other = values[(values != 0) & (values != 1)]
    if len(other):
        raise InputError(f"{name!r} must be booleans, or 0 and 1. Got {other[0]!r}.")
    return values.astype(bool)


def roc_auc(score: Array, positive: NDArray[Any]) -> Number:
    """Probability that a positive scores above a negative, ties counting half.

    >>> roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    positive = as_flags("positive", positive)
    n_pos, n_neg = int(positive.sum()), int((~positive).sum())
    if not n_pos or not n_neg:
        return float("nan")
    ranks = average_ranks(score)
    return float((ranks[positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def macro_f1(
    preds: NDArray[np.int64],
    target: NDArray[np.int64],
    num_classes: int,
    over: Literal["seen", "labeled", "all"] = "seen",
) -> Number:
    """Mean over classes of 2 TP / (2 TP + FP + FN).

    over: 'seen' are the classes that occur among labels or predictions, as scikit-learn takes them by default: a class
    that is only predicted counts 0; 'labeled' those among the labels; 'all' those below num_classes, NaN where one
    never occurs, as its score is undefined.

    >>> macro_f1(np.array([0, 2]), np.array([0, 0]), 3), macro_f1(np.array([0, 2]), np.array([0, 0]), 3, "labeled")
    (0.3333333333333333, 0.6666666666666666)
    """
    if over not in ("seen", "labeled", "all"):
        raise InputError(f"'over' must be 'seen', 'labeled' or 'all'. Got {over!r}.")
    counts = confusion_matrix(preds, target, num_classes)
    labeled, predicted = counts.sum(1), counts.sum(0)
    classes = {"seen": labeled + predicted > 0, "labeled": labeled > 0, "all": np.ones(num_classes, bool)}[over]
    if not len(target) or not classes.any():
        return float("nan")
    total = np.where(labeled + predicted > 0, labeled + predicted, np.nan)
    return float((2 * counts.diagonal() / total)[classes].mean())


def f1(preds: NDArray[np.bool_], positive: NDArray[np.bool_]) -> Number:
    """2 TP / (2 TP + FP + FN); NaN where nothing is positive and nothing was read as such.

    >>> f1(np.array([True, True, False]), np.array([True, False, False])).__round__(3)
    0.667
    """
    total = int(preds.sum()) + int(positive.sum())
    return 2 * int((preds & positive).sum()) / total if total else float("nan")


def winners(shares: Array) -> Array:
    """Index (N,) of the largest share of each row (N, K), NaN where a share is unknown.

    >>> winners(np.array([[0.2, 0.8], [np.nan, 1.0]])).tolist()
    [1.0, nan]
    """
    known = np.nan_to_num(np.asarray(shares), nan=np.inf)
    return np.where(np.isfinite(known).all(1), known.argmax(1), np.nan)


def confusion_matrix(preds: NDArray[np.int64], target: NDArray[np.int64], num_classes: int) -> NDArray[np.int64]:
    """Counts (K, K): row the true class, column the one that was read. Raises InputError for other classes.

    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    for name, classes in (("preds", preds), ("target", target)):
        if len(classes) and (min(classes) < 0 or max(classes) >= num_classes):
            raise InputError(
                f"{name!r} must be classes of 0 to {num_classes - 1}. Got {min(classes)} to {max(classes)}."
            )
    if not len(target):
        return np.zeros((num_classes, num_classes), np.int64)
    return np.bincount(target * num_classes + preds, minlength=num_classes**2).reshape(num_classes, num_classes)


def roc_curve(score: Array, positive: NDArray[Any]) -> tuple[Array, Array]:
    """False and true positive rate, from (0, 0) to (1, 1), at each threshold that parts two different scores.

    The area below is `roc_auc`. A rate is NaN where there is no face that it counts, both are where a score is NaN.
    """
    positive = as_flags("positive", positive)
    if not len(score) or np.isnan(score).any():
        return np.full(2, np.nan), np.full(2, np.nan)
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits = positive[order].cumsum()[last]
    alarms = last + 1 - hits
    false, true = (np.append(0, count) / (count[-1] or np.nan) for count in (alarms, hits))
    return np.asarray(false), np.asarray(true)


def reliability(probability: Array, happened: NDArray[Any], bins: int = 10) -> tuple[NDArray[Any], ...]:
    """Mean probability, observed frequency, and count of each bin of equal width; NaN where a bin is empty.

    Raises InputError for what is no probability.
    """
    happened = as_flags("happened", happened)
    outside = probability[~((probability >= -1e-6) & (probability <= 1 + 1e-6))]  # sums of float32 miss 1 by less
    if len(outside):
        raise InputError(f"'probability' must be numbers of 0 to 1. Got {outside[0]}.")
    which = np.clip((probability * bins).astype(int), 0, bins - 1)
    counts = np.bincount(which, minlength=bins)
    among = np.where(counts, counts, np.nan)
    predicted = np.bincount(which, probability, bins) / among
    return predicted, np.bincount(which, happened, bins) / among, counts


def expected_calibration_error(probability: Array, happened: NDArray[Any], bins: int = 15) -> Number:
    """ECE = sum over bins of n_b / n |observed frequency - mean probability|.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, Eq. 3; probability (N,) is that of the class
    that was read, and it happened where this class is the true one.

    >>> round(expected_calibration_error(np.array([0.9, 0.9]), np.array([True, False])), 6)
    0.4
    """
    if not len(probability) or np.isnan(probability).any():
        return float("nan")
    predicted, share, counts = reliability(probability, happened, bins)
    return float(np.nansum(counts * np.abs(share - predicted)) / len(probability))


def landmark_error(preds: Array, target: Array) -> Array:
    """Mean distance (N,) of 68 landmarks (N, 68, 2) as a part of the outer eye distance; NaN where that is 0."""
    distance = np.linalg.norm(preds - target, axis=-1).mean(-1)
    eyes = np.asarray(outer_eye_distance(target))
    return np.asarray(distance / np.where(eyes > 0, eyes, np.nan))


def bootstrap_interval(
    measure: Callable[[NDArray[np.int64]], float], index: NDArray[np.int64], rounds: int = 300, seed: int = 0
) -> tuple[Number, Number]:
    """Percentile bootstrap 95 % interval of a metric of the faces of `index` (N,), drawn with replacement.

    Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
    """
    if not len(index):
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    draws = [measure(index[rng.integers(0, len(index), len(index))]) for _ in range(rounds)]
    if np.isnan(draws).all():
        return float("nan"), float("nan")
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return float(low), float(high)
