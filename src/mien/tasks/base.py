"""What a task is, without what learns it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.faces import Faces
from mien.geometry import Array

Index = NDArray[np.int64]
Outputs = dict[str, Array]
Decoding = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ColumnLabel:
    """A label that the user names: one of `classes`, a number, or columns of 0 and 1.

    class: float (N, 1) index into classes (all values that occur, sorted, where none are given); number: (N, 1);
    binary: (N, len(columns)). Missing values are NaN. low, high: the range of numbers.
    """

    name: str
    kind: Literal["class", "number", "binary"]
    columns: tuple[str, ...]
    classes: tuple[str, ...] = ()
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True, slots=True)
class Metric:
    """A number on the faces of an index; `known` (N,) tells which faces have the label for it."""

    on: Callable[[Index], float]
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels as tasks name them, and the other columns of the table, (N, ...) each."""

    named: dict[str, Array]
    columns: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A metric with its 95 % bootstrap interval over faces."""

    name: str
    value: float
    low: float | None
    high: float | None
    faces: int


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the figure of an evaluation: the name of a drawing of `mien.evaluate.figures.panels`, its arguments."""

    kind: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Read:
    """What a model read in N faces: the estimates, the outputs (N, ...) behind them, labels, constants of its card."""

    faces: Faces
    outputs: Outputs
    labels: Labels
    decoding: Decoding = field(default_factory=dict)

    @property
    def named(self) -> dict[str, Array]:
        """Labels by name."""
        return self.labels.named


class Task(ABC):
    """Labels, decoding, calibration, metrics and panels of what is read from a face.

    name: of the task, as cards and recipes have it. wanted: labels of which any will do, and the columns that hold
    them, in words. trainer: 'module:Class' of the part that learns. aligned: whether faces are cut by landmarks.
    tells_age_bands: whether errors are told by age. unit: of its main value, for how steady a reading is; '' if none.
    """

    name: str
    wanted: tuple[tuple[str, ...], str] = ((), "")
    trainer: ClassVar[str] = ""
    aligned: ClassVar[bool] = True
    tells_age_bands: ClassVar[bool] = False
    unit: ClassVar[str] = ""

    def columns(self, decoding: Mapping[str, Any]) -> list[ColumnLabel]:
        """Labels of columns that the user named, from the constants of a card."""
        return []

    @abstractmethod
    def decode(self, outputs: Outputs, decoding: Decoding) -> dict[str, Any]:
        """Columns of `Faces` by name from outputs (N, ...); what is no column stands in a dictionary `attributes`."""

    def metrics(self, read: Read) -> dict[str, Metric]:
        """Metrics that the labels allow; the first is the one that groups are compared by."""
        return {}

    def shifted_metrics(self, read: Read, shift: Mapping[str, Any]) -> dict[str, Metric]:
        """Metrics once more with what the model learned of this dataset's labels, `label_shift` of its card."""
        return {}

    def panels(self, read: Read, rows: Sequence[Row]) -> Iterator[Panel]:
        """Panels of the figure; rows: the metrics with their intervals."""
        return iter(())

    def errors(self, read: Read) -> tuple[Array, list[str]] | None:
        """Error (N,) of each face, NaN without a label, with label and estimate in words; None without any label."""
        return None

    def value(self, faces: Faces) -> Array:
        """The main value (N,), in `unit`."""
        raise NotImplementedError(f"The task {self.name!r} has no main value.")

    def calibrate(self, outputs: Outputs, labels: Mapping[str, Array], known: Mapping[str, Any], pool: str) -> Decoding:
        """Constants of the decoding fitted on faces that were not trained on; known: those that need no fit."""
        return {}

    def complete(self, options: dict[str, Any], texts: Callable[[str], list[str]]) -> dict[str, Any]:
        """Options of a recipe with what its data tell; texts: the values of a column in all sources."""
        return options

    def learner(self) -> Any:
        """The class of the part that learns, from `trainer`. Raises InputError where there is none."""
        module, _, name = self.trainer.partition(":")
        if not name:
            raise InputError(f"'trainer' of the task {self.name!r} must name 'module:Class' to train it. Got ''.")
        return getattr(import_module(module), name)
