"""Faces for training: cached crops with labels, and the random changes made to them."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from mien.errors import InputError
from mien.geometry import MIRROR_68, Array, CropTemplate, Image, apply_affine, face_square, five_points, similarity
from mien.runtime.detector import Detector
from mien.runtime.landmarks import Landmarker
from mien.runtime.models import find_model
from mien.train.data.augment import Jitter, mirror, photometric, random_similarity
from mien.train.data.crops import Locate, cut_crops, pick_face
from mien.train.data.labels import labels_of
from mien.train.data.tables import iterate_images, read_columns
from mien.train.recipe import Augment, Crop, Recipe, Source

Locator = Callable[[Image, Array, Array], Array]
"""Picture, box (N, 4), five landmarks (N, 5, 2) -> 68 landmarks (N, 68, 2)."""


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Crops (M, S, S, 3) of one source with labels (M, ...), names of rows (M,), and other columns."""

    name: str
    crops: NDArray[np.uint8]
    labels: dict[str, Array]
    columns: dict[str, NDArray[Any]]
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.crops)


def prepare(recipe: Recipe, source: Source, landmarker: Locator | None = None) -> FaceSet:
    """Detect, align and label one source; crops are cut once and kept in the recipe's cache folder."""
    path = recipe.data_dir / source.file
    if not path.is_file():
        raise InputError(f"'data_dir' must hold {source.file!r}. Got {str(recipe.data_dir)!r}; say data_dir=FOLDER.")
    columns = read_columns(path)
    if recipe.teacher:
        columns = join_teacher(columns, recipe.data_dir / recipe.teacher, path.stem)
    labels = labels_of(columns)
    count = len(next(iter(columns.values())))
    crop = recipe.crop
    size = round(crop.size * crop.zoom)
    locate = _square(crop, size) if crop.kind == "square" else _aligned(crop, size, landmarker)
    cut = cut_crops(iterate_images(path), count, locate, size, _cache_folder(recipe, path), known_boxes(labels))
    labels = {name: value[cut.row] for name, value in labels.items()}
    if "landmarks" in labels:
        labels["landmarks"] = apply_affine(cut.matrix, labels["landmarks"])
        turned = np.degrees(np.arctan2(cut.matrix[:, 1, 0], cut.matrix[:, 0, 0]))
        labels["pose"] = labels["pose"] - np.stack([0 * turned, 0 * turned, turned], 1).astype(np.float32)
    labels = {name: value for name, value in labels.items() if not source.labels or name in source.labels}
    kept = {name: value[cut.row] for name, value in columns.items() if value.dtype != object or name in ("id", "split")}
    return FaceSet(path.stem, cut.crops, labels, {**kept, **_text(columns, cut.row)}, source.weight)


