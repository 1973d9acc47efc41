"""Metrics and panels that several tasks share: classes, numbers, and columns of 0 and 1."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.faces import Category
from mien.geometry import Array
from mien.tasks.base import Index, Metric, Panel, Row

Bools = NDArray[np.bool_]
Scored = tuple[Array, Bools]
"""Scores (N,) and whether each is of a positive (N,)."""


def mean_of(values: Array) -> Callable[[Index], float]:
    """The mean of values (N,) on an index."""
    return lambda i: float(values[i].mean())


def mean_of_all(single: dict[str, Metric]) -> Metric:
    """The mean of those metrics that are defined on the faces in question."""

    def mean(i: Index) -> float:
        values = [metric.on(i[metric.known[i]]) for metric in single.values()]
        return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")

    return Metric(mean, np.any([metric.known for metric in single.values()], axis=0))


def auc(score: Array, present: Bools, known: Bools) -> Metric:
    """Area under the ROC curve."""
    return Metric(lambda i: metrics.roc_auc(score[i], present[i]), known)


def f1(active: Bools, present: Bools, known: Bools) -> Metric:
    """F1 of the positive class."""
    return Metric(lambda i: metrics.f1(active[i], present[i]), known)


def calibration_error(probability: Array, present: Bools, known: Bools) -> Metric:
    """Expected calibration error."""
    return Metric(lambda i: metrics.expected_calibration_error(probability[i], present[i]), known)


def class_metrics(estimate: Category, target: Array) -> dict[str, Metric]:
    """Accuracy, macro-F1, AUC and ECE of a class against its index (N,), NaN where unknown."""
    known = np.asarray(~np.isnan(target))
    truth, count = np.nan_to_num(target, nan=-1).astype(np.int64), len(estimate.classes)
    preds, confidence = estimate.probability.argmax(1), estimate.probability.max(1)
    right = np.asarray(preds == truth)
    single = {f"AUC {c}": auc(estimate.probability[:, k], truth == k, known) for k, c in enumerate(estimate.classes)}
    return {
        "accuracy": Metric(lambda i: float(right[i].mean()), known),
        "macro-F1": Metric(lambda i: metrics.macro_f1(preds[i], truth[i], count, "labeled"), known),
        "mean AUC, one against the rest": mean_of_all(single),
        "ECE": calibration_error(confidence, right, known),
        **single,
    }


def number_metrics(value: Array, target: Array) -> dict[str, Metric]:
    """MAE, bias and correlation of numbers (N,)."""
    known = np.asarray(~np.isnan(target))
    return {
        "MAE": Metric(lambda i: metrics.mean_absolute_error(value[i], target[i]), known),
        "bias": Metric(lambda i: float((value[i] - target[i]).mean()), known),
        "r": Metric(lambda i: metrics.pearson(value[i], target[i]), known),
    }


def class_panels(estimate: Category, target: Array) -> Iterator[Panel]:
    """Confusion, ROC and reliability of a class."""
    known = ~np.isnan(target)
    probability, truth = estimate.probability[known], target[known].astype(np.int64)
    preds = probability.argmax(1)
    counts = metrics.confusion_matrix(preds, truth, len(estimate.classes))
    yield Panel("confusion", {"counts": counts, "classes": estimate.classes, "title": "Confusion"})
    scored = {c: (probability[:, k], truth == k) for k, c in enumerate(estimate.classes)}
    yield Panel("roc", {"scored": scored, "title": "ROC, one against the rest"})
    yield reliability(probability.max(1), preds == truth, "Probability", "probability of the predicted class")


def number_panels(name: str, value: Array, target: Array) -> Iterator[Panel]:
    """Value against label, error by label, cumulative error."""
    known = ~np.isnan(target)
    value, truth = value[known], target[known]
    labels = (f"true {name}", f"predicted {name}")
    yield Panel("scatter", {"truth": truth, "value": value, "title": "Value", "labels": labels})
    edges = np.unique(np.quantile(truth, np.linspace(0, 1, 9)))
    labels = (f"true {name} (bins of equal n)", "error")
    yield error_by(truth, value - truth, edges, "Error by value", labels)
    away = np.abs(value - truth)
    end = max(float(np.quantile(away, 0.99)), 1e-9)
    yield cumulative(away, "Cumulative error", ("absolute error", "share of faces"), end)


def flag_panels(scored: dict[str, Scored], rows: Sequence[Row], name: str) -> Iterator[Panel]:
    """ROC, AUC one by one where they are many, and the probabilities of all together."""
    measured = {row.name.split(": ")[-1] for row in rows}
    scored = {key: pair for key, pair in scored.items() if f"AUC {key}" in measured}
    if not scored:
        return
    yield Panel("roc", {"scored": scored, "title": f"ROC of {name}"})
    bars = [(row.name.rpartition("AUC ")[2], row.value, row.low, row.high) for row in rows if "AUC " in row.name]
    bars = [bar for bar in bars if bar[0] in scored]
    if len(bars) > 1:
        yield Panel("dots", {"bars": bars, "title": f"AUC of {name}", "label": "AUC with 95 % interval"})
    predicted, held = (np.concatenate(parts) for parts in zip(*scored.values(), strict=True))
    yield reliability(predicted, held, f"Probability of {name}", "predicted probability", "observed frequency")


def reliability(probability: Array, happened: Any, title: str, x: str, y: str = "accuracy") -> Panel:
    """How often what has a probability happens."""
    values = {"probability": probability, "happened": happened, "title": title, "labels": (x, y)}
    return Panel("reliability", values)


def error_by(
    at: NDArray[Any],
    error: NDArray[Any],
    edges: NDArray[Any],
    title: str,
    labels: tuple[str, str],
    signed: bool = True,
) -> Panel:
    """Error in bins."""
    values = {"at": at, "error": error, "edges": edges, "title": title, "labels": labels, "signed": signed}
    return Panel("error_by", values)


def cumulative(error: Array, title: str, labels: tuple[str, str], end: float) -> Panel:
    """Share of faces by size of error."""
    return Panel("cumulative", {"error": error, "title": title, "labels": labels, "end": end})


def class_errors(probability: Array, truth: Array, classes: Sequence[str]) -> tuple[Array, list[str]]:
    """One minus the probability of the true class; truth (N, K) is largest there."""
    known = ~np.isnan(truth).any(1)
    at = np.nan_to_num(truth).argmax(1)
    held = np.take_along_axis(probability, at[:, None], 1)[:, 0]
    pairs = zip(at, probability.argmax(1), probability.max(1), strict=True)
    return np.where(known, 1 - held, np.nan), [
        f"true {classes[t]}\npredicted {classes[k]} {p:.2f}" for t, k, p in pairs
    ]


def flag_errors(probability: Array, target: Array, names: Sequence[str]) -> tuple[Array, list[str]]:
    """Distance of the column that is furthest from its label."""
    away = np.abs(probability - target)
    worst = np.nan_to_num(away, nan=-1).argmax(1)
    error = np.take_along_axis(away, worst[:, None], 1)[:, 0]
    triples = zip(worst, target, probability, strict=True)
    return error, [f"{names[k]}: true {t[k]:.2g}, predicted {p[k]:.2f}" for k, t, p in triples]
