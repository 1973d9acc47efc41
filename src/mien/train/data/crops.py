"""Crops cut once by the product's own detector and aligner, kept in a memory-mapped file."""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.geometry import Array, Image, box_iou, warp
from mien.runtime.detector import Detector

Locate = Callable[[Image, Array | None], Array | None]
"""Picture and, where known, the box (4,) of the wanted face -> picture-to-crop matrix (2, 3), or None."""


@dataclass(frozen=True, slots=True)
class Crops:
    """crops (M, S, S, 3) of the rows (M,) where a face was found; matrix (M, 2, 3) carries picture to crop."""

    crops: NDArray[np.uint8]
    row: NDArray[np.int64]
    matrix: Array


def cut_crops(
    images: Iterable[Image | None], count: int, locate: Locate, size: int, folder: Path, boxes: Array | None = None
) -> Crops:
    """Cut all crops of a set into `folder`, or open them if they stand there already.

    The folder appears only when it is whole. boxes (count, 4): where the wanted face is, NaN where unknown.
    """
    if not (folder / "done.json").exists():
        temporary = folder.with_name(folder.name + ".partial")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        _write_crops(images, count, locate, size, temporary, boxes)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    arrays = np.load(folder / "where.npz")
    crops = np.load(folder / "crops.npy", mmap_mode="r")
    return Crops(crops[: len(arrays["row"])], arrays["row"], arrays["matrix"])


def _write_crops(
    images: Iterable[Image | None], count: int, locate: Locate, size: int, folder: Path, boxes: Array | None
) -> None:
    crops = np.lib.format.open_memmap(folder / "crops.npy", "w+", np.uint8, (count, size, size, 3))
    rows: list[int] = []
    matrices: list[Array] = []
    for row, image in enumerate(images):
        matrix = None if image is None else locate(image, wanted_box(boxes, row))
        if image is None or matrix is None:
            continue
        crops[len(rows)] = warp(image, matrix, size)
        rows.append(row)
        matrices.append(matrix)
    crops.flush()
    np.savez(
        folder / "where.npz", row=np.array(rows, np.int64), matrix=np.array(matrices, np.float32).reshape(-1, 2, 3)
    )
    (folder / "done.json").write_text(json.dumps({"rows": count, "faces": len(rows)}))


def wanted_box(boxes: Array | None, row: int) -> Array | None:
    """The box (4,) of a row, or None where it is unknown: no boxes (N, 4) at all, or NaN there."""
    return None if boxes is None or np.isnan(boxes[row]).any() else boxes[row]


def pick_face(detector: Detector, image: Image, box: Array | None) -> tuple[Array, Array] | None:
    """Box (1, 4) and landmarks (1, 5, 2) of the wanted face, or of the one nearest to the middle; None if none."""
    faces = detector(image)
    if not len(faces):
        return None
    if box is not None:
        overlap = box_iou(faces.box, box[None])[:, 0]
        best = int(overlap.argmax())
        return (faces.box[[best]], faces.landmarks[[best]]) if overlap[best] > 0.3 else None
    middle = np.array([image.shape[1], image.shape[0]]) / 2
    center = (faces.box[:, :2] + faces.box[:, 2:]) / 2
    side = (faces.box[:, 2:] - faces.box[:, :2]).max(1)
    best = int((np.linalg.norm(center - middle, axis=1) / side - 0.5 * side / side.max()).argmin())
    return faces.box[[best]], faces.landmarks[[best]]
