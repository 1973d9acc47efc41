"""Label shifts of the sets of a run: applied to its labels, learned with it, kept in its folder by name of the set."""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.files import replace_text
from mien.train.engine.loaders import Prepared
from mien.train.recipe import Recipe
from mien.train.tasks import Task
from mien.train.tasks.shift import LabelShift, PoolShift, read_shift

FILE = "label_shift.json"
Told = dict[str, dict[str, Any]]
"""Shifts by label and by name of the set, in numbers."""


class Shifts(nn.Module):
    """One curve for each set that may have one; sets: its number among those of the run, and its name."""

    def __init__(
        self,
        label: str,
        sets: Iterable[tuple[int, str]],
        penalty: float = 0.1,
        curves: Sequence[LabelShift | PoolShift] | None = None,
    ) -> None:
        super().__init__()
        self.label, self.sets, self.weight = label, tuple(sets), penalty
        self.curves = nn.ModuleList([LabelShift() for _ in self.sets] if curves is None else curves)

    def moved(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The batch with its labels (B, width) as values of the network's own; no gradient to the curves."""
        labels = dict(batch)
        for (number, _), curve in zip(self.sets, self.curves, strict=True):
            labels |= unshift(curve, self.label, labels, batch["set"] == number)  # type: ignore[arg-type]
        return labels

    def loss(self, value: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Distance of the shifted values (B,) to the labels, each set as often as it comes, and the penalty."""
        total = value.new_zeros(())
        for (number, _), curve in zip(self.sets, self.curves, strict=True):
            members = batch["set"] == number
            fit = curve.fit(value[members], batch[self.label][members])  # type: ignore[operator]
            total = total + members.float().mean() * fit + self.weight * curve.penalty()  # type: ignore[operator]
        return total


@torch.no_grad()
def unshift(curve: LabelShift | PoolShift, label: str, labels: Mapping[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """The labels that the shift of a set changes, its `rows` (N,) without it."""
    changed = {name: labels[name].clone() for name in (label, *curve.scaled) if name in labels}
    changed[label][rows] = curve.to_value(changed[label][rows])
    if isinstance(curve, PoolShift):
        for name in changed.keys() & set(curve.scaled):
            changed[name][rows] /= curve.scale()
    return changed


def make_shifts(recipe: Recipe, task: Task, prepared: Prepared) -> Shifts:
    """The curves that a recipe asks for. Raises InputError for a task without, and for mixed images."""
    wanted = [k for k, source in enumerate(recipe.sources) if source.shift]
    if wanted and not task.shifted:
        raise InputError(f"'shift' must be false for sources of the task {task.name!r}. Got true.")
    if wanted and (recipe.mixup or recipe.cutmix):
        raise InputError("'mixup' and 'cutmix' must be 0 with sources of a label shift: a mixed face has two sets.")
    labelled = [k for k in range(len(prepared.sets)) if task.shifted and _labels(task.shifted, prepared, k)]
    if unlabelled := set(wanted) - set(labelled):
        names = ", ".join(sorted(prepared.sets[k].name for k in unlabelled))
        raise InputError(f"'shift' must be false for sources without a training label {task.shifted!r}. Got {names}.")
    if task.levelled and (plain := set(labelled) - set(wanted)):
        names = ", ".join(sorted(prepared.sets[k].name for k in plain))
        raise InputError(f"'shift' must be true for all rated sources where 'level' is above 0. It is not for {names}.")
    curves = [task.new_shift(_labels(task.shifted, prepared, k)) for k in wanted]
    return Shifts(task.shifted, [(k, prepared.sets[k].name) for k in wanted], recipe.shift_penalty, curves)


def _labels(label: str, prepared: Prepared, k: int) -> dict[str, Any]:
    """Labels of the training faces of a set; empty where it has none of that name there."""
    rows = prepared.rows["train"][k]
    labels = {name: value[rows] for name, value in prepared.sets[k].labels.items()}
    return labels if label in labels and not np.isnan(labels[label]).all() else {}


def write_shifts(run: Path, shifts: Shifts, weights: Mapping[str, Tensor]) -> None:
    """label_shift.json of a run, from the weights by name that `Shifts` has in a checkpoint."""
    if not shifts.sets:
        return
    final = deepcopy(shifts)
    final.load_state_dict(dict(weights))
    curves = {name: curve.describe() for (_, name), curve in zip(final.sets, final.curves, strict=True)}  # type: ignore[operator]
    replace_text(run / FILE, json.dumps({shifts.label: curves}, indent=1))


def read_shifts(run: Path) -> Told:
    """Shifts of a run; empty where it learned none."""
    path = run / FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def mean_shifts(members: Sequence[Told]) -> Told:
    """Shifts of the mean of several networks: the mean of theirs, number by number.

    Raises InputError where they are not of the same labels and sets.

    >>> one, other = ({"rating": {"a": {"offset": offset, "scale": 0.5}}} for offset in (3.0, 4.0))
    >>> mean_shifts([one, other])
    {'rating': {'a': {'offset': 3.5, 'scale': 0.5}}}
    """
    names = [sorted((label, name) for label, sets in member.items() for name in sets) for member in members]
    if any(other != names[0] for other in names):
        raise InputError(f"All runs must have label shifts of the same sets. Got {'; '.join(map(str, names))}.")
    return {
        label: {name: _mean([member[label][name] for member in members]) for name in sets}
        for label, sets in members[0].items()
    }


def _mean(curves: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: np.mean([curve[key] for curve in curves], 0).round(4).tolist() for key in curves[0]}


__all__ = ["FILE", "Shifts", "make_shifts", "mean_shifts", "read_shift", "read_shifts", "unshift", "write_shifts"]
