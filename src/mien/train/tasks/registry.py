"""Tasks by name, with the part that learns."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from mien.errors import InputError
from mien.tasks import split_tasks, task_named
from mien.train.tasks.base import Task
from mien.train.tasks.multi import MultiTask


def create_task(name: str, weights: Mapping[str, float] | None = None, **options: Any) -> Task:
    """A task by name, see `mien.tasks.list_tasks`.

    Several are joined by '+'; options then map each task's name to its options, and weights to its weight.
    Raises InputError for a task or an option that does not exist.
    """
    names = split_tasks(name)
    if len(names) == 1:
        return _create(name, options)
    if unknown := set(options) - set(names):
        raise InputError(f"'task_options' must name tasks of {name!r}. Got {', '.join(sorted(unknown))}.")
    return MultiTask([_create(each, options.get(each, {})) for each in names], weights)


def _create(name: str, options: Mapping[str, Any]) -> Task:
    task = task_named(name)
    attribute = getattr(task, "attribute", None)
    return _made(name, task.learner(), options if attribute is None else {"attribute": attribute, **options})


def _made(name: str, task: Callable[..., Task], options: Mapping[str, Any]) -> Task:
    parameters = signature(task).parameters.values()
    known = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
    if unknown := set(options) - set(known) if len(known) == len(parameters) else set():
        raise InputError(
            f"'task_options' of {name!r} must be of {', '.join(known) or 'none'}. Got {', '.join(sorted(unknown))}."
        )
    return task(**options)
