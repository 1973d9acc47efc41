"""Tasks by name. The names of several are joined by '+' on cards and in recipes, and taken apart here alone."""

from functools import cache
from importlib.metadata import entry_points
from typing import Any

from mien.errors import InputError
from mien.faces import Attributes
from mien.geometry import Array
from mien.tasks.age import Age
from mien.tasks.attractiveness import Attractiveness
from mien.tasks.attributes import Attribute, Classification, Multilabel, Regression
from mien.tasks.base import Decoding, Task
from mien.tasks.emotion import Emotion
from mien.tasks.expression import Expression
from mien.tasks.landmarks import Landmarks

GROUP = "mien.tasks"
"""Entry points of this group name classes of tasks that other packages bring."""
TASKS: dict[str, type[Task]] = {task.name: task for task in (Landmarks, Age, Expression, Emotion, Attractiveness)}
KINDS: dict[str, type[Attribute]] = {kind.kind: kind for kind in (Classification, Regression, Multilabel)}


@cache
def _others() -> dict[str, type[Task]]:
    """Tasks of installed packages; those that come with mien keep their names."""
    return {point.name: point.load() for point in entry_points(group=GROUP) if point.name not in TASKS}


def list_tasks() -> tuple[str, ...]:
    """Names of all tasks; 'KIND:NAME' stands for tasks on columns that the user names.

    >>> list_tasks()[:2]
    ('landmarks', 'age')
    """
    return (*TASKS, *_others(), *(f"{kind}:NAME" for kind in KINDS))


def task_named(name: str) -> Task:
    """A task by its name. Raises InputError for one that does not exist.

    >>> task_named("classification:glasses").name
    'classification:glasses'
    """
    kind, _, attribute = name.partition(":")
    if attribute and kind in KINDS:
        return KINDS[kind](attribute)
    if name in TASKS:
        return TASKS[name]()
    others = _others()
    if name in others:
        return others[name]()
    raise InputError(f"'task' must be one of {', '.join(list_tasks())}. Got {name!r}.")


def split_tasks(joined: str) -> list[str]:
    """Names of the tasks of a card or a recipe.

    >>> split_tasks("age+expression")
    ['age', 'expression']
    """
    return joined.split("+")


def tasks_of(joined: str) -> list[Task]:
    """The tasks of a card or a recipe. Raises InputError for one that does not exist."""
    return [task_named(name) for name in split_tasks(joined)]


def decoding_of(joined: str, name: str, decoding: Decoding) -> Decoding:
    """The constants of one task on a card, no copy: the card's own where it has one task, else those under its name."""
    constants: Decoding = decoding if joined == name else decoding[name]
    return constants


def decode(joined: str, outputs: dict[str, Array], decoding: Decoding) -> dict[str, Any]:
    """Columns of `Faces` by name from the outputs (N, ...) of a head; decoding: of its card.

    Raises InputError for a task that does not exist.
    """
    columns: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for task in tasks_of(joined):
        part = task.decode(outputs, decoding_of(joined, task.name, decoding))
        attributes |= part.pop("attributes", {})
        columns |= part
    return {**columns, "attributes": Attributes(attributes)} if attributes else columns


def calibrate(
    joined: str,
    outputs: dict[str, Array],
    labels: dict[str, Array],
    pool: str = "",
    known: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The `decoding` of a card from outputs (N, ...) and labels (N, ...) of faces that were not trained on.

    known: constants that need no fit. Several tasks, joined by '+', get one decoding each.
    """
    known = known or {}
    tasks = tasks_of(joined)
    decodings = {}
    for task in tasks:
        constants = known if len(tasks) == 1 else known.get(task.name, {})
        decodings[task.name] = {**constants, **task.calibrate(outputs, labels, constants, pool)}
    return decodings[joined] if len(tasks) == 1 else decodings
