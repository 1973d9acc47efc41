"""Tasks that users name: classes of a column, a number, columns of 0 and 1."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mien.estimates import category_estimate, flags_estimate, quantity_estimate
from mien.faces import Category, Flags, Quantity
from mien.geometry import Array
from mien.tasks.base import ColumnLabel, Decoding, Metric, Outputs, Panel, Read, Row, Task
from mien.tasks.calibration import fit_temperature, platt_columns
from mien.tasks.scores import (
    auc,
    class_errors,
    class_metrics,
    class_panels,
    flag_errors,
    flag_panels,
    mean_of_all,
    number_metrics,
    number_panels,
)


class Attribute(Task):
    """A task named 'KIND:ATTRIBUTE', whose estimate is `attributes[ATTRIBUTE]`."""

    kind: str
    estimate: Callable[[Array, Decoding], Category | Quantity | Flags]

    def __init__(self, attribute: str) -> None:
        self.attribute, self.name = attribute, f"{self.kind}:{attribute}"
        self.wanted = ((self.name,), "")

    def decode(self, outputs: Outputs, decoding: Decoding) -> dict[str, Any]:
        """The attribute by its name."""
        return {"attributes": {self.attribute: type(self).estimate(outputs[self.name], decoding)}}

    def metrics(self, read: Read) -> dict[str, Metric]:
        """Metrics of its kind."""
        if self.name not in read.named or read.faces.attributes is None:
            return {}
        return self._metrics(read.faces.attributes[self.attribute], read.named[self.name])

    def panels(self, read: Read, rows: Sequence[Row]) -> Iterator[Panel]:
        """Panels of its kind."""
        if self.name in read.named and read.faces.attributes is not None:
            yield from self._panels(read.faces.attributes[self.attribute], read.named[self.name], rows)

    def errors(self, read: Read) -> tuple[Array, list[str]] | None:
        """Errors of its kind."""
        if self.name not in read.named or read.faces.attributes is None:
            return None
        return self._errors(read.faces.attributes[self.attribute], read.named[self.name])

    def _metrics(self, estimate: Any, target: Array) -> dict[str, Metric]:
        raise NotImplementedError

    def _panels(self, estimate: Any, target: Array, rows: Sequence[Row]) -> Iterator[Panel]:
        raise NotImplementedError

    def _errors(self, estimate: Any, target: Array) -> tuple[Array, list[str]]:
        raise NotImplementedError


class Classification(Attribute):
    """One of several classes."""

    kind = "classification"
    trainer = "mien.train.tasks.attributes:ClassificationTask"
    estimate = staticmethod(category_estimate)

    def columns(self, decoding: Mapping[str, Any]) -> list[ColumnLabel]:
        """The column of the class."""
        return [ColumnLabel(self.name, "class", (decoding["column"],), tuple(decoding["classes"]))]

    def complete(self, options: dict[str, Any], texts: Callable[[str], list[str]]) -> dict[str, Any]:
        """The classes that occur, where none are given."""
        if "classes" in options:
            return options
        return {**options, "classes": sorted(set(texts(options.get("column", self.attribute))))}

    def calibrate(self, outputs: Outputs, labels: Mapping[str, Array], known: Mapping[str, Any], pool: str) -> Decoding:
        """A temperature."""
        return {"temperature": fit_temperature(outputs[self.name], labels[self.name][:, 0])}

    def _metrics(self, estimate: Category, target: Array) -> dict[str, Metric]:
        return class_metrics(estimate, target[:, 0])

    def _panels(self, estimate: Category, target: Array, rows: Sequence[Row]) -> Iterator[Panel]:
        yield from class_panels(estimate, target[:, 0])

    def _errors(self, estimate: Category, target: Array) -> tuple[Array, list[str]]:
        truth = np.where(np.isnan(target), np.nan, target == np.arange(len(estimate.classes)))
        return class_errors(estimate.probability, truth, estimate.classes)


class Regression(Attribute):
    """A number."""

    kind = "regression"
    trainer = "mien.train.tasks.attributes:RegressionTask"
    estimate = staticmethod(quantity_estimate)

    def columns(self, decoding: Mapping[str, Any]) -> list[ColumnLabel]:
        """The column of the number, with its range."""
        ends = {"low": -np.inf, "high": np.inf}
        ends |= {end: decoding[end] for end in ends if decoding.get(end) is not None}
        return [ColumnLabel(self.name, "number", (decoding["column"],), (), **ends)]

    def complete(self, options: dict[str, Any], texts: Callable[[str], list[str]]) -> dict[str, Any]:
        """Median, and half the range of the middle two thirds, as center and unit, where none are given."""
        if "unit" in options:
            return options
        numbers = np.array([float(text) for text in texts(options.get("column", self.attribute))])
        dispersion = float(np.subtract(*np.nanquantile(numbers, [0.84, 0.16])) / 2)
        return {**options, "center": float(np.nanmedian(numbers)), "unit": dispersion or 1.0}

    def _metrics(self, estimate: Quantity, target: Array) -> dict[str, Metric]:
        return number_metrics(estimate.value, target[:, 0])

    def _panels(self, estimate: Quantity, target: Array, rows: Sequence[Row]) -> Iterator[Panel]:
        yield from number_panels(self.attribute, estimate.value, target[:, 0])

    def _errors(self, estimate: Quantity, target: Array) -> tuple[Array, list[str]]:
        pairs = zip(target[:, 0], estimate.value, strict=True)
        return np.abs(estimate.value - target[:, 0]), [f"true {t:.4g}, predicted {v:.4g}" for t, v in pairs]


class Multilabel(Attribute):
    """Columns of 0 and 1 that may hold together."""

    kind = "multilabel"
    trainer = "mien.train.tasks.attributes:MultilabelTask"
    estimate = staticmethod(flags_estimate)

    def columns(self, decoding: Mapping[str, Any]) -> list[ColumnLabel]:
        """The columns."""
        return [ColumnLabel(self.name, "binary", tuple(decoding["columns"]), (), 0.0, 1.0)]

    def calibrate(self, outputs: Outputs, labels: Mapping[str, Array], known: Mapping[str, Any], pool: str) -> Decoding:
        """Platt scaling of each column."""
        return dict(platt_columns(outputs[self.name], labels[self.name]))

    def _metrics(self, estimate: Flags, target: Array) -> dict[str, Metric]:
        columns = zip(estimate.names, estimate.probability.T, target.T, strict=True)
        single = {f"AUC {name}": auc(score, truth >= 0.5, ~np.isnan(truth)) for name, score, truth in columns}
        return {f"mean AUC of {len(single)} columns": mean_of_all(single), **single}

    def _panels(self, estimate: Flags, target: Array, rows: Sequence[Row]) -> Iterator[Panel]:
        known = ~np.isnan(target)
        columns = enumerate(estimate.names)
        scored = {n: (estimate.probability[known[:, k], k], target[known[:, k], k] >= 0.5) for k, n in columns}
        yield from flag_panels(scored, rows, self.attribute)

    def _errors(self, estimate: Flags, target: Array) -> tuple[Array, list[str]]:
        return flag_errors(estimate.probability, target, estimate.names)
