"""Labels of a table as float arrays under the names that tasks use; NaN where a row has none.

What a column means is told by its name: `age`, `age_group`, `rating`, `AU12`, votes for emotions or `emotion`,
expression coefficients of a teacher, `landmarks` with `yaw`, `pitch`, `roll`; or by the user, in a `ColumnLabel`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mien.datasets.schema import (
    VOTES,
    Where,
    check_columns,
    classes_of,
    is_missing,
    numbers_of,
    texts,
)
from mien.facs import CODES
from mien.geometry import Array
from mien.tasks import ColumnLabel

Columns = dict[str, Any]

_NEGATIVE = ("anger", "disgust", "fear", "sadness", "contempt")

# Coefficients of a landmark model that see the same movement as an Action Unit, with the values that stand
# for "absent" and "full" (quantiles over neutral and posed faces). Units that live on texture (6, 7, 9, 14,
# 23) have none: such a teacher is blind to them.
TEACHER_UNITS: dict[str, tuple[tuple[str, ...], float, float]] = {
    "AU01": (("browInnerUp",), 0.05, 0.80),
    "AU02": (("browOuterUpLeft", "browOuterUpRight"), 0.05, 0.75),
    "AU05": (("eyeWideLeft", "eyeWideRight"), 0.02, 0.35),
    "AU10": (("mouthUpperUpLeft", "mouthUpperUpRight"), 0.05, 0.70),
    "AU12": (("mouthSmileLeft", "mouthSmileRight"), 0.10, 0.85),
    "AU15": (("mouthFrownLeft", "mouthFrownRight"), 0.02, 0.35),
    "AU20": (("mouthStretchLeft", "mouthStretchRight"), 0.05, 0.50),
    "AU26": (("jawOpen",), 0.03, 0.55),
    "AU43": (("eyeBlinkLeft", "eyeBlinkRight"), 0.30, 0.75),
}

RATER_SPREAD = 0.8
"""Spread of a rater's opinions around the pool's against that of the faces' means, where a set does not tell it: raters
of SCUT-FBP5500 correlate with the mean by r = .78 (Liang et al., ICPR 2018), and sqrt(1 / r^2 - 1) = .80."""


def labels_of(columns: Columns, extra: Sequence[ColumnLabel] = (), where: Where | None = None) -> dict[str, Array]:
    """All labels (N, ...) that the columns (N,) hold, and those of `extra`; NaN where a cell is empty.

    Raises InputError for values of a wrong type or out of range, unknown classes and missing columns of `extra`.

    >>> labels_of({"smile": np.array(["yes", "", "no"])}, [ColumnLabel("smile", "class", ("smile",), ("no", "yes"))])
    {'smile': array([[ 1.],
           [nan],
           [ 0.]], dtype=float32)}
    """
    check_columns(columns, extra, where)
    labels: dict[str, Array] = {}
    for columns_to_labels in (_age, _rating, _emotion, _votes, _action_units, _sides, _landmarks):
        labels.update(columns_to_labels(columns))
    return {**labels, **{label.name: _named(columns, label) for label in extra}}


def _named(columns: Columns, label: ColumnLabel) -> Array:
    if label.kind != "class":
        return np.stack([_numbers(columns[name]) for name in label.columns], 1)
    values = columns[label.columns[0]]
    index = {name: k for k, name in enumerate(label.classes or classes_of(values))}
    return np.array([np.nan if text is None else index[text] for text in texts(values)], np.float32)[:, None]


def _numbers(values: Any) -> Array:
    return numbers_of(values)[0].astype(np.float32)


def _age(columns: Columns) -> dict[str, Array]:
    if "age" in columns:
        age = _numbers(columns["age"])
        return {"age": np.stack([age, age], 1)}
    if "age_group" in columns:
        return {"age": np.array([_interval(group) for group in texts(columns["age_group"])], np.float32).reshape(-1, 2)}
    return {}


def _interval(group: str | None) -> tuple[float, float]:
    """Ends of an age group, the second one just before the next birthday.

    >>> _interval("30-39"), _interval("more than 70")
    ((30.0, 40.0), (70.0, 100.0))
    """
    if group is None:
        return np.nan, np.nan
    numbers = [float(part) for part in group.replace("+", "").replace("more than ", "").split("-")]
    return (numbers[0], numbers[1] + 1) if len(numbers) == 2 else (numbers[0], 100.0)


def _rating(columns: Columns) -> dict[str, Array]:
    if "rating" not in columns:
        return {}
    rating = _numbers(columns["rating"])
    raters = _numbers(columns["n_raters"]) if "n_raters" in columns else np.full(len(rating), 60)
    labels = {"rating": rating}
    if "std" in columns:
        spread = _numbers(columns["std"])
        labels["rating_spread"] = np.where(spread > 0, spread, np.nan)
    return {name: np.where(raters >= 10, value, np.nan).astype(np.float32) for name, value in labels.items()}


def usual_spread(rating: Array) -> Array:
    """Spread of single opinions (N,) for a set of mean ratings (N,) that does not tell it: `RATER_SPREAD` of theirs."""
    known = rating[~np.isnan(rating)]
    return np.full(len(rating), RATER_SPREAD * known.std() if len(known) else np.nan, np.float32)


def _emotion(columns: Columns) -> dict[str, Array]:
    """Shares of the votes for positive, neutral, negative; NaN where another answer won or the three disagree."""
    votes = _ballots(columns)
    if not votes:
        return {}
    negative = np.sum([votes[name] for name in _NEGATIVE], axis=0)
    three = np.stack([votes["happiness"], votes["neutral"], negative], 1).astype(np.float32)
    others = np.sum([votes[name] for name in ("surprise", "unknown", "NF") if name in votes], axis=0)
    total = three.sum(1) + others
    clear = three.max(1) >= 0.6 * np.maximum(total, 1)
    return {"emotion": np.where(clear[:, None], three / np.maximum(three.sum(1, keepdims=True), 1), np.nan)}


def _votes(columns: Columns) -> dict[str, Array]:
    """Shares of the votes for eight displays, in the order of `VOTES`; NaN where more said "unknown" or "no face"."""
    ballots = _ballots(columns)
    if not ballots:
        return {}
    votes = np.stack([ballots[name] for name in VOTES], 1)
    total = votes.sum(1, keepdims=True)
    none = np.sum([ballots[name] for name in ("unknown", "NF") if name in ballots], axis=0)
    known = (total > 0) & (total > np.reshape(none, (-1, 1)))
    return {"votes": np.where(known, votes / np.maximum(total, 1), np.nan).astype(np.float32)}


def _ballots(columns: Columns) -> dict[str, Array]:
    """Votes (N,) by answer: from a column each, or one a face from a column `emotion` that names displays."""
    if set(VOTES) <= set(columns):
        return {name: _numbers(columns[name]) for name in (*VOTES, "unknown", "NF") if name in columns}
    named = texts(columns["emotion"]) if "emotion" in columns else []
    if not named or not {name for name in named if name is not None} <= set(VOTES):
        return {}
    return {vote: np.array([float(name == vote) for name in named], np.float32) for vote in VOTES}


def _action_units(columns: Columns) -> dict[str, Array]:
    if "jawOpen" in columns and not any(_unit_name(columns, code) for code in CODES):
        units = np.stack([_teacher(columns, code) for code in CODES], 1)
    elif any(_unit_name(columns, code) for code in CODES):
        units = np.stack([_unit(columns, code) for code in CODES], 1)
        if "AU27" in columns:
            jaw = CODES.index("AU26")
            units[:, jaw] = np.fmax(units[:, jaw], _numbers(columns["AU27"]))
    else:
        return {}
    return {"action_units": units.astype(np.float32)}


def _unit_name(columns: Columns, code: str, suffix: str = "") -> str | None:
    """The column of an Action Unit, 'AU04' or 'AU4'."""
    names = (f"{code}{suffix}", f"AU{int(code[2:])}{suffix}")
    return next((name for name in names if name in columns), None)


def _unit(columns: Columns, code: str, suffix: str = "") -> Array:
    name = _unit_name(columns, code, suffix)
    blank = np.full(len(next(iter(columns.values()))), np.nan, np.float32)
    return blank if name is None else _numbers(columns[name])


def _sides(columns: Columns) -> dict[str, Array]:
    """Action Units (N, K, 2) of the person's left and right side, from columns such as `AU12_left`."""
    if not any(_unit_name(columns, code, suffix) for code in CODES for suffix in ("_left", "_right")):
        return {}
    sides = [np.stack([_unit(columns, code, suffix) for code in CODES], 1) for suffix in ("_left", "_right")]
    return {"action_units_sides": np.stack(sides, 2)}


