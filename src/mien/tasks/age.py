"""Apparent age in years, with an interval."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from mien import metrics
from mien.estimates import age_estimate
from mien.faces import Age as AgeColumn
from mien.faces import Faces
from mien.geometry import Array
from mien.tasks.base import Decoding, Metric, Outputs, Panel, Read, Row, Task
from mien.tasks.calibration import age_decoding
from mien.tasks.scores import cumulative, error_by, mean_of

_DECADES = np.array([0, 10, 20, 30, 40, 50, 60, 70, 80, 120], np.float32)


class Age(Task):
    """Apparent age; labels are ages, or groups of them."""

    name = "age"
    wanted = (("age",), "'age' or 'age_group'")
    trainer = "mien.train.tasks.age:AgeTask"
    tells_age_bands = True
    unit: ClassVar[str] = "years"

    def decode(self, outputs: Outputs, decoding: Decoding) -> dict[str, Any]:
        """The column `age`."""
        detail = outputs["detail"][:, 0] if "detail" in outputs else None
        return {"age": age_estimate(outputs["age"], decoding, detail)}

    def metrics(self, read: Read) -> dict[str, Metric]:
        """MAE, CS@5, bias, r, coverage and width on exact ages; the distance to the group on age groups."""
        if "age" not in read.named:
            return {}
        return _metrics(read.faces.require("age"), read.named["age"])

    def shifted_metrics(self, read: Read, shift: Mapping[str, Any]) -> dict[str, Metric]:
        """The metrics with the shift of the dataset's labels, offsets in years at knots of age."""
        age = read.faces.require("age")
        knots, offsets = np.array(shift["knots"]), np.array(shift["offsets"])

        def moved(years: Array) -> Array:
            return np.asarray(years + np.interp(years, knots, offsets), np.float32)

        shifted = replace(age, value=moved(age.value), low=moved(age.low), high=moved(age.high))
        measured = _metrics(shifted, read.named["age"])
        return {f"{name}, with the set's label shift": metric for name, metric in measured.items()}

    def panels(self, read: Read, rows: Sequence[Row]) -> Iterator[Panel]:
        """Age against label, error by age, coverage by band; ranges by group for age groups."""
        if "age" not in read.named:
            return
        age, target = read.faces.require("age"), read.named["age"]
        exact = np.asarray(target[:, 0] == target[:, 1])
        if not exact.any():
            yield from _group_panels(age.value, target)
            return
        truth, value = target[exact, 0], age.value[exact]
        labels = ("true age, years", "predicted age, years")
        yield Panel("scatter", {"truth": truth, "value": value, "title": "Age", "labels": labels})
        yield error_by(truth, value - truth, _DECADES, "Error by age", ("true age, years", "error, years"))
        inside = ((age.low <= target[:, 0]) & (target[:, 0] <= age.high))[exact]
        edges = [-np.inf, *read.decoding["band_edges"], np.inf]
        bands = {"all": inside}
        for low, high in pairwise(edges):
            bands[_band(low, high)] = inside[(value >= low) & (value < high)]
        yield Panel("coverage", {"bands": {k: v for k, v in bands.items() if len(v)}, "wanted": age.coverage})

    def errors(self, read: Read) -> tuple[Array, list[str]] | None:
        """Distance in years to the age or the group."""
        if "age" not in read.named or read.faces.age is None:
            return None
        target, value = read.named["age"], read.faces.age.value
        truth = [f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}" for low, high in target]
        words = [f"true {t}, predicted {v:.0f}" for t, v in zip(truth, value, strict=True)]
        return metrics.interval_error(value, target), words

    def value(self, faces: Faces) -> Array:
        """Years (N,)."""
        return faces.require("age").value

    def calibrate(self, outputs: Outputs, labels: Mapping[str, Array], known: Mapping[str, Any], pool: str) -> Decoding:
        """Conformal quantiles by band of predicted age."""
        return age_decoding(outputs["age"], labels["age"], known.get("head", "laplace"), labels.get("set"))


def _metrics(age: AgeColumn, target: Array) -> dict[str, Metric]:
    value, low, high = age.value, target[:, 0], target[:, 1]
    exact = np.asarray(low == high)
    if not exact.any():
        away = metrics.interval_error(value, target)
        known = np.asarray(~np.isnan(target).any(1))
        within = np.where(np.isnan(away), np.nan, away == 0)
        return {
            "distance to age group": Metric(mean_of(away), known),
            "share inside age group": Metric(mean_of(within), known),
        }
    inside = np.where(np.isnan(age.low + age.high), np.nan, (age.low <= low) & (low <= age.high))
    return {
        "MAE": Metric(lambda i: metrics.mean_absolute_error(value[i], low[i]), exact),
        "CS@5": Metric(lambda i: metrics.cumulative_score(value[i], low[i]), exact),
        "bias": Metric(lambda i: float((value[i] - low[i]).mean()), exact),
        "r": Metric(lambda i: metrics.pearson(value[i], low[i]), exact),
        f"coverage of the {age.coverage:.0%} interval": Metric(mean_of(inside), exact),
        "width of the interval": Metric(lambda i: float((age.high - age.low)[i].mean()), exact),
    }


def _band(low: float, high: float) -> str:
    if low == -np.inf:
        return f"below {high:g}"
    return f"{low:g} and more" if high == np.inf else f"{low:g}–{high:g}"


def _group_panels(value: Array, target: Array) -> Iterator[Panel]:
    known = ~np.isnan(target).any(1)
    if not known.any():
        return
    groups: list[tuple[float, float]] = np.unique(target[known], axis=0).tolist()
    values = [value[known & (target == group).all(1)] for group in groups]
    yield Panel("ranges", {"groups": groups, "values": values, "title": "Age by true age group"})
    away = metrics.interval_error(value[known], target[known])
    labels = ("distance to the true age group, years", "share of faces")
    yield cumulative(away, "Distance to the age group", labels, max(float(np.quantile(away, 0.99)), 1.0))
