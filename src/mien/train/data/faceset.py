"""Faces for training: crops with labels, and items cut from them whose labels move with the image."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from mien.datasets.crop import Crop
from mien.geometry import MIRROR_68, Array, Image, apply_affine
from mien.opencv import cv2
from mien.train.data.augment import Chances, Jitter, mirror, photometric, random_similarity
from mien.train.data.nonfaces import nonface
from mien.train.recipe import Augment


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Crops (M, S, S, 3) of one source with labels (M, ...) and other columns (M,).

    row (M,): their rows in the source. dropped: how many rows of it have no crop, by reason. matrix (M, 2, 3): from
    image to crop.
    """

    name: str
    crops: NDArray[np.uint8]
    labels: dict[str, Array]
    columns: dict[str, NDArray[Any]]
    weight: float = 1.0
    row: NDArray[np.int64] | None = None
    dropped: dict[str, int] = field(default_factory=dict)
    matrix: Array | None = None

    def __len__(self) -> int:
        return len(self.crops)

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker process that is not forked gets the name of the file; pickling would copy all crops into it.
        crops: Any = self.crops
        if isinstance(crops, np.memmap) and crops.filename and crops.flags.c_contiguous:
            crops = (str(crops.filename), len(crops))
        rest = (self.labels, self.columns, self.weight, self.row, self.dropped)
        return _restore, (self.name, crops, *rest)


def _restore(name: str, crops: Any, *rest: Any) -> FaceSet:
    if isinstance(crops, tuple):
        crops = np.load(crops[0], mmap_mode="r")[: crops[1]]
    return FaceSet(name, crops, *rest)


ABSENT_EVERY = 5
"""Of the faces that measure, each n-th gives way to a picture without a face where a task asks for `presence`."""


class FaceDataset(Dataset[dict[str, Tensor]]):
    """Items of several sets: `image` (3, S, S) float 0..255, one tensor a label (NaN where a set has none).

    Beside them stand `set`, the number of the item's FaceSet, and `row`, its place there. Where `presence` is among
    the targets, some items are no face (presence 0, all other labels NaN).
    """

    def __init__(
        self,
        sets: Sequence[FaceSet],
        rows: Sequence[NDArray[np.int64]],
        crop: Crop,
        targets: dict[str, int],
        augment: Augment | None = None,
    ) -> None:
        self.sets, self.crop, self.targets, self.augment = sets, crop, targets, augment
        self.index = np.concatenate([np.stack([np.full(len(r), k), r], 1) for k, r in enumerate(rows)]).astype(np.int64)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, item: int) -> dict[str, Tensor]:
        which, row = (int(value) for value in self.index[item])
        faces = self.sets[which]
        rng = np.random.default_rng(int(torch.randint(2**62, ()))) if self.augment else None
        labels = {
            name: faces.labels[name][row] if name in faces.labels else np.full(width, np.nan, np.float32)
            for name, width in self.targets.items()
        }
        if "presence" in self.targets and self._absent(item, rng):
            image = nonface(faces.crops[row], self.crop.size, rng or np.random.default_rng(item))
            labels = {name: np.full(width, np.nan, np.float32) for name, width in self.targets.items()}
            labels["presence"] = np.zeros(1, np.float32)
        else:
            image, labels = self._cut(faces.crops[row], {**labels, **self._present()}, rng)
        tensors = {name: torch.from_numpy(np.array(value, np.float32)).reshape(-1) for name, value in labels.items()}
        place = {"set": torch.tensor(which), "row": torch.tensor(row)}
        return {"image": torch.from_numpy(image).permute(2, 0, 1).float(), **place, **tensors}

    def _absent(self, item: int, rng: np.random.Generator | None) -> bool:
        """Whether an item gives way to an image without a face."""
        if rng is None or self.augment is None:
            return item % ABSENT_EVERY == 0
        return bool(rng.random() < self.augment.absent)

    def _present(self) -> dict[str, Array]:
        return {"presence": np.ones(1, np.float32)} if "presence" in self.targets else {}

    def _cut(
        self, crop: Image, labels: dict[str, Array], rng: np.random.Generator | None
    ) -> tuple[Image, dict[str, Array]]:
        source, target = crop.shape[0], self.crop.size
        change = self.augment
        jitter = self._jitter(change) if change and rng else Jitter(0, 0, 0)
        matrix = random_similarity(rng or np.random.default_rng(0), jitter, source, target, self.crop.zoom)
        flipped = bool(rng is not None and change and change.flip and rng.random() < 0.5)
        turn = float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
        matrix = mirror(matrix, target) if flipped else matrix
        way = cv2.INTER_AREA if source > 2 * target else cv2.INTER_LINEAR
        moved = cv2.warpAffine(crop, matrix, (target, target), flags=way, borderMode=cv2.BORDER_REPLICATE)
        image = np.asarray(moved, np.uint8)
        if rng is not None and change:
            image = photometric(image, rng, _chances(change))
        return image, _move_labels(labels, matrix, target, turn, flipped)

    def _jitter(self, change: Augment) -> Jitter:
        noise = change.alignment if self.crop.kind == "aligned" else 0.0
        return Jitter(change.shift, change.scale, change.rotation, change.turn, noise, self.crop.scale)


def _chances(change: Augment) -> Chances:
    return Chances(**{name: getattr(change, name) for name in Chances.__slots__})


def _move_labels(labels: dict[str, Array], matrix: Array, size: int, turn: float, flipped: bool) -> dict[str, Array]:
    """Landmarks as parts of the crop's side around its middle; pose and sides turned and mirrored with the image."""
    moved = dict(labels)
    if "landmarks" in labels:
        points = apply_affine(matrix, labels["landmarks"].reshape(68, 2))
        points = points[MIRROR_68] if flipped else points
        moved["landmarks"] = np.asarray(points / size - 0.5, np.float32)
    if "pose" in labels:
        pose = labels["pose"] - np.array([0, 0, turn], np.float32)
        if abs(turn) > 60:
            pose[2] = np.nan  # far turned faces are cut again upright; their roll jumps from 180 to -180
        moved["pose"] = pose * np.array([-1, 1, -1], np.float32) if flipped else pose
    if flipped and "action_units_sides" in labels:
        moved["action_units_sides"] = labels["action_units_sides"].reshape(-1, 2)[:, ::-1]
    return moved
