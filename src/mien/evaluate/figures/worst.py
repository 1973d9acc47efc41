"""The faces that a model read worst, as a sheet of images. It shows people: keep it as you keep the data."""

from math import ceil

import numpy as np
from matplotlib.figure import Figure

from mien.errors import InputError, expect
from mien.evaluate.reading import Reading, pictures_of
from mien.geometry import Array, Image

_COLUMNS = 6
_MARGIN = 0.35
"""Of the longer side of the box, shown around a face."""


def draw_worst(reading: Reading, count: int) -> Figure:
    """The `count` faces with the largest error, the worst first, each with what is true and what was read.

    Raises InputError where the data has no label that a face can be held against.
    """
    expect(count >= 1, "worst", "a whole number of at least 1", count)
    task, error, words = _first_errors(reading)
    order = np.argsort(-np.nan_to_num(error, nan=-np.inf), kind="stable")[: min(count, int((~np.isnan(error)).sum()))]
    pictures = dict(pictures_of(reading.table, reading.rows[order]))
    rows = max(ceil(len(order) / _COLUMNS), 1)
    figure = Figure(figsize=(2.3 * _COLUMNS, 2.75 * rows + 0.5), layout="constrained")
    figure.suptitle(f"{reading.model} on {reading.table.name}: the {len(order)} faces read worst ({task})", fontsize=12)
    for k, i in enumerate(order):
        axes = figure.add_subplot(rows, _COLUMNS, k + 1)
        axes.imshow(cut_face(pictures[int(reading.rows[i])], reading.faces.box[i]))
        axes.set_title(f"{words[i]}\nrow {reading.rows[i]}", fontsize=8)
        axes.axis("off")
    return figure


def cut_face(image: Image, box: Array) -> Image:
    """The face with a margin, as far as the image reaches."""
    margin = _MARGIN * float((box[2:] - box[:2]).max())
    left, top = np.maximum(box[:2] - margin, 0).astype(int)
    right, bottom = (np.maximum(box[2:] + margin, [left + 1, top + 1])).astype(int)
    cut = image[top:bottom, left:right]
    return cut if cut.size else image


def _first_errors(reading: Reading) -> tuple[str, Array, list[str]]:
    for task in reading.tasks:
        errors = task.errors(reading.read(task))
        if errors is not None and not np.isnan(errors[0]).all():
            return task.name, *errors
    raise InputError(f"'worst' must be 0 for {reading.table.name!r}: no face has a label to be held against. Got more.")
