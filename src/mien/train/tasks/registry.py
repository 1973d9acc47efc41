"""Tasks by name."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from mien.errors import InputError
from mien.train.tasks.age import AgeTask
from mien.train.tasks.attractiveness import AttractivenessTask
from mien.train.tasks.attributes import ClassificationTask, MultilabelTask, RegressionTask
from mien.train.tasks.base import Task
from mien.train.tasks.emotion import EmotionTask
from mien.train.tasks.expression import ExpressionTask
from mien.train.tasks.landmarks import LandmarksTask
from mien.train.tasks.multi import MultiTask

TASKS: dict[str, Callable[..., Task]] = {
    "landmarks": LandmarksTask,
    "age": AgeTask,
    "expression": ExpressionTask,
    "emotion": EmotionTask,
    "attractiveness": AttractivenessTask,
}
ATTRIBUTE_TASKS: dict[str, Callable[..., Task]] = {
    "classification": ClassificationTask,
    "regression": RegressionTask,
    "multilabel": MultilabelTask,
}


def create_task(name: str, weights: Mapping[str, float] | None = None, **options: Any) -> Task:
    """A task by name: one of `TASKS`, 'classification:NAME', 'regression:NAME' or 'multilabel:NAME'.

    Several are joined by '+'; options then map each task's name to its options, and weights to its weight.
    Raises InputError for a task or an option that does not exist.
    """
    names = name.split("+")
    if len(names) == 1:
        return _one(name, options)
    if unknown := set(options) - set(names):
        raise InputError(f"'task_options' must name tasks of {name!r}. Got {', '.join(sorted(unknown))}.")
    return MultiTask([_one(each, options.get(each, {})) for each in names], weights)


def _one(name: str, options: Mapping[str, Any]) -> Task:
    kind, colon, attribute = name.partition(":")
    if colon and attribute and kind in ATTRIBUTE_TASKS:
        return _made(name, ATTRIBUTE_TASKS[kind], {"attribute": attribute, **options})
    if name not in TASKS:
        known = ", ".join((*TASKS, *(f"{each}:NAME" for each in ATTRIBUTE_TASKS)))
        raise InputError(f"'task' must be one of {known}. Got {name!r}.")
    return _made(name, TASKS[name], options)


def _made(name: str, task: Callable[..., Task], options: Mapping[str, Any]) -> Task:
    parameters = signature(task).parameters.values()
    known = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
    if unknown := set(options) - set(known) if len(known) == len(parameters) else set():
        raise InputError(
            f"'task_options' of {name!r} must be of {', '.join(known) or 'none'}. Got {', '.join(sorted(unknown))}."
        )
    return task(**options)
