"""Rows of a dataset for training, validation and test; a person is never in two of them."""

import hashlib
import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.leaks import find_leaks
from mien.datasets.schema import check_named, texts
from mien.errors import InputError
from mien.train.data.faceset import FaceSet
from mien.train.recipe import Source

SPLITS = ("train", "val", "test")
Rows = NDArray[np.int64]
logger = logging.getLogger(__name__)


def split_rows(faces: FaceSet, source: Source) -> dict[str, Rows]:
    """Rows of the splits 'train', 'val' and 'test' of a dataset.

    By the column `source.split` where the set has it: all groups must then be in one split each. Without it at
    random by `source.fractions`, all rows of one value of `source.group` together, or row by row where no group is
    named. The draw depends on the values alone, not on their order. `source.holdout` moves part of the training
    rows, whole groups where there are any, to validation.

    Raises InputError for columns that are not there, a group in two splits, and fewer groups than splits.
    """
    if source.group:
        check_named(source.group, faces.columns, repr(faces.name))
    if source.split in faces.columns:
        rows = _by_column(faces, source)
    elif source.split != Source.model_fields["split"].default:
        raise InputError(f"{faces.name!r} must have the split column {source.split!r}. Got {sorted(faces.columns)}.")
    else:
        rows = _by_chance(faces, source)
    return _hold_out(faces, source, rows) if source.holdout else rows


def _by_column(faces: FaceSet, source: Source) -> dict[str, Rows]:
    values = np.array(texts(faces.columns[source.split]), object)
    rows = {split: np.flatnonzero(np.isin(values, source.splits.get(split, []))) for split in SPLITS}
    if source.group:
        part = np.full(len(faces), None, object)
        for split, members in rows.items():
            part[members] = split
        _check_leaks(faces, source.group, part)
    return rows


def _check_leaks(faces: FaceSet, group: str, split: NDArray[Any]) -> None:
    leaks = find_leaks(faces.columns[group], split)
    if leaks:
        shown = "; ".join(f"{name!r} in {' and '.join(parts)}" for name, parts in list(leaks.items())[:3])
        raise InputError(
            f"Each value of {group!r} in {faces.name!r} must be in one split only. Got {len(leaks)} in several: "
            f"{shown}. Move their rows, or leave the split column out and let mien split by group."
        )


def _by_chance(faces: FaceSet, source: Source) -> dict[str, Rows]:
    if source.group is None:
        logger.warning(
            "%r has no column %r and its source no 'group': rows are split one by one, and a person with several "
            "pictures may be in several splits.",
            faces.name,
            source.split,
        )
    return _draw(_groups(faces, source.group), np.arange(len(faces)), source.fractions, faces.name)


def _hold_out(faces: FaceSet, source: Source, rows: dict[str, Rows]) -> dict[str, Rows]:
    train = rows["train"]
    if source.group is None:
        held = np.random.default_rng(0).random(len(train)) < source.holdout
        return {**rows, "val": np.concatenate([rows["val"], train[held]]), "train": train[~held]}
    drawn = _draw(_groups(faces, source.group)[train], train, {"val": source.holdout}, faces.name)
    return {**rows, "val": np.concatenate([rows["val"], drawn["val"]]), "train": drawn["train"]}


def _groups(faces: FaceSet, group: str | None) -> NDArray[Any]:
    """A text for each row, the same for rows that stay together; a row without a group is one of its own."""
    alone = _names(faces)
    if group is None:
        return alone
    named = texts(faces.columns[group])
    groups = [f"row {row}" if name is None else name for name, row in zip(named, alone, strict=True)]
    return np.array(groups, object)


def _names(faces: FaceSet) -> NDArray[Any]:
    """What tells rows apart wherever they stand: file or id, if all differ, else the number of the row."""
    for name in ("file", "id"):
        if name in faces.columns and len(set(faces.columns[name])) == len(faces):
            return faces.columns[name].astype(str).astype(object)
    return np.arange(len(faces)).astype(str).astype(object)


def _draw(groups: NDArray[Any], rows: Rows, fractions: dict[Any, float], name: str) -> dict[str, Rows]:
    """Whole groups in the order of their hashes: validation first, then test, until each has its fraction."""
    values, index, sizes = np.unique(groups.astype(str), return_inverse=True, return_counts=True)
    wanted = {split: share * len(rows) for split, share in fractions.items() if share > 0}
    if len(values) <= len(wanted):
        parts = ", ".join(["train", *wanted])
        raise InputError(f"{name!r} must have at least {len(wanted) + 1} groups for {parts}. Got {len(values)}.")
    order = sorted(range(len(values)), key=lambda k: hashlib.sha256(str(values[k]).encode()).digest())
    part = np.full(len(values), "train", object)
    for k, (split, count) in enumerate(wanted.items()):
        kept = len(wanted) - k  # groups that the later splits and training need
        taken = _take([(at, int(sizes[at])) for at in order], count, len(order) - kept)
        part[taken] = split
        order = [at for at in order if at not in set(taken)]
    return {split: rows[part[index] == split] for split in SPLITS}


def _take(groups: list[tuple[int, int]], count: float, most: int) -> list[int]:
    """Numbers of at least one and at most `most` groups (number, size), in their order, that hold about `count` rows.

    A group is taken where that comes nearer to the count; where none does, the smallest one is.
    """
    taken: list[int] = []
    held = 0
    for at, size in groups:
        if held + size / 2 <= count and len(taken) < most:
            taken.append(at)
            held += size
    return taken or [min(groups, key=lambda group: group[1])[0]]
