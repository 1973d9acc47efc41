"""Tasks for columns that a user names: one of several classes, a number, properties that may hold together."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from torch import Tensor

from mien import metrics
from mien.errors import InputError
from mien.estimates import sigmoid
from mien.geometry import Array
from mien.tasks import ColumnLabel
from mien.train import losses
from mien.train.tasks.base import Arrays, LabelSpace, Outputs, Task

NUMBER_LOSSES: dict[str, Callable[..., Tensor]] = {
    "l2": losses.l2_loss,
    "l1": losses.l1_loss,
    "smooth_l1": losses.smooth_l1_loss,
    "huber": losses.huber_loss,
}


class ClassificationTask(Task):
    """One of `classes` of a column; label_smoothing, or loss 'hinge' instead of cross entropy.

    attribute: how the result is called; column: where labels lie, the attribute's name if not given.
    """

    main = ("macro_f1", "max")

    def __init__(
        self,
        attribute: str,
        column: str | None = None,
        classes: tuple[str, ...] | list[str] = (),
        loss: str = "cross_entropy",
        label_smoothing: float = 0.0,
    ) -> None:
        if len(classes) < 2:
            raise InputError(f"'classes' of {attribute!r} must be two or more names. Got {list(classes)}.")
        _one_of("loss", loss, ("cross_entropy", "hinge"))
        self.attribute, self.column = attribute, column or attribute
        self.classes = tuple(str(name) for name in classes)
        self.name = f"classification:{attribute}"
        self.kind, self.label_smoothing = loss, label_smoothing
        label = ColumnLabel(self.name, "class", (self.column,), self.classes)
        self.labels = LabelSpace({self.name: 1}, {self.name: "class"}, (label,))
        self.outputs = {self.name: len(self.classes)}

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Softmax cross entropy, or the multi-class hinge; a mixed batch has soft targets (B, K)."""
        logits, target = outputs[self.name], batch[self.name]
        if target.shape[1] == len(self.classes) and target.shape[1] > 1:
            return losses.softmax_cross_entropy_loss(logits, target, label_smoothing=self.label_smoothing)
        index = target[:, 0].nan_to_num(-1).long()
        if self.kind == "hinge":
            return losses.multiclass_hinge_loss(logits, index)
        return losses.softmax_cross_entropy_loss(logits, index, label_smoothing=self.label_smoothing)

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """Accuracy, macro-F1."""
        target = labels[self.name][:, 0]
        known = ~np.isnan(target)
        if not known.any():
            return {}
        preds, truth = outputs[self.name][known].argmax(1), target[known].astype(np.int64)
        f1 = metrics.macro_f1(preds, truth, len(self.classes), "labeled")
        return {"accuracy": float((preds == truth).mean()), "macro_f1": f1}

    def decoding(self) -> dict[str, Any]:
        """Column and classes."""
        return {"name": self.attribute, "column": self.column, "classes": list(self.classes), "temperature": 1.0}


class RegressionTask(Task):
    """A number of a column, learned as center + unit * output; values outside low..high are errors in the data.

    center, unit: median and dispersion of the training labels, found by the engine where they are not given.
    """

    main = ("mae", "min")

    def __init__(
        self,
        attribute: str,
        column: str | None = None,
        center: float = 0.0,
        unit: float = 1.0,
        low: float | None = None,
        high: float | None = None,
        loss: str = "smooth_l1",
    ) -> None:
        _one_of("loss", loss, NUMBER_LOSSES)
        if not unit > 0:
            raise InputError(f"'unit' of {attribute!r} must be above 0. Got {unit}.")
        self.attribute, self.column = attribute, column or attribute
        self.name = f"regression:{attribute}"
        self.center, self.unit, self.low, self.high, self.kind = center, unit, low, high, loss
        ends = (-np.inf if low is None else low, np.inf if high is None else high)
        label = ColumnLabel(self.name, "number", (self.column,), (), *ends)
        self.labels = LabelSpace({self.name: 1}, {self.name: "number"}, (label,))
        self.outputs = {self.name: 1}

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """The loss of the error in units of the dispersion."""
        return NUMBER_LOSSES[self.kind](outputs[self.name], (batch[self.name] - self.center) / self.unit)

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """MAE, bias, correlation."""
        target = labels[self.name][:, 0]
        known = ~np.isnan(target)
        if not known.any():
            return {}
        value, truth = self.center + self.unit * outputs[self.name][known, 0], target[known]
        bias = float((value - truth).mean())
        return {"mae": metrics.mean_absolute_error(value, truth), "bias": bias, "r": metrics.pearson(value, truth)}

    def decoding(self) -> dict[str, Any]:
        """Column, scale and range."""
        scale = {"center": self.center, "unit": self.unit, "low": self.low, "high": self.high}
        return {"name": self.attribute, "column": self.column, **scale}


class MultilabelTask(Task):
    """Columns of 0 and 1 (or shares) that may hold together."""

    main = ("auc", "max")

    def __init__(self, attribute: str, columns: tuple[str, ...] | list[str] = (), label_smoothing: float = 0.0) -> None:
        if not columns:
            raise InputError(f"'columns' of {attribute!r} must name at least one column. Got none.")
        self.attribute, self.columns, self.label_smoothing = attribute, tuple(columns), label_smoothing
        self.name = f"multilabel:{attribute}"
        label = ColumnLabel(self.name, "binary", self.columns, (), 0.0, 1.0)
        self.labels = LabelSpace({self.name: len(self.columns)}, {self.name: "multilabel"}, (label,))
        self.outputs = {self.name: len(self.columns)}

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Sigmoid cross entropy."""
        return losses.sigmoid_cross_entropy_loss(outputs[self.name], batch[self.name], self.label_smoothing)

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """AUC of each column with both answers in it, and their mean."""
        results: dict[str, float] = {}
        for k, column in enumerate(self.columns):
            results |= _auc(column, outputs[self.name][:, k], labels[self.name][:, k])
        return {**results, "auc": float(np.mean(list(results.values())))} if results else {}

    def decoding(self) -> dict[str, Any]:
        """Columns; slope and bias before calibration."""
        count = len(self.columns)
        scale = {"slope": [1.0] * count, "bias": [0.0] * count}
        return {"name": self.attribute, "columns": list(self.columns), **scale}


def _auc(column: str, logits: Array, target: Array) -> dict[str, float]:
    known = ~np.isnan(target)
    present = target[known] >= 0.5
    if not 0 < present.sum() < len(present):
        return {}
    return {f"auc_{column}": metrics.roc_auc(sigmoid(logits[known]), present)}


def _one_of(name: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        raise InputError(f"{name!r} must be one of {', '.join(allowed)}. Got {value!r}.")
