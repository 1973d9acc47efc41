"""Scores of single raters, one row a rating in a table of their own, joined to the faces by id."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.folders import read_manifest
from mien.datasets.schema import check_named, numbers_of, texts
from mien.datasets.tables import read_columns
from mien.errors import InputError
from mien.geometry import Array


def rater_scores(path: Path, ids: NDArray[np.object_]) -> Array:
    """Scores (N, R) of all raters in the table for the faces with these ids (N,); NaN where a rater gave none.

    The table has the columns id, rater and score. Of several scores of one rater for one face the mean is taken.
    Raises InputError for missing columns, values that are no numbers, and a table that knows none of the faces.
    """
    columns = _columns(path)
    for name in ("id", "rater", "score"):
        check_named(name, columns, path.name)
    score, wrong = numbers_of(columns["score"])
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(f"'score' in {path.name!r} must be a number. Got {columns['score'][row]!r} in row {row}.")
    _, rater = np.unique(np.array(texts(columns["rater"]), str), return_inverse=True)
    place = {name: row for row, name in enumerate(texts(ids)) if name is not None}
    face = np.array([-1 if name is None else place.get(name, -1) for name in texts(columns["id"])])
    known = (face >= 0) & ~np.isnan(score)
    if not known.any():
        raise InputError(f"{path.name!r} must rate faces of the set. Got none of its ids in the column 'id'.")
    total, count = np.zeros((2, len(ids), int(rater.max()) + 1))
    np.add.at(total, (face[known], rater[known]), score[known])
    np.add.at(count, (face[known], rater[known]), 1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def count_raters(path: Path) -> int:
    """How many raters a table of ratings holds."""
    columns = _columns(path)
    check_named("rater", columns, path.name)
    return len(set(texts(columns["rater"])))


def _columns(path: Path) -> dict[str, Any]:
    if path.suffix.lower() != ".csv":
        return read_columns(path)
    table = read_manifest(path)
    return {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names}
