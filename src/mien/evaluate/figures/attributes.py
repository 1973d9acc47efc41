"""Panels of the tasks that users name: classes, numbers, columns of 0 and 1."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from mien.evaluate import metrics
from mien.evaluate.evaluator import Report, Row
from mien.evaluate.figures import panels
from mien.evaluate.reading import Reading
from mien.faces import Category, Quantity
from mien.geometry import Array

Panel = Callable[[Axes], None]
_PROBABILITY = ("probability that was said", "share that is so")


def attribute_panels(task: str, reading: Reading, report: Report, target: Array) -> Iterator[Panel]:
    name = task.partition(":")[2]
    assert reading.faces.attributes is not None
    estimate: Any = reading.faces.attributes[name]
    if isinstance(estimate, Category):
        yield from _classes(estimate, target[:, 0])
    elif isinstance(estimate, Quantity):
        yield from _number(name, estimate.value, target[:, 0])
    else:
        known = ~np.isnan(target)
        columns = enumerate(estimate.names)
        scored = {n: (estimate.probability[known[:, k], k], target[known[:, k], k] >= 0.5) for k, n in columns}
        yield from many_panels(scored, report.rows, name)


def _classes(estimate: Category, target: Array) -> Iterator[Panel]:
    known = ~np.isnan(target)
    probability, truth = estimate.probability[known], target[known].astype(np.int64)
    read = probability.argmax(1)
    counts = metrics.confusion_matrix(read, truth, len(estimate.classes))
    yield partial(panels.confusion, counts=counts, classes=estimate.classes, title="Confusion")
    scored = {c: (probability[:, k], truth == k) for k, c in enumerate(estimate.classes)}
    yield partial(panels.roc, scored=scored, title="ROC, one against the rest")
    yield partial(
        panels.reliability, probability=probability.max(1), happened=read == truth, title="Probability",
        labels=("probability of the class that was read", "share that is right"),
    )  # fmt: skip


def _number(name: str, value: Array, target: Array) -> Iterator[Panel]:
    known = ~np.isnan(target)
    value, truth = value[known], target[known]
    labels = (f"true {name}", f"{name} that was read")
    yield partial(panels.scatter, truth=truth, value=value, title="Value", labels=labels)
    edges = np.unique(np.quantile(truth, np.linspace(0, 1, 9)))
    labels = (f"true {name} (bins of equally many faces)", "error")
    yield partial(panels.error_by, at=truth, error=value - truth, edges=edges, title="Error by value", labels=labels)
    end = max(float(np.quantile(np.abs(value - truth), 0.99)), 1e-9)
    away, labels = np.abs(value - truth), ("absolute error", "share of faces")
    yield partial(panels.cumulative, error=away, title="Cumulative error", labels=labels, end=end)


def many_panels(scored: dict[str, panels.Scored], rows: list[Row], name: str) -> Iterator[Panel]:
    """ROC, AUC one by one where they are many, and the probabilities of all together."""
    scored = {key: pair for key, pair in scored.items() if f"AUC {key}" in {row.name.split(": ")[-1] for row in rows}}
    if not scored:
        return
    yield partial(panels.roc, scored=scored, title=f"ROC of {name}")
    bars = [(row.name.rpartition("AUC ")[2], row.value, row.low, row.high) for row in rows]
    bars = [bar for bar, row in zip(bars, rows, strict=True) if "AUC " in row.name and bar[0] in scored]
    if len(bars) > 1:
        yield partial(panels.dots, bars=bars, title=f"AUC of {name}", label="AUC with 95 % interval")
    said, held = (np.concatenate(parts) for parts in zip(*scored.values(), strict=True))
    yield partial(
        panels.reliability, probability=said, happened=held, title=f"Probability of {name}", labels=_PROBABILITY
    )
