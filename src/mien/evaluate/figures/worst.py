"""The faces that a model read worst, as a sheet of pictures. It shows people: keep it as you keep the data."""

from math import ceil

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mien.errors import InputError, expect
from mien.evaluate import metrics
from mien.evaluate.reading import Reading, pictures_of
from mien.faces import EMOTIONS, Category, Faces, Flags, Quantity
from mien.facs import CODES
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
    """The face with a margin, as far as the picture reaches."""
    margin = _MARGIN * float((box[2:] - box[:2]).max())
    left, top = np.maximum(box[:2] - margin, 0).astype(int)
    right, bottom = (np.maximum(box[2:] + margin, [left + 1, top + 1])).astype(int)
    cut = image[top:bottom, left:right]
    return cut if cut.size else image


def _first_errors(reading: Reading) -> tuple[str, Array, list[str]]:
    for task in reading.card.task.split("+"):
        found = errors_of(task, reading.faces, reading.labels.named)
        if found is not None and not np.isnan(found[0]).all():
            return task, *found
    raise InputError(f"'worst' must be 0 for {reading.table.name!r}: no face has a label to be held against. Got more.")


def errors_of(task: str, faces: Faces, labels: dict[str, Array]) -> tuple[Array, list[str]] | None:
    """Size of the error (N,) of each face, NaN without a label, and what is true and was read in words."""
    if task == "age" and "age" in labels and faces.age is not None:
        low, high = labels["age"].T
        error = metrics.interval_error(faces.age.value, labels["age"])
        truth = [f"{a:.0f}" if a == b else f"{a:.0f}–{b:.0f}" for a, b in zip(low, high, strict=True)]
        return error, [f"true {t}, read {v:.0f}" for t, v in zip(truth, faces.age.value, strict=True)]
    if task == "expression":
        return _expression(faces, labels)
    if task == "attractiveness" and "rating" in labels and faces.attractiveness is not None:
        return _attractiveness(faces.attractiveness.score, labels["rating"].ravel())
    if task == "landmarks" and "landmarks" in labels and faces.landmarks_68 is not None:
        away = metrics.landmark_error(faces.landmarks_68, labels["landmarks"])
        return away, [f"error {e:.1%} of the eye distance" for e in away]
    if task in labels and faces.attributes is not None:
        return _attribute(faces.attributes[task.partition(":")[2]], labels[task])
    return None


def _expression(faces: Faces, labels: dict[str, Array]) -> tuple[Array, list[str]] | None:
    if "emotion" in labels and faces.emotion is not None:
        return _classes(faces.emotion.probability, labels["emotion"], EMOTIONS)
    if "action_units" in labels and faces.action_units is not None:
        at = [CODES.index(code) for code in faces.action_units.codes]
        return _columns(faces.action_units.probability, labels["action_units"][:, at], faces.action_units.codes)
    return None


def _attractiveness(score: Array, rating: Array) -> tuple[Array, list[str]]:
    known = ~np.isnan(rating)
    place: NDArray[np.float64] = np.full((2, len(score)), np.nan)
    place[:, known] = [100 * metrics.average_ranks(part[known]) / known.sum() for part in (score, rating)]
    words = [f"rated {r:.2f}: {q:.0f}. percentile\nread {p:.0f}." for p, q, r in zip(*place, rating, strict=True)]
    return np.abs(place[0] - place[1]), words


def _attribute(estimate: Category | Quantity | Flags, target: Array) -> tuple[Array, list[str]]:
    if isinstance(estimate, Quantity):
        pairs = zip(target[:, 0], estimate.value, strict=True)
        return np.abs(estimate.value - target[:, 0]), [f"true {t:.4g}, read {v:.4g}" for t, v in pairs]
    if isinstance(estimate, Flags):
        return _columns(estimate.probability, target, estimate.names)
    truth = np.where(np.isnan(target), np.nan, target == np.arange(len(estimate.classes)))
    return _classes(estimate.probability, truth, estimate.classes)


def _classes(probability: Array, truth: Array, classes: tuple[str, ...]) -> tuple[Array, list[str]]:
    """One minus the probability of the true class; truth (N, K) is largest there."""
    known = ~np.isnan(truth).any(1)
    at = np.nan_to_num(truth).argmax(1)
    held = np.take_along_axis(probability, at[:, None], 1)[:, 0]
    read = zip(at, probability.argmax(1), probability.max(1), strict=True)
    return np.where(known, 1 - held, np.nan), [f"true {classes[t]}\nread {classes[r]} {p:.2f}" for t, r, p in read]


def _columns(probability: Array, target: Array, names: tuple[str, ...]) -> tuple[Array, list[str]]:
    """Distance of the column that is furthest from its label."""
    away = np.abs(probability - target)
    worst = np.nan_to_num(away, nan=-1).argmax(1)
    error = np.take_along_axis(away, worst[:, None], 1)[:, 0]
    words = [
        f"{names[k]}: true {t[k]:.2g}, read {p[k]:.2f}" for k, t, p in zip(worst, target, probability, strict=True)
    ]
    return error, words
