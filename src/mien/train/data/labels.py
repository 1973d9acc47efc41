"""Labels of a table as float arrays under the names that tasks use; NaN where a row has none.

What a column means is told by its name: `age`, `age_group`, `rating`, `AU12`, votes for emotions,
expression coefficients of a teacher, `landmarks` with `yaw`, `pitch`, `roll`.
"""

from typing import Any

import numpy as np

from mien.facs import CODES
from mien.geometry import Array

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


def labels_of(columns: Columns) -> dict[str, Array]:
    """All labels that the columns (N,) hold."""
    labels: dict[str, Array] = {}
    for columns_to_labels in (_age, _rating, _emotion, _action_units, _landmarks):
        labels.update(columns_to_labels(columns))
    return labels


def _age(columns: Columns) -> dict[str, Array]:
    if "age" in columns:
        age = np.asarray(columns["age"], np.float32)
        return {"age": np.stack([age, age], 1)}
    if "age_group" in columns:
        return {"age": np.array([_interval(group) for group in columns["age_group"]], np.float32)}
    return {}


def _interval(group: str) -> tuple[float, float]:
    """Ends of an age group, the second one just before the next birthday.

    >>> _interval("30-39"), _interval("more than 70")
    ((30.0, 40.0), (70.0, 100.0))
    """
    numbers = [float(part) for part in group.replace("+", "").replace("more than ", "").split("-")]
    return (numbers[0], numbers[1] + 1) if len(numbers) == 2 else (numbers[0], 100.0)


def _rating(columns: Columns) -> dict[str, Array]:
    if "rating" not in columns:
        return {}
    rating = np.asarray(columns["rating"], np.float32)
    raters = np.asarray(columns.get("n_raters", np.full(len(rating), 60)), np.float32)
    return {"rating": np.where(raters >= 10, rating, np.nan).astype(np.float32)}


def _emotion(columns: Columns) -> dict[str, Array]:
    """Shares of the votes for positive, neutral, negative; NaN where another answer won or the three disagree."""
    if "happiness" not in columns:
        return {}
    negative = np.sum([columns[name] for name in _NEGATIVE], axis=0)
    three = np.stack([columns["happiness"], columns["neutral"], negative], 1).astype(np.float32)
    others = np.sum([columns[name] for name in ("surprise", "unknown", "NF")], axis=0)
    total = three.sum(1) + others
    clear = three.max(1) >= 0.6 * np.maximum(total, 1)
    return {"emotion": np.where(clear[:, None], three / np.maximum(three.sum(1, keepdims=True), 1), np.nan)}


def _action_units(columns: Columns) -> dict[str, Array]:
    if "jawOpen" in columns:
        units = np.stack([_teacher(columns, code) for code in CODES], 1)
    elif "AU12" in columns:
        names = {code: code if code in columns else f"AU{int(code[2:])}" for code in CODES}
        count = len(columns["AU12"])
        blank = np.full(count, np.nan, np.float32)
        units = np.stack([np.asarray(columns.get(names[code], blank), np.float32) for code in CODES], 1)
        if "AU27" in columns:
            units[:, CODES.index("AU26")] = np.maximum(columns["AU26"], columns["AU27"])
    else:
        return {}
    return {"action_units": units.astype(np.float32)}


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
    points = np.stack([np.asarray(p, np.float32).reshape(68, 2) for p in columns["landmarks"]])
    gap = np.linalg.norm(points[:, 61:64] - points[:, [67, 66, 65]], axis=-1).mean(1)
    eyes = np.linalg.norm(points[:, 36] - points[:, 45], axis=-1)
    return np.asarray(np.clip((gap / np.maximum(eyes, 1) - 0.02) / 0.13, 0, 1), np.float32)


def _landmarks(columns: Columns) -> dict[str, Array]:
    if "landmarks" not in columns or "yaw" not in columns:
        return {}
    points = np.stack([np.asarray(p, np.float32).reshape(68, 2) for p in columns["landmarks"]])
    pose = np.stack([np.asarray(columns[name], np.float32) for name in ("yaw", "pitch", "roll")], 1)
    return {"landmarks": points, "pose": pose}
