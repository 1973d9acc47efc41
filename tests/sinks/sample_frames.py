"""Frames of every kind, and a reader of tables, for the tests of the sinks."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from mien.faces import (
    ActionUnits,
    Age,
    Attractiveness,
    Attributes,
    Category,
    Displays,
    Emotion,
    Faces,
    Frame,
    Pose,
    Quantity,
)
from mien.facs import CODES

Rows = list[dict[str, Any]]
EVERY_KIND: tuple[str, ...] = ("two faces", "no face", "error", "video", "plain face", "unicode")


def faces(n: int = 1, seed: int = 0, tracked: bool = False) -> Faces:
    """Faces with every column filled, no two values alike."""
    rng = np.random.default_rng(seed)
    units = rng.uniform(0, 1, (n, len(CODES)))
    return Faces(
        box=rng.uniform(0, 100, (n, 4)).astype(np.float32),
        score=rng.uniform(0, 1, n).astype(np.float32),
        landmarks=rng.uniform(0, 100, (n, 5, 2)).astype(np.float32),
        landmarks_68=rng.uniform(0, 100, (n, 68, 2)).astype(np.float32),
        track_id=np.arange(n) if tracked else None,
        pose=Pose(*rng.uniform(-30, 30, (3, n))),
        action_units=ActionUnits(units, 5 * units, CODES),
        emotion=Emotion(rng.dirichlet([1, 1, 1], n), rng.normal(0, 2, (n, len(CODES))), CODES),
        age=Age(*np.sort(rng.uniform(0, 90, (3, n)), 0)[[1, 0, 2]], 0.8),
        attractiveness=Attractiveness(
            rng.normal(size=n), rng.uniform(0, 100, n), "pool", *rng.normal(size=(4, n)), 0.9, rng.normal(size=(n, 3))
        ),
        attributes=Attributes(
            {"hat": Category(rng.dirichlet([1, 1], n), ("no", "yes")), "height": Quantity(rng.uniform(1, 2, n))}
        ),
        displays=Displays(rng.uniform(0, 16, n), np.array(["smile", "none"])[:n], *rng.uniform(0, 5, (2, n))),
    )


def plain(n: int = 1) -> Faces:
    """Faces of a detector alone: no head ran."""
    whole = faces(n, 5)
    return Faces(whole.box, whole.score, whole.landmarks)


def small(source: str, count: int = 1) -> list[Frame]:
    """Short rows of one source, told apart by their reasons."""
    return [Frame(source, Faces.empty(), "error", f"{source} {i}") for i in range(count)]


def of_kind(kind: str) -> list[Frame]:
    """Frames of one source, or of one video."""
    if kind == "two faces":
        return [Frame("a/two.jpg", faces(2))]
    if kind == "no face":
        return [Frame("a/none.jpg", Faces.empty(), "no_face")]
    if kind == "error":
        return [Frame("a/broken.jpg", Faces.empty(), "error", 'It is "damaged",\nand empty; copy it again.')]
    if kind == "plain face":
        return [Frame("a/plain.jpg", plain())]
    if kind == "unicode":
        return [Frame("照片/été 👩🏽‍🚀, 'x' \"y\".jpg", faces(1, 3))]
    found = [faces(2, 7, tracked=True), Faces.empty(), faces(1, 8, tracked=True)]
    status = ["ok", "no_face", "ok"]
    return [Frame("v.mp4", found[i], status[i], None, 2 * i, 2 * i / 30) for i in range(3)]


def every_frame() -> list[Frame]:
    """Frames of all kinds, in order."""
    return [frame for kind in EVERY_KIND for frame in of_kind(kind)]


def read(path: Path) -> Rows:
    """Rows of a table, their cells as text or as Python's own types."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_table(path).to_pylist()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
