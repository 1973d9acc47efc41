"""Faces of a labelled set as small gray crops, for studies that run on faces too."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mien.datasets.crops import pick_face
from mien.datasets.tables import open_table
from mien.errors import InputError, expect
from mien.files import progress_bar
from mien.geometry import Array, CropTemplate, Image, align
from mien.runtime.detector import Detector

TEMPLATE = CropTemplate(32, 0.36)
GRAY = np.array([0.299, 0.587, 0.114], np.float32)
"""Luma of ITU-R BT.601."""


@dataclass(frozen=True, slots=True)
class FaceSample:
    """Crops (N, 1, S, S) with mean 0 and deviation 1 over the set, and the label columns (N,).

    dropped: pictures that cannot be read or without a face. path: where they come from, to read more of them.
    """

    name: str
    image: Tensor
    columns: dict[str, NDArray[Any]]
    dropped: int
    path: Path | None = None

    def __len__(self) -> int:
        return len(self.image)

    def numbers(self, name: str) -> Tensor:
        """A column of numbers (N,). Raises InputError where the set has none of that name."""
        return torch.from_numpy(np.asarray(self._column(name), np.float32))

    def classes(self, name: str) -> tuple[Tensor, list[str]]:
        """Indices (N,) and names of the classes of a column."""
        names, index = np.unique(self._column(name).astype(str), return_inverse=True)
        return torch.from_numpy(index.astype(np.int64)), [str(name) for name in names]

    def first_of(self, *names: str) -> str:
        """The first of these columns that the set has. Raises InputError if it has none."""
        for name in names:
            if name in self.columns:
                return name
        have = ", ".join(sorted(self.columns)) or "none"
        raise InputError(f"'data' must have one of the columns {', '.join(names)}. Got the columns {have}.")

    def describe(self, *names: str) -> str:
        """The set, the first of these columns that it has, and how many faces, in words."""
        lost = f" ({self.dropped} pictures without a face left out)" if self.dropped else ""
        size = self.image.shape[-1]
        return f"{self.name}, column {self.first_of(*names)!r}, {len(self)} aligned gray faces of {size} px{lost}"

    def _column(self, name: str) -> NDArray[Any]:
        return self.columns[self.first_of(name)]


def load_faces(path: Path, limit: int = 4000, seed: int = 0) -> FaceSample:
    """At most `limit` rows of a set, drawn by seed; detected, aligned by the detector's five points, gray.

    path: whatever `mien.datasets.tables.open_table` opens. Raises InputError when no face is found.
    """
    table = open_table(path)
    wanted = np.zeros(len(table), bool)
    wanted[np.random.default_rng(seed).permutation(len(table))[:limit]] = True
    detector = Detector(threads=1)
    crops: list[Array] = []
    rows: list[int] = []
    with progress_bar(f"aligning faces of {table.name}", int(wanted.sum())) as advance:
        for row, image in enumerate(table.images(wanted)):
            crop = None if image is None else _crop(detector, image)
            if crop is not None:
                crops.append(crop)
                rows.append(row)
            if wanted[row]:
                advance()
    expect(len(rows) > 0, "data", "a set with at least one face that is found", str(path))
    pixels = torch.from_numpy(np.stack(crops))[:, None]
    columns = {name: value[rows] for name, value in table.columns().items()}
    image_std = pixels.std() + 1e-6
    return FaceSample(table.name, (pixels - pixels.mean()) / image_std, columns, int(wanted.sum()) - len(rows), path)


def _crop(detector: Detector, image: Image) -> Array | None:
    """One gray crop (S, S) in 0..1, or None without a face."""
    face = pick_face(detector, image, None)
    if face is None:
        return None
    crop = align(image, face[1], TEMPLATE)
    return np.asarray(crop.reshape(TEMPLATE.size, TEMPLATE.size, 3) @ GRAY / 255, np.float32)
