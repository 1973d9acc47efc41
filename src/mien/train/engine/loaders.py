"""From a recipe to batches: its sets prepared and split, checked before time is spent, drawn by weight."""

import re
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, SequentialSampler

from mien.datasets.labels import usual_spread
from mien.datasets.ratings import count_raters
from mien.datasets.schema import check_named, texts
from mien.datasets.tables import open_table
from mien.errors import InputError
from mien.geometry import Array
from mien.tasks import tasks_of
from mien.train.data.dataset import Locator, prepare
from mien.train.data.faceset import FaceDataset, FaceSet
from mien.train.data.samplers import BalancedSampler, PairSampler, Shared, WeightedSampler, label_weights
from mien.train.data.splits import split_rows
from mien.train.recipe import Recipe, Source
from mien.train.tasks import Task, create_task
from mien.train.tasks.attractiveness import GROUPS_OF_A_SET

Rows = list[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Sets of a recipe and the rows of each split in each set; soft: widths of what teachers say of training faces."""

    sets: list[FaceSet]
    rows: dict[str, Rows]
    soft: dict[str, int] = field(default_factory=dict)


def task_of(recipe: Recipe) -> Task:
    """The task that a recipe trains."""
    return create_task(recipe.task, recipe.task_weights, **recipe.task_options)


def complete(recipe: Recipe) -> Recipe:
    """The recipe with what its data tell: classes of a column, center and spread of a number.

    Raises InputError for a column that no source has.
    """
    tasks = tasks_of(recipe.task)
    alone = len(tasks) == 1
    given = {tasks[0].name: recipe.task_options} if alone else recipe.task_options
    options: dict[str, dict[str, Any]] = {}
    for task in tasks:
        completed = task.complete(dict(given.get(task.name, {})), partial(_texts, recipe))
        options[task.name] = {**_raters(recipe), **completed} if "rating" in task.wanted[0] else completed
    return recipe.model_copy(update={"task_options": options[tasks[0].name] if alone else options})


def _raters(recipe: Recipe) -> dict[str, int]:
    """How many raters gave scores of their own, where a source has such a table."""
    tables = [source.ratings for source in recipe.sources if source.ratings]
    if len(tables) > 1:
        raise InputError(f"'ratings' must be given for one source only. Got {', '.join(tables)}.")
    return {"raters": count_raters(recipe.data_dir / tables[0])} if tables else {}


def _texts(recipe: Recipe, column: str) -> list[str]:
    """All values of a column that the sources know, as texts."""
    return [text for text in texts(np.array(_values(recipe, column), object)) if text is not None]


def _values(recipe: Recipe, column: str) -> list[Any]:
    """All values of a column that the sources know."""
    values: list[Any] = []
    seen: set[str] = set()
    for source in recipe.sources:
        path = recipe.data_dir / source.file
        columns = open_table(path, recipe.data_dir / source.images if source.images else None).columns()
        seen |= set(columns)
        values += [value for value in columns.get(column, ()) if value is not None and str(value) not in ("", "nan")]
    if not values:
        raise InputError(f"A source must have the column {column!r} with values. Got the columns {sorted(seen)}.")
    return values


def load_sets(recipe: Recipe, landmarker: Locator | None = None) -> Prepared:
    """All sources of a recipe, aligned and split. Raises InputError for a split or a class without a face."""
    task = task_of(recipe)
    sets = [prepare(recipe, source, landmarker, task.labels.columns) for source in recipe.sources]
    for k, (faces, source) in enumerate(zip(sets, recipe.sources, strict=True)):
        _comparison_groups(faces, source, k)
    parts = [split_rows(faces, source) for faces, source in zip(sets, recipe.sources, strict=True)]
    prepared = Prepared(sets, {split: [part[split] for part in parts] for split in ("train", "val", "test")})
    for split in ("train", "val"):
        _check_labels(prepared, task, split)
    _check_classes(prepared, task)
    return prepared


def _check_labels(prepared: Prepared, task: Task, split: str) -> None:
    """Every split has a face, and one with a label of the task."""
    rows = prepared.rows[split]
    if not sum(map(len, rows)):
        raise InputError(f"The split {split!r} must hold at least one face. Got none; look at `splits` in the recipe.")
    for name in task.targets:
        pairs = zip(prepared.sets, rows, strict=True)
        if any(name in faces.labels and not np.isnan(faces.labels[name][r]).all() for faces, r in pairs):
            return
    have = sorted({name for faces in prepared.sets for name in faces.labels})
    raise InputError(
        f"The split {split!r} must hold labels of {', '.join(task.targets)} for the task {task.name!r}. "
        f"Got the labels {', '.join(have) or 'none'}."
    )


def _check_classes(prepared: Prepared, task: Task) -> None:
    """Every class of the label space has a training face."""
    for column in task.labels.columns:
        if column.kind != "class":
            continue
        pairs = zip(prepared.sets, prepared.rows["train"], strict=True)
        index = np.concatenate([f.labels[column.name][r].ravel() for f, r in pairs if column.name in f.labels])
        missing = [name for k, name in enumerate(column.classes) if not (index == k).any()]
        if missing:
            raise InputError(
                f"Every class of {column.columns[0]!r} must have at least one training face. "
                f"Got none of {', '.join(missing)}: leave them out of `classes`, or look at the split."
            )


def _comparison_groups(faces: FaceSet, source: Source, number: int) -> None:
    """Number the groups within which rated faces are compared, none over two sources; a usual SD if none is told."""
    if "rating" not in faces.labels:
        return
    group = np.zeros(len(faces), np.int64)
    if source.compared_within is not None:
        check_named(source.compared_within, faces.columns, repr(faces.name))
        values = [text or "" for text in texts(faces.columns[source.compared_within])]
        parts = [match.group() if (match := re.search(source.compared_by, value)) else "" for value in values]
        _, group = np.unique(parts, return_inverse=True)
    faces.labels["comparison_group"] = (group + GROUPS_OF_A_SET * number).astype(np.float32)
    faces.labels.setdefault("rating_spread", usual_spread(faces.labels["rating"]))


def sample_weights(prepared: Prepared, balance: str | None) -> Array:
    """Weight (N,) of each training face: its set's, and rarer labels more often (square root, within the set)."""
    weights = []
    for faces, rows in zip(prepared.sets, prepared.rows["train"], strict=True):
        weight = np.full(len(rows), faces.weight)
        if balance and balance in faces.labels and len(rows):
            weight = weight * label_weights(faces.labels[balance][rows], "sqrt", _bin_width(balance))
        weights.append(weight)
    return np.concatenate(weights)


def _bin_width(label: str) -> float | None:
    return 5.0 if label == "age" else None


def make_loaders(recipe: Recipe, task: Task, prepared: Prepared) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """Batches for training, drawn anew each epoch, and for validation."""
    train = FaceDataset(
        prepared.sets, prepared.rows["train"], recipe.crop, {**task.targets, **prepared.soft}, recipe.augment
    )
    val = FaceDataset(prepared.sets, prepared.rows["val"], recipe.crop, task.targets)
    common: dict[str, Any] = {"num_workers": recipe.workers}
    later = DataLoader(val, recipe.batch_size, sampler=Shared(SequentialSampler(val), whole=False), **common)
    if recipe.sampler == "pairs":
        pairs = PairSampler(*_rated(prepared), recipe.batch_size, seed=recipe.seed)
        return DataLoader(train, batch_sampler=Shared(pairs), **common), later
    sampler = _sampler(recipe, prepared)
    processes = recipe.devices * recipe.nodes
    if len(sampler) < recipe.batch_size * processes:
        raise InputError(
            f"'batch_size' times 'devices' times 'nodes' must be at most the faces of an epoch, {len(sampler)}. "
            f"Got {recipe.batch_size} times {processes}."
        )
    return DataLoader(train, recipe.batch_size, sampler=Shared(sampler), drop_last=True, **common), later


def _sampler(recipe: Recipe, prepared: Prepared) -> WeightedSampler | BalancedSampler:
    count = int(sum(s.weight * len(r) for s, r in zip(prepared.sets, prepared.rows["train"], strict=True)))
    if recipe.sampler == "weighted":
        return WeightedSampler(sample_weights(prepared, recipe.balance), count, recipe.seed)
    if recipe.balance is None:
        raise InputError("'balance' must name a label for the sampler 'balanced'. Got none.")
    values = _labels(prepared, recipe.balance)
    return BalancedSampler(values, count, _bin_width(recipe.balance), recipe.seed)


def _labels(prepared: Prepared, name: str) -> Array:
    """A label of all training faces (N, width), NaN in sets that lack it."""
    pairs = list(zip(prepared.sets, prepared.rows["train"], strict=True))
    known = [faces.labels[name][rows].reshape(len(rows), -1) for faces, rows in pairs if name in faces.labels]
    if not known:
        have = sorted({label for faces in prepared.sets for label in faces.labels})
        raise InputError(f"'balance' must be a label of the data, one of {', '.join(have)}. Got {name!r}.")
    blank = [np.full((len(rows), known[0].shape[1]), np.nan, np.float32) for _, rows in pairs]
    parts = [
        faces.labels[name][rows].reshape(len(rows), -1) if name in faces.labels else nothing
        for (faces, rows), nothing in zip(pairs, blank, strict=True)
    ]
    return np.concatenate(parts)


def _rated(prepared: Prepared) -> tuple[Array, Array]:
    """Ratings and comparison groups (N,) of all training faces."""
    if not any("rating" in faces.labels for faces in prepared.sets):
        raise InputError("'sampler' must be 'weighted' or 'balanced' without a label 'rating'. Got 'pairs'.")
    return _labels(prepared, "rating")[:, 0], _labels(prepared, "comparison_group")[:, 0]
