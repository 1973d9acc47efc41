"""Readings of faces that nobody photographed, for every task."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mien.faces import ActionUnits, Age, Attractiveness, Attributes, Category, Emotion, Faces, Flags, Pose, Quantity
from mien.facs import CODES
from mien.runtime.models import Card

N = 120
DECODING = {"band_edges": [30.0, 50.0]}


class Pictures(SimpleNamespace):
    """A table whose pictures are plain, row k of brightness k."""

    def __len__(self) -> int:
        return N

    def images(self, wanted: Any, start: int = 0) -> Any:
        rows = enumerate(wanted[start:], start)
        return (np.full((60, 60, 3), row, np.uint8) if w else None for row, w in rows)


@pytest.fixture
def faces() -> Faces:
    """Faces with every head filled at random."""
    rng = np.random.default_rng(0)
    value, units = rng.uniform(5, 85, N), rng.uniform(0, 1, (N, len(CODES)))
    named = {
        "hat": Category(rng.dirichlet((1, 1, 1), N), ("cap", "none", "straw")),
        "height": Quantity(rng.normal(170, 10, N)),
        "worn": Flags(rng.uniform(0, 1, (N, 2)), ("scarf", "mask")),
    }
    return Faces(
        np.tile([10.0, 10, 40, 40], (N, 1)),
        np.ones(N),
        np.zeros((N, 5, 2)),
        landmarks_68=rng.uniform(0, 100, (N, 68, 2)),
        pose=Pose(*rng.uniform(-50, 50, (3, N))),
        action_units=ActionUnits(units, 5 * units, CODES),
        emotion=Emotion(rng.dirichlet((1, 1, 1), N), units, CODES),
        age=Age(value, value - 8, value + 8, 0.9),
        attractiveness=Attractiveness(rng.normal(size=N), rng.uniform(0, 100, N), "P"),
        attributes=Attributes(named),
    )


@pytest.fixture
def labels(faces: Faces) -> dict[str, Any]:
    """Labels of all tasks, near to what the faces were read as; the first face has none."""
    rng = np.random.default_rng(1)
    age = faces.age.value + rng.normal(0, 6, N)
    found = {
        "age": np.stack([age, age], 1),
        "action_units": (rng.uniform(size=(N, len(CODES))) < faces.action_units.probability).astype(float),
        "emotion": np.eye(3)[rng.integers(0, 3, N)],
        "rating": faces.attractiveness.score + rng.normal(size=N),
        "landmarks": faces.landmarks_68 + rng.normal(size=(N, 68, 2)),
        "pose": np.stack([faces.pose.yaw + 2, faces.pose.pitch, faces.pose.roll], 1),
        "classification:hat": rng.integers(0, 3, (N, 1)).astype(float),
        "regression:height": faces.attributes["height"].value[:, None] + rng.normal(0, 3, (N, 1)),
        "multilabel:worn": rng.integers(0, 2, (N, 2)).astype(float),
    }
    for value in found.values():
        value[0] = np.nan
    return found


@pytest.fixture
def reading(faces: Faces, labels: dict[str, Any]) -> Callable[..., Any]:
    """Makes the reading of a task; keyword arguments replace labels, or take them away."""
    from mien.evaluate.reading import Reading
    from mien.tasks import Labels, split_tasks

    def make(task: str, **changes: Any) -> Any:
        named = {name: value for name, value in (labels | changes).items() if value is not None}
        names = split_tasks(task)
        decoding = DECODING if len(names) == 1 else dict.fromkeys(names, DECODING)
        card = Card("m", task, {}, 0.0, 1.0, (), decoding, {})
        outputs = {"emotion_direct": np.random.default_rng(2).normal(size=(N, 3))}
        sex = np.tile(np.array(["f", "m"], object), N // 2)
        table = Pictures(name="drawn", path="drawn.csv")
        return Reading("m", card, table, "test", N + 5, np.arange(N), faces, outputs, Labels(named, {"gender": sex}))

    return make
