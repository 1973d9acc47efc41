"""Groups of faces that are told apart: columns of people and images, skin tone, bands of age and of head turn."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mien.evaluate.skin_tone import BANDS as SKIN_BANDS
from mien.faces import Faces
from mien.geometry import Array
from mien.tasks import Task
from mien.tasks.base import Index

GROUP_COLUMNS = ("set", "gender", "race", "ethnicity", "group", "age_group", "pose30", "pose45", "occluded")
SKIN_TONE = "skin_tone"
"""Column of the typology angles that `skin_tone` measures in the images."""
AGE_BANDS = ((0, 10), (10, 20), (20, 30), (30, 40), (40, 50), (50, 60), (60, 70), (70, 80), (80, 120))
YAW_BANDS = ((0, 15), (15, 30), (30, 45), (45, 60), (60, 90))


def groups_of(
    task: Task, faces: Faces, labels: dict[str, Array], columns: dict[str, Any]
) -> Iterator[tuple[str, Index]]:
    """Name and faces of each group: columns of people and images, bands of age and of head turn."""
    for name in GROUP_COLUMNS:
        if name in columns:
            values = np.array([_text(value) for value in columns[name]], object)
            for value in sorted({value for value in values if value}):
                yield f"{name} {value}", np.flatnonzero(values == value)
    if SKIN_TONE in columns:
        tones = np.asarray(columns[SKIN_TONE])
        for name, low, high in SKIN_BANDS:
            yield f"skin {name}", np.flatnonzero((tones >= low) & (tones < high))
    if task.tells_age_bands and "age" in labels:
        exact = labels["age"][:, 0] == labels["age"][:, 1]
        yield from _bands("age", np.where(exact, labels["age"][:, 0], np.nan), AGE_BANDS)
    if faces.pose is not None:
        yield from _bands("|yaw|", np.abs(faces.pose.yaw), YAW_BANDS)


def _text(value: Any) -> str:
    """A value of a column in words, a whole number without its fraction; empty where it is missing."""
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float | np.floating) and value == int(value) else str(value)


def _bands(name: str, values: Array, bands: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, Index]]:
    for low, high in bands:
        yield f"{name} {low}-{high}", np.flatnonzero((values >= low) & (values < high))
