"""From a recipe's source to a dataset of faces: labels checked, faces detected, aligned and cut once."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.aligned import AlignedTable, Locator, align_table, known_boxes, move_labels, setting_of
from mien.datasets.base_table import Columns, Table
from mien.datasets.crops import Crops
from mien.datasets.join import join_teacher
from mien.datasets.labels import labels_of
from mien.datasets.ratings import rater_scores
from mien.datasets.schema import check_named
from mien.datasets.tables import open_table
from mien.errors import InputError
from mien.geometry import Array
from mien.tasks import ColumnLabel
from mien.train.data.faceset import FaceDataset, FaceSet
from mien.train.data.pseudo import fill_labels, hold_units
from mien.train.recipe import Recipe, Source

__all__ = ["FaceDataset", "FaceSet", "Locator", "prepare", "prepare_plain"]


def prepare(
    recipe: Recipe, source: Source, landmarker: Locator | None = None, extra: Sequence[ColumnLabel] = ()
) -> FaceSet:
    """Detect, align and label one source; crops are cut once and kept in the recipe's cache folder.

    extra: labels that the task names; of several sources some may lack their columns. Raises InputError for a source
    that is not there, faulty labels (before any image is read), and a source without a face.
    """
    table = open_source(recipe, source)
    columns = table.stored() if isinstance(table, AlignedTable) else table.columns()
    if recipe.teacher and not source.watch:
        columns = join_teacher(columns, recipe.data_dir / recipe.teacher, table.name)
    labels = labels_of(columns, _extra_of(recipe, source, extra, columns, table), table.where)
    if source.ratings:
        check_named("id", columns, f"{table.name!r}, to be joined with {source.ratings}")
        labels["rater_scores"] = rater_scores(recipe.data_dir / source.ratings, columns["id"])
    for name in source.labels:
        check_named(name, labels, f"the labels of {table.path.name}")
    cut = _crops(recipe, table, known_boxes(labels), landmarker)
    if not len(cut.row):
        why = ", ".join(f"{reason}: {count}" for reason, count in cut.dropped.items())
        raise InputError(f"{table.path.name!r} must hold at least one picture with a face. Got none ({why}).")
    rows = np.arange(len(table)) if isinstance(table, AlignedTable) else cut.row
    labels = move_labels({name: value[rows] for name, value in labels.items()}, cut.matrix)
    labels = {name: value for name, value in labels.items() if not source.labels or name in source.labels}
    if recipe.pseudo and not source.watch:
        labels = fill_labels(recipe.pseudo, cut.crops, labels, recipe.crop)
    if source.held:
        labels = hold_units(source.held, cut.crops, labels, recipe.crop)
    kept = {name: value[rows] for name, value in columns.items() if _is_plain(value)}
    return FaceSet(table.name, cut.crops, labels, kept, source.weight, cut.row, cut.dropped, cut.matrix)


def prepare_plain(recipe: Recipe, source: Source) -> FaceSet:
    """A source with its own labels alone, without those of a teacher or of an earlier model; errors as in `prepare`."""
    return prepare(recipe.model_copy(update={"teacher": None, "pseudo": None}), source)


def open_source(recipe: Recipe, source: Source) -> Table:
    """The table of a source. Raises InputError where it is not there, empty, or cut for other crops."""
    path = recipe.data_dir / source.file
    if not path.exists():
        raise InputError(f"'data_dir' must hold {source.file!r}. Got {str(recipe.data_dir)!r}; say data_dir=FOLDER.")
    table = open_table(path, recipe.data_dir / source.images if source.images else None)
    if isinstance(table, AlignedTable):
        table.check_crop(recipe.crop)
    if not len(table):
        raise InputError(f"{source.file!r} must have at least one row. Got none.")
    return table


def _extra_of(
    recipe: Recipe, source: Source, extra: Sequence[ColumnLabel], columns: Columns, table: Table
) -> list[ColumnLabel]:
    """The labels that this source gives. A missing column is an error where no other source could have it."""
    asked = [label for label in extra if not source.labels or label.name in source.labels]
    there = [label for label in asked if set(label.columns) <= set(columns)]
    if source.labels or len(recipe.sources) == 1:
        for label in asked:
            for name in label.columns:
                check_named(name, columns, table.path.name)
    return there


def _is_plain(values: NDArray[Any]) -> bool:
    """Whether a column holds numbers or texts, and no lists."""
    first = next((value for value in values if value is not None), None) if values.dtype == object else 0
    return not isinstance(first, list | np.ndarray)


def _crops(recipe: Recipe, table: Table, boxes: Array | None, landmarker: Locator | None) -> Crops:
    if isinstance(table, AlignedTable):
        return table.crops
    return align_table(table, recipe.crop, _cache_folder(recipe, table, boxes), boxes, landmarker)


def _cache_folder(recipe: Recipe, table: Table, boxes: Array | None = None) -> Path:
    """Crops are stale when images, labeled places, crop, or the landmark network that places them are others."""
    crop = recipe.crop
    how = f"{crop.scale}" if crop.kind == "aligned" else f"{crop.margin}"
    setting = json.dumps(setting_of(table, crop, boxes), sort_keys=True)
    digest = hashlib.sha256(setting.encode()).hexdigest()[:8]
    return recipe.cache_dir / f"{table.name}-{crop.kind}-{crop.size}-{how}-{crop.zoom}-{digest}"