def _text(columns: dict[str, Any], row: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    return {name: value[row] for name, value in columns.items() if value.dtype == object and isinstance(value[0], str)}


def _cache_folder(recipe: Recipe, path: Path) -> Path:
    crop = recipe.crop
    how = f"{crop.scale}" if crop.kind == "aligned" else f"{crop.margin}"
    # Crops are stale when the pictures, or the landmarks that placed them, are others.
    landmarks = find_model("landmarks").read_bytes() if crop.kind == "aligned" else b""
    content = hashlib.sha256(landmarks + str(path.stat().st_size).encode()).hexdigest()[:8]
    return recipe.cache_dir / f"{path.stem}-{crop.kind}-{crop.size}-{how}-{crop.zoom}-{content}"


def join_teacher(columns: dict[str, Any], teacher: Path, name: str) -> dict[str, Any]:
    """Columns with the teacher's labels beside them, where the teacher knows this set."""
    opinion = read_columns(teacher)
    rows = np.flatnonzero(opinion["set"] == name)
    if not len(rows):
        return columns
    at = {opinion["id"][row]: row for row in rows}
    index = np.array([at.get(key, -1) for key in columns["id"]])
    joined = dict(columns)
    for key, value in opinion.items():
        if key in ("set", "id"):
            continue
        if key == "landmarks":
            blank = np.full(136, np.nan, np.float32)
            joined[key] = np.array([blank if i < 0 else np.asarray(value[i], np.float32) for i in index])
        else:
            joined[key] = np.where(index >= 0, value[index].astype(np.float32), np.nan)
    return joined


def known_boxes(labels: dict[str, Array]) -> Array | None:
    """Boxes (N, 4) around the landmarks of the labels, NaN where a row has none; None where no row can have any."""
    if "landmarks" not in labels:
        return None
    points = labels["landmarks"]
    return np.concatenate([points.min(1), points.max(1)], 1)


def _square(crop: Crop, size: int) -> Locate:
    detector = Detector(threads=1)

    def locate(image: Image, box: Array | None) -> Array | None:
        found = pick_face(detector, image, box)
        matrix: Array | None = face_square(*found, size, crop.margin * crop.zoom)[0] if found else None
        return matrix

    return locate


def _aligned(crop: Crop, size: int, landmarker: Locator | None) -> Locate:
    landmarker = landmarker or Landmarker(threads=1).points
    detector = Detector(threads=1)
    template = CropTemplate(size, crop.scale / crop.zoom)

    def locate(image: Image, box: Array | None) -> Array | None:
        found = pick_face(detector, image, box)
        if found is None:
            return None
        matrix: Array = similarity(five_points(landmarker(image, *found)), template.points)[0]
        return matrix

    return locate


class FaceDataset(Dataset[dict[str, Tensor]]):
    """Items of several sets: `image` (3, S, S) float 0..255, one tensor a label (NaN where a set has none), `row`."""

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
        image, labels = self._cut(faces.crops[row], labels, rng)
        tensors = {name: torch.from_numpy(np.array(value, np.float32)).reshape(-1) for name, value in labels.items()}
        return {"image": torch.from_numpy(image).permute(2, 0, 1).float(), "set": torch.tensor(which), **tensors}

    def _cut(
        self, crop: Image, labels: dict[str, Array], rng: np.random.Generator | None
    ) -> tuple[Image, dict[str, Array]]:
        source, target = crop.shape[0], self.crop.size
        change = self.augment
        jitter = Jitter(change.shift, change.scale, change.rotation, change.turn) if change and rng else Jitter(0, 0, 0)
        matrix = random_similarity(rng or np.random.default_rng(0), jitter, source, target, self.crop.zoom)
        flipped = bool(rng is not None and change and change.flip and rng.random() < 0.5)
        turn = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
        matrix = mirror(matrix, target) if flipped else matrix
        way = cv2.INTER_AREA if source > 2 * target else cv2.INTER_LINEAR
        moved = cv2.warpAffine(crop, matrix, (target, target), flags=way, borderMode=cv2.BORDER_REPLICATE)
        image = np.asarray(moved, np.uint8)
        if rng is not None and change:
            image = photometric(image, rng, change.gray)
        if "landmarks" in labels:
            labels = _move_landmarks(labels, matrix, target, float(turn), flipped)
        return image, labels


def _move_landmarks(labels: dict[str, Array], matrix: Array, size: int, turn: float, flipped: bool) -> dict[str, Array]:
    """Landmarks as parts of the crop's side around its middle; pose turned and mirrored with the picture."""
    points = apply_affine(matrix, labels["landmarks"].reshape(68, 2))
    pose = labels["pose"] - np.array([0, 0, turn], np.float32)
    if abs(turn) > 60:
        pose[2] = np.nan  # far turned faces are cut again upright; their roll jumps from 180 to -180
    if flipped:
        points, pose = points[MIRROR_68], pose * np.array([-1, 1, -1], np.float32)
    return {**labels, "landmarks": np.asarray(points / size - 0.5, np.float32), "pose": pose}
