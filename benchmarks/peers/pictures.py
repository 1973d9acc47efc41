"""Labelled rows of a table, and their pictures as PNG files that every peer is given."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.base_table import Table
from mien.datasets.labels import labels_of
from mien.datasets.tables import open_table
from mien.evaluate.reading import pictures_of, rows_of
from mien.metrics import winners

Image = NDArray[np.uint8]
GRAY = 127


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to every picture before any peer sees it.

    least_side: smaller ones are enlarged (bicubic) until their shorter side has so many pixels. margin: gray added on
    each side, as a part of the longer side.
    """

    least_side: int = 0
    margin: float = 0.0

    def __call__(self, image: Image) -> Image:
        """The changed picture (H, W, 3)."""
        scale = self.least_side / min(image.shape[:2])
        if scale > 1:
            image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
        edge = round(self.margin * max(image.shape[:2]))
        return np.pad(image, ((edge, edge), (edge, edge), (0, 0)), constant_values=GRAY) if edge else image

    @property
    def name(self) -> str:
        """In a word, for folders and tables."""
        return f"side{self.least_side}-margin{self.margin:g}" if self.least_side or self.margin else "as-is"


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows (M,) of a table in the order they are read in, with age (M,), class (M,) as a number, and groups.

    What a row has no label for is NaN.
    """

    table: Table
    split: str
    change: Change
    rows: NDArray[np.int64]
    age: NDArray[np.float64]
    emotion: NDArray[np.float64]
    groups: NDArray[Any]

    @property
    def key(self) -> str:
        """Names the table and what was done to its pictures."""
        return f"{self.table.name}-{self.table.fingerprint}-{self.change.name}"

    def labelled(self, heads: tuple[str, ...]) -> NDArray[np.bool_]:
        """Which rows (M,) have a label that one of the heads is measured against."""
        known = {"age": ~np.isnan(self.age), "emotion": ~np.isnan(self.emotion)}
        return np.any([known["age" if head == "age" else "emotion"] for head in heads], axis=0)


def draw_sample(
    data: Path, split: str | None = "test", limit: int | None = None, by: str = "set", change: Change | None = None,
    images: Path | None = None,
) -> Sample:  # fmt: skip
    """Rows of a table with an exact age or a clear class, in random order (seed 0), so that any first part is fair.

    split: value of the split column; None takes all rows. limit: so many rows. by: the column of the groups.
    Raises InputError as `mien evaluate` does, and ValueError for a table without such labels.
    """
    table = open_table(data, images)
    columns = table.columns()
    rows = rows_of(columns, split, "split", len(table), data)
    rows = np.random.default_rng(0).permutation(rows)
    labels = labels_of(columns, (), table.where)
    blank = np.full(len(table), np.nan)
    low, high = labels.get("age", np.stack([blank, blank], 1)).T
    age = np.where(low == high, low, np.nan)
    emotion = winners(labels["emotion"]) if "emotion" in labels else blank
    known = ~np.isnan(age[rows]) | ~np.isnan(emotion[rows])
    if not known.any():
        raise ValueError(f"{str(data)!r} must have rows with 'age' or votes ('happiness', ...). Got none in {split!r}.")
    rows = rows[known][:limit]
    groups = columns[by].astype(str) if by in columns else np.full(len(table), "")
    return Sample(table, split or "all", change or Change(), rows, age[rows], emotion[rows], groups[rows])


def write_pictures(sample: Sample, folder: Path) -> list[Path]:
    """PNG files (M,) of the sample's rows, written where they are not there yet; a row without a picture gets none."""
    folder = folder / sample.key
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{row:06d}.png" for row in sample.rows]
    missing = np.array([row for row, file in zip(sample.rows, files, strict=True) if not file.is_file()], np.int64)
    for row, image in pictures_of(sample.table, missing):
        target = folder / f"{row:06d}.png"
        part = target.with_suffix(".partial.png")
        cv2.imwrite(str(part), np.ascontiguousarray(sample.change(image)[..., ::-1]))
        part.rename(target)
    return files
