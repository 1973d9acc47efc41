"""A model measured on a labeled dataset, by the path that `mien analyze` takes."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError, expect
from mien.evaluate.groups import groups_of
from mien.evaluate.reading import Reading, read_data
from mien.files import replace_text
from mien.metrics import bootstrap_interval
from mien.tasks import Metric, Row, Task

ROUNDS = 300
MIN_GROUP = 20


@dataclass(frozen=True, slots=True)
class Report:
    """Metrics of a model on a dataset; `groups` holds the main metric by group."""

    model: str
    data: str
    split: str
    pictures: int
    faces: int
    rows: list[Row]
    groups: list[Row] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What was measured on what."""
        return f"{self.model} on {self.data} ({self.split}): {self.faces} faces found in {self.pictures} pictures"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, None for what is undefined; the `summary` maps each metric to its value."""
        values = {**asdict(self), "summary": {row.name: row.value for row in self.rows}}
        plain: dict[str, Any] = _plain(values)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def evaluate_file(
    model: str | Path,
    data: Path,
    split: str | list[str] | None = "test",
    teacher: Path | None = None,
    *,
    column: str = "split",
    images: Path | None = None,
    limit: int | None = None,
    rows: NDArray[np.int64] | None = None,
    rounds: int = ROUNDS,
    min_group: int = MIN_GROUP,
) -> Report:
    """Read the faces of `data` with the model, and measure it against the labels; arguments as in `read_data`.

    Raises InputError for a dataset without images or labels, or a split without rows.
    """
    reading = read_data(model, data, split, teacher, column=column, images=images, limit=limit, rows=rows)
    return report_of(reading, rounds=rounds, min_group=min_group)


def report_of(reading: Reading, *, rounds: int = ROUNDS, min_group: int = MIN_GROUP) -> Report:
    """Metrics of each task, with intervals of `rounds` bootstrap rounds, and of groups of at least `min_group` faces.

    Names begin with the task's where the model has several.
    """
    expect(min_group >= 1, "min_group", "a whole number of at least 1", min_group)
    everyone = np.arange(len(reading.faces))
    rows: list[Row] = []
    groups: list[Row] = []
    tasks = reading.tasks
    for task in tasks:
        measured = metrics_of(task, reading)
        if not measured:
            continue
        prefix = f"{task.name}: " if len(tasks) > 1 else ""
        rows += [make_row(prefix + name, metric, everyone, rounds) for name, metric in measured.items()]
        main, metric = next(iter(measured.items()))
        for part, index in groups_of(task, reading.faces, reading.labels.named, reading.labels.columns):
            row = make_row(f"{prefix}{main}, {part}", metric, index, rounds)
            groups += [row] if row.faces >= min_group else []
    table = reading.table
    return Report(reading.model, table.name, reading.split, reading.pictures, len(everyone), rows, groups)


def metrics_of(task: Task, reading: Reading) -> dict[str, Metric]:
    """Metrics of a task that the labels allow, and those with what the model learned of this dataset's labels."""
    read = reading.read(task)
    measured = task.metrics(read)
    shifts = reading.card.values.get("label_shift", {})
    for label in task.wanted[0]:
        shift = shifts.get(label, {}).get(reading.table.name)
        if measured and shift:
            measured = {**measured, **task.shifted_metrics(read, shift)}
    return measured


def make_row(name: str, metric: Metric, index: NDArray[np.int64], rounds: int) -> Row:
    """A metric on the faces of `index` that it applies to, with its bootstrap interval."""
    index = index[metric.known[index]]
    value = metric.on(index) if len(index) else float("nan")
    if np.isnan(value) or rounds < 2:
        return Row(name, value, None, None, len(index))
    return Row(name, value, *bootstrap_interval(metric.on, index, rounds), len(index))


def check_target(path: Path, name: str) -> None:
    """Raise InputError unless a file can be written there; folders on the way are made."""
    probe = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError("this is a folder")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"{name!r} must be a file that can be written. Got {str(path)!r}: {error}") from error


def write_report(report: Report, path: Path) -> None:
    """Write the metrics as JSON, whole or not at all. Raises SinkError where that is impossible."""
    replace_text(path, json.dumps(report.to_dict(), indent=1, allow_nan=False))
