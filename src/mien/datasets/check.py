"""What a labeled dataset holds, and what is wrong with it, before a face is looked for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base_table import Columns, Table
from mien.datasets.labels import labels_of
from mien.datasets.leaks import find_leaks
from mien.datasets.schema import Fault, check_named, find_faults, is_missing, numbers_of, texts

_SHOWN = 6


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """A column: what it holds, in words, and how many of its cells are empty."""

    name: str
    holds: str
    missing: int


@dataclass(frozen=True, slots=True)
class DataReport:
    """A set: kind, rows, columns, labels (name -> rows that have it), splits (name -> rows), groups in two splits,
    faults.

    labels is empty where there are faults.
    """

    kind: str
    rows: int
    metadata: dict[str, str]
    columns: list[ColumnReport]
    labels: dict[str, int]
    splits: dict[str, int]
    leaks: dict[str, list[str]]
    faults: list[str]

    @property
    def sound(self) -> bool:
        """Whether the dataset can be trained on."""
        return not self.faults and not self.leaks and self.rows > 0


def check_table(table: Table, group: str | None = None, split: str = "split") -> DataReport:
    """Look at all columns of a dataset; images are not opened.

    group: column of people (or films): none of its values may be in two splits. Raises InputError where `group`, or
    with it `split`, is no column.
    """
    columns = table.columns()
    leaks: dict[str, list[str]] = {}
    if group:
        for name in (group, split):
            check_named(name, columns, table.path.name)
        leaks = find_leaks(columns[group], columns[split])
    faults: list[Fault] = list(find_faults(columns))
    labels = {} if faults else {name: _known(value) for name, value in labels_of(columns).items()}
    return DataReport(
        table.kind,
        len(table),
        table.metadata,
        [_describe(name, values) for name, values in columns.items()],
        labels,
        _counts(columns, split),
        leaks,
        [fault.describe(table.where) for fault in faults],
    )


def _known(label: NDArray[Any]) -> int:
    return int((~np.isnan(label)).any(tuple(range(1, label.ndim))).sum())


def _counts(columns: Columns, split: str) -> dict[str, int]:
    if split not in columns:
        return {}
    named = [text or "(none)" for text in texts(columns[split])]
    return {name: named.count(name) for name in sorted(set(named))}


def _describe(name: str, values: NDArray[Any]) -> ColumnReport:
    missing = sum(is_missing(value) for value in values)
    return ColumnReport(name, _holds(values), missing)


def _holds(values: NDArray[Any]) -> str:
    """
    >>> _holds(np.array([3.0, np.nan, 1.5])), _holds(np.array(["b", "a", "a"], object))
    ('1.5 to 3', 'a, b')
    """
    cells = [value for value in values if not is_missing(value)]
    if not cells:
        return "nothing"
    if isinstance(cells[0], list | np.ndarray):
        return f"lists of {len(cells[0])}"
    if values.dtype.kind in "fiub":
        numbers, _ = numbers_of(values)
        return f"{np.nanmin(numbers):g} to {np.nanmax(numbers):g}"
    distinct = sorted({str(cell) for cell in cells})
    return ", ".join(distinct[:_SHOWN]) + (f" and {len(distinct) - _SHOWN} more" if len(distinct) > _SHOWN else "")
