"""Labels of a teacher joined to the rows of a dataset."""

from pathlib import Path
from typing import Any

import numpy as np

from mien.datasets.schema import check_named
from mien.datasets.tables import read_columns


def join_teacher(columns: dict[str, Any], teacher: Path, name: str) -> dict[str, Any]:
    """Columns with the teacher's labels beside them, where the teacher knows this dataset.

    Raises InputError where either has no column `id`, or the teacher none called `set`.
    """
    opinion = read_columns(teacher)
    for key in ("set", "id"):
        check_named(key, opinion, teacher.name)
    rows = np.flatnonzero(opinion["set"] == name)
    if not len(rows):
        return columns
    check_named("id", columns, f"{name!r}, to be joined with {teacher.name}")
    at = {opinion["id"][row]: row for row in rows}
    index = np.array([at.get(key, -1) for key in columns["id"]])
    joined = dict(columns)
    for key, value in opinion.items():
        if key in ("set", "id"):
            continue
        if key == "landmarks":
            blank = np.full(136, np.nan, np.float32)
            joined[key] = np.array([blank if i < 0 else np.asarray(value[i], np.float32) for i in index])
        else:
            joined[key] = np.where(index >= 0, value[index].astype(np.float32), np.nan)
    return joined