def _teacher(columns: Columns, code: str) -> Array:
    if code == "AU25" and "landmarks" in columns:
        return _lip_gap(columns)
    if code not in TEACHER_UNITS:
        return np.full(len(columns["jawOpen"]), np.nan, np.float32)
    names, absent, full = TEACHER_UNITS[code]
    value = np.mean([np.asarray(columns[name], np.float32) / 255 for name in names], axis=0)
    return np.asarray(np.clip((value - absent) / (full - absent), 0, 1), np.float32)


def _lip_gap(columns: Columns) -> Array:
    """Lips part: height of the inner mouth against the outer eye distance, 0.02 and less is closed."""
    points = _points(columns["landmarks"])
    gap = np.linalg.norm(points[:, 61:64] - points[:, [67, 66, 65]], axis=-1).mean(1)
    eyes = np.linalg.norm(points[:, 36] - points[:, 45], axis=-1)
    return np.asarray(np.clip((gap / np.maximum(eyes, 1) - 0.02) / 0.13, 0, 1), np.float32)


def _landmarks(columns: Columns) -> dict[str, Array]:
    if "landmarks" not in columns or not {"yaw", "pitch", "roll"} <= set(columns):
        return {}
    pose = np.stack([_numbers(columns[name]) for name in ("yaw", "pitch", "roll")], 1)
    return {"landmarks": _points(columns["landmarks"]), "pose": pose}


def _points(cells: Any) -> Array:
    """Landmarks (N, 68, 2), NaN where a cell is empty."""
    blank = np.full((68, 2), np.nan, np.float32)
    return np.stack([blank if is_missing(cell) else np.asarray(cell, np.float32).reshape(68, 2) for cell in cells])
