"""Several tasks on one body; a face counts for those whose labels it has."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.train.data.teacher_card import TeacherOutput
from mien.train.tasks.base import Arrays, LabelSpace, Outputs, Task
from mien.train.tasks.shift import LabelShift, PoolShift


class MultiTask(Task):
    """The weighted sum of the losses of `tasks`; missing labels are NaN and count for nothing."""

    def __init__(self, tasks: Sequence[Task], weights: Mapping[str, float] | None = None) -> None:
        self.tasks = list(tasks)
        self.name = "+".join(task.name for task in tasks)
        self.weights = {task.name: 1.0 for task in tasks} | dict(weights or {})
        self._check()
        widths = {name: width for task in tasks for name, width in task.labels.widths.items()}
        kinds = {name: kind for task in tasks for name, kind in task.labels.kinds.items()}
        self.labels = LabelSpace(widths, kinds, tuple(c for task in tasks for c in task.labels.columns))
        self.outputs = {name: width for task in tasks for name, width in task.outputs.items()}
        self.shifted = next((task.shifted for task in tasks if task.shifted), "")  # type: ignore[misc]
        self.levelled = any(task.levelled for task in tasks)
        first, direction = tasks[0].main
        self.main = (f"{tasks[0].name}_{first}", direction)

    def _check(self) -> None:
        names = [task.name for task in self.tasks]
        if len(set(names)) < len(names):
            raise InputError(f"Tasks that are trained together must have different names. Got {', '.join(names)}.")
        if any(task.spatial for task in self.tasks):
            raise InputError(f"'landmarks' must be trained alone: its crops are cut another way. Got {self.name!r}.")
        if sum(bool(task.shifted) for task in self.tasks) > 1 and any(task.levelled for task in self.tasks):
            raise InputError(f"'level' must be 0 where sets shift the label of another task. Got {self.name!r}.")
        if unknown := set(self.weights) - set(names):
            raise InputError(f"'task_weights' must name tasks of {', '.join(names)}. Got {', '.join(sorted(unknown))}.")

    def head(self, output: str, inputs: int) -> nn.Module:
        """The layer of the task that the output belongs to."""
        return self._of(output).head(output, inputs)

    def _of(self, output: str) -> Task:
        """The task that the output belongs to."""
        return next(task for task in self.tasks if output in task.outputs)

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Sum over the tasks of weight times loss."""
        return torch.stack([self.weights[task.name] * task.loss(outputs, batch) for task in self.tasks]).sum()

    def distill(self, taught: TeacherOutput, outputs: Outputs, target: Tensor, temperature: float) -> Tensor:
        """The loss of the task that the output belongs to."""
        return self._of(taught.teaches).distill(taught, outputs, target, temperature)

    def check_teacher(self, taught: TeacherOutput) -> None:
        """Raise InputError unless a task has an output that this teaches."""
        if taught.teaches in self.outputs:
            self._of(taught.teaches).check_teacher(taught)
        else:
            super().check_teacher(taught)

    def value(self, outputs: Outputs) -> Tensor:
        """That of the task whose label sets may shift."""
        return next(task for task in self.tasks if task.shifted).value(outputs)

    def new_shift(self, labels: Arrays) -> LabelShift | PoolShift:
        """That of the task whose label sets may shift."""
        return next(task for task in self.tasks if task.shifted).new_shift(labels)

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """Metrics of each task under its name."""
        return {
            f"{task.name}_{name}": value for task in self.tasks for name, value in task.measure(outputs, labels).items()
        }

    def decoding(self) -> dict[str, Any]:
        """One decoding a task."""
        return {task.name: task.decoding() for task in self.tasks}
