"""Label shifts of the sets of a run: applied to its labels, learned with it, kept in its folder by name of the set."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.train.data.progress import replace_text
from mien.train.engine.loaders import Prepared
from mien.train.recipe import Recipe
from mien.train.tasks import Task
from mien.train.tasks.shift import LabelShift, describe, read_shift

FILE = "label_shift.json"


class Shifts(nn.Module):
    """One curve for each set that may have one; sets: its number among those of the run, and its name."""

    def __init__(self, label: str, sets: Iterable[tuple[int, str]], penalty: float = 0.1) -> None:
        super().__init__()
        self.label, self.sets, self.weight = label, tuple(sets), penalty
        self.curves = nn.ModuleList(LabelShift() for _ in self.sets)

    def moved(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The batch with its labels (B, 2) as values of the network's own; no gradient to the curves."""
        if not self.sets:
            return dict(batch)
        label = batch[self.label].clone()
        with torch.no_grad():
            for (number, _), curve in zip(self.sets, self.curves, strict=True):
                own = batch["set"] == number
                label[own] = curve.to_value(label[own])  # type: ignore[operator]
        return {**batch, self.label: label}

    def loss(self, value: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Distance of the shifted values (B,) to the labels, each set as often as it comes, and the penalty."""
        total = value.new_zeros(())
        for (number, _), curve in zip(self.sets, self.curves, strict=True):
            own = batch["set"] == number
            fit = curve.fit(value[own], batch[self.label][own])  # type: ignore[operator]
            total = total + own.float().mean() * fit + self.weight * curve.penalty()  # type: ignore[operator]
        return total


def make_shifts(recipe: Recipe, task: Task, prepared: Prepared) -> Shifts:
    """The curves that a recipe asks for. Raises InputError for a task without, and for mixed pictures."""
    wanted = [k for k, source in enumerate(recipe.sources) if source.shift]
    if wanted and not task.shifted:
        raise InputError(f"'shift' must be false for sources of the task {task.name!r}. Got true.")
    if wanted and (recipe.mixup or recipe.cutmix):
        raise InputError("'mixup' and 'cutmix' must be 0 with sources of a label shift: a mixed face has two sets.")
    return Shifts(task.shifted, [(k, prepared.sets[k].name) for k in wanted], recipe.shift_penalty)


def write_shifts(run: Path, sets: Iterable[tuple[int, str]], label: str, weights: Mapping[str, Tensor]) -> None:
    """label_shift.json of a run, from the weights by name that `Shifts` has in a checkpoint."""
    told: dict[str, Any] = {}
    for k, (_, name) in enumerate(sets):
        curve = LabelShift()
        curve.load_state_dict({"offsets": weights[f"curves.{k}.offsets"], "knots": weights[f"curves.{k}.knots"]})
        told[name] = describe(curve.knots, curve.heights().detach())
    if told:
        replace_text(run / FILE, json.dumps({label: told}, indent=1))


def read_shifts(run: Path) -> dict[str, dict[str, Any]]:
    """Curves of a run by label and by name of the set; empty where it learned none."""
    path = run / FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}  # type: ignore[no-any-return]


__all__ = ["FILE", "Shifts", "make_shifts", "read_shift", "read_shifts", "write_shifts"]
