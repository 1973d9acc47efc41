"""How much a reading changes where the face does not: one image moved, scaled, turned and compressed again."""

from pathlib import Path

import numpy as np

from mien.datasets.crops import pick_face
from mien.errors import InputError, expect
from mien.evaluate.evaluator import make_row
from mien.evaluate.reading import Reading, pictures_of
from mien.faces import Faces
from mien.geometry import Array, Image, align, apply_affine
from mien.opencv import cv2
from mien.runtime.detector import Detector
from mien.runtime.heads import Head
from mien.runtime.landmarks import Landmarker
from mien.tasks import Metric, Row, Task, list_tasks, task_named

SHIFT, SCALE, TURN, QUALITY = 0.04, 1.33, 8.0, (40, 95)
"""Largest shift (part of the shorter side), factor of size (up and down), angle in degrees; JPEG from and to."""

View = tuple[Image, Faces]


def steadiness(reading: Reading, file: Path, times: int = 5, seed: int = 0, rounds: int = 300) -> Row:
    """Mean over faces of the standard deviation (n - 1) of age, or of the score, over `times` seeded changes.

    Each change is one of the whole image (`perturb`), which then goes through detector, landmarks and aligner anew.
    A face that is found in fewer than two of them is left out. file: the ONNX file that gave the reading.
    Raises InputError for a model of another task.
    """
    value = spread_of(reading, file, times, seed)
    name = f"SD of one face in {times} changed pictures, {_task(reading).unit}"
    metric = Metric(lambda i: float(value[i].mean()), np.asarray(~np.isnan(value)))
    return make_row(name, metric, np.arange(len(value)), rounds)


def spread_of(reading: Reading, file: Path, times: int = 5, seed: int = 0) -> Array:
    """Standard deviation (M,) of each face of the reading over its changes, NaN where fewer than two show it."""
    expect(times >= 2, "times", "at least 2", times)
    task = _task(reading)
    detector, head = Detector(threads=2), Head(file, threads=2)
    landmarker = Landmarker("landmarks", threads=2, min_presence=0)
    deviations = np.full(len(reading.rows), np.nan)
    place_of = {int(row): place for place, row in enumerate(reading.rows)}
    for row, image in pictures_of(reading.table, reading.rows):
        place = place_of[row]
        views = _views(detector, image, reading.faces.box[place], times, (seed, row))
        if len(views) > 1:
            deviations[place] = _values(views, landmarker, head, task).std(ddof=1)
    return deviations


def _task(reading: Reading) -> Task:
    measured = [task for task in reading.tasks if task.unit]
    if not measured:
        able = ", ".join(name for name in list_tasks() if ":" not in name and task_named(name).unit)
        raise InputError(f"'moved' must be left out for a model of {reading.card.task!r}: it is for {able}.")
    return measured[0]


def perturb(image: Image, rng: np.random.Generator) -> tuple[Image, Array]:
    """An image moved, scaled, turned around its middle and compressed as JPEG; the matrix (2, 3) to its new place.

    The new image is as much larger as its content; beyond the edges the last pixels go on.
    """
    height, width = image.shape[:2]
    scale = SCALE ** rng.uniform(-1, 1)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-TURN, TURN)), float(scale))
    matrix[:, 2] += (np.array(size) - (width, height)) / 2 + rng.uniform(-SHIFT, SHIFT, 2) * min(size)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    moved = cv2.warpAffine(image, matrix, size, flags=way, borderMode=cv2.BORDER_REPLICATE)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*QUALITY, endpoint=True))]
    # Chroma of a JPEG is coded as if the channels were BGR.
    _, encoded = cv2.imencode(".jpg", moved[..., ::-1], quality)
    decoded = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    return decoded[..., ::-1].copy(), matrix.astype(np.float32)


def _views(detector: Detector, image: Image, box: Array, times: int, seed: tuple[int, int]) -> list[View]:
    """The changed images in which the face of a box (4,) is found again."""
    views: list[View] = []
    for k in range(times):
        changed, matrix = perturb(image, np.random.default_rng((*seed, k)))
        picked = pick_face(detector, changed, moved_box(box, matrix))
        if picked is not None:
            views.append((changed, Faces(picked[0], np.ones(1, np.float32), picked[1])))
    return views


def moved_box(box: Array, matrix: Array) -> Array:
    """The box (4,) around the corners of a box after a transform (2, 3).

    >>> moved_box(np.array([0, 0, 2, 4]), np.array([[0, -1, 9], [1, 0, 0.0]])).tolist()
    [5.0, 0.0, 9.0, 2.0]
    """
    x1, y1, x2, y2 = box
    corners = apply_affine(matrix, np.array([[x1, y1], [x2, y1], [x1, y2], [x2, y2]]))
    return np.asarray(np.concatenate([corners.min(0), corners.max(0)]))


def _values(views: list[View], landmarker: Landmarker, head: Head, task: Task) -> Array:
    """Age or score (K,) of one face in each view."""
    images = [image for image, _ in views]
    refined = landmarker(images, [faces for _, faces in views])
    crops = [align(image, faces.landmarks, head.template) for image, faces in zip(images, refined, strict=True)]
    faces = head(Faces.concat(refined), np.concatenate(crops))
    return np.asarray(task.value(faces), np.float64)
