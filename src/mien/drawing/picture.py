"""Annotated images: `draw` and what it gives."""

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.drawing.ink import GREY, Canvas, lines
from mien.drawing.layout import Box, Memory, face_obstacles, place_label, place_panel
from mien.drawing.marks import draw_marks, face_colour
from mien.drawing.panel import (
    Row,
    draw_label,
    draw_panel,
    label_size,
    label_texts,
    panel_rows,
    panel_size,
    strongest_units,
)
from mien.errors import SinkError, expect
from mien.faces import Face, Faces
from mien.opencv import cv2

Array = NDArray[Any]

_SHORT_SIDE = 480
_LONGEST_SIDE = 2560
_MOST_PANELS = 4
_QUALITY = {
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 93),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 93),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 93),  # without a quality OpenCV writes WebP without loss, and slowly
}
_MARGIN = (34, 40, 49)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished image: `image` is RGB uint8 (H, W, 3)."""

    image: NDArray[np.uint8]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the image whole or not at all; the suffix of the path (.png, .jpg, .webp...) says how.

        Raises SinkError where that is impossible.
        """
        target = Path(path)
        data = _encode(self.image, target)
        temporary = None
        try:
            number, temporary = tempfile.mkstemp(prefix=f".{target.stem[:40]}-", suffix=".partial", dir=target.parent)
            with os.fdopen(number, "wb") as file:
                file.write(data)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, target)
        except OSError as error:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
            raise SinkError(f"The picture could not be written to {str(target)!r}: {error.strerror}.") from error
        return target


def _umask() -> int:
    """Permissions that this process leaves out; mkstemp ignores them."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _encode(image: NDArray[np.uint8], target: Path) -> bytes:
    """File content of an image for a path's suffix."""
    quality = list(_QUALITY.get(target.suffix.lower(), ()))
    try:
        done, data = cv2.imencode(target.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
    except cv2.error:
        done = False
    if not done:
        raise SinkError(
            f"'path' must end in a picture suffix such as .png, .jpg or .webp, and fit its limits. "
            f"Got {str(target)!r} for a picture of {image.shape[1]} x {image.shape[0]} pixels."
        )
    return bytes(data)


def draw(faces: Faces, on: str | os.PathLike[str] | NDArray[np.uint8], *, extend: bool = True) -> Drawing:
    """Draw what is known of the faces on their image.

    on: a path, or RGB uint8 (H, W, 3). Small images are enlarged. Where a panel has no room without
    covering a face, it goes to a column added at the right, or with `extend=False` shrinks to a line.

    >>> draw(Faces.empty(), on=np.zeros((480, 640, 3), np.uint8)).image.shape
    (480, 640, 3)
    """
    from mien.media import read_photo

    image = read_photo(on)
    return Drawing(annotate(image, faces, extend=extend, memory=Memory()))


def annotate(image: NDArray[np.uint8], faces: Faces, *, extend: bool, memory: Memory) -> NDArray[np.uint8]:
    """A new annotated image; its size depends on the size of the image only, unless `extend` adds to it."""
    expect(image.ndim == 3 and image.shape[2] == 3 and image.size > 0, "image", "RGB (H, W, 3)", image.shape)
    canvas, scale = enlarge(image)
    unit = max(1.0, (min(canvas.shape[:2]) / _SHORT_SIDE) ** 0.9)
    scaled = list(_scaled(faces, scale))
    for face in sorted(scaled, key=lambda face: float(face.box[3] - face.box[1])):
        draw_marks(canvas, face)
    memory.keep_only({face.track_id for face in scaled if face.track_id is not None})
    if len(scaled) > _MOST_PANELS:
        _draw_labels(canvas, scaled, unit)
        return canvas
    return _draw_panels(canvas, scaled, unit, extend, memory)


def enlarge(image: NDArray[np.uint8]) -> tuple[Canvas, float]:
    """A copy of the image, enlarged where it is too small to hold text, and the scale."""
    short, long = sorted(image.shape[:2])
    scale = float(np.clip(min(_SHORT_SIDE / short, _LONGEST_SIDE / long), 1.0, 8.0))
    if scale == 1.0:
        return image.copy(), scale
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8), scale


def _scaled(faces: Faces, scale: float) -> Faces:
    """The faces in pixels of an enlarged image."""
    dense = None if faces.landmarks_68 is None else faces.landmarks_68 * scale
    return replace(faces, box=faces.box * scale, landmarks=faces.landmarks * scale, landmarks_68=dense)


def _draw_panels(canvas: Canvas, faces: list[Face], unit: float, extend: bool, memory: Memory) -> Canvas:
    """Draw a panel for each face, smaller ones or a column at the right where there is no room."""
    homeless = _place_all(canvas, faces, unit, memory)
    if homeless and extend:
        return _with_column(canvas, [(face, panel_rows(face, strongest_units(face))) for face in homeless], unit)
    _draw_labels(canvas, homeless, unit)
    return canvas


def _place_all(canvas: Canvas, faces: list[Face], unit: float, memory: Memory) -> list[Face]:
    """Draw the panels that have room in the image, with half the units if need be; gives the other faces."""
    obstacles = face_obstacles(np.array([face.box for face in faces]), 4 * unit)
    homeless: list[Face] = []
    boxes: list[tuple[Box, list[Row]]] = []
    for face in faces:
        units = _units_of(face, memory)
        for variant in (panel_rows(face, units), panel_rows(face, strongest_units(face)[:3])):
            size = panel_size(variant, unit)
            args = (size, obstacles, canvas.shape[:2], round(8 * unit), memory)
            box = place_panel(face.box, face.track_id, *args)
            if box is not None:
                boxes.append((box, variant))
                obstacles = np.concatenate([obstacles, [box]])
                break
        else:
            homeless.append(face)
    for box, rows in boxes:
        draw_panel(canvas, rows, box[0], box[1], unit)
    return homeless


def _units_of(face: Face, memory: Memory) -> tuple[str, ...]:
    """Units to show for a face, steady along its track."""
    if face.track_id is None:
        return strongest_units(face)
    units = strongest_units(face, memory.units.get(face.track_id, ()))
    memory.units[face.track_id] = units
    return units


def _with_column(canvas: Canvas, homeless: list[tuple[Face, list[Row]]], unit: float) -> Canvas:
    """The canvas with panels in a column added at its right, joined to their faces by thin lines."""
    gap = round(12 * unit)
    sizes = [panel_size(rows, unit) for _, rows in homeless]
    column = max(w for w, _ in sizes) + 2 * gap
    needed = sum(h for _, h in sizes) + gap * (len(sizes) + 1)
    height, width = canvas.shape[:2]
    wide = np.full((max(height, needed), width + column, 3), _MARGIN, np.uint8)
    wide[:height, :width] = canvas
    y = gap + max(0, min(height, len(wide)) - needed) // 2 if len(sizes) == 1 else gap
    for (face, rows), (_, h) in sorted(zip(homeless, sizes, strict=True), key=lambda item: float(item[0][0].box[1])):
        start = np.array([face.box[2], (face.box[1] + face.box[3]) / 2])
        end = np.array([width + gap / 2, y + 16 * unit])
        lines(wide, [np.stack([start, end])], GREY, 0.8 * unit)
        draw_panel(wide, rows, width + gap, y, unit)
        y += h + gap
    return wide


def _draw_labels(canvas: Canvas, faces: list[Face], unit: float) -> None:
    """Draw a line for each face, all as full as there is room for; nothing where there is none."""
    ordered = sorted(faces, key=lambda face: float(face.box[0] - face.box[2]))
    texts = [label_texts(face) for face in ordered]
    best: list[tuple[str, Box, Face]] = []
    for level in range(max((len(t) for t in texts), default=0)):
        chosen = [(t[min(level, len(t) - 1)], face) for t, face in zip(texts, ordered, strict=True) if t]
        placed = _place_labels(chosen, canvas, unit)
        best = placed if len(placed) > len(best) else best
        if len(placed) == len(chosen):
            break
    for text, box, face in best:
        draw_label(canvas, text, face_colour(face), box[0], box[1], unit)


def _place_labels(chosen: list[tuple[str, Face]], canvas: Canvas, unit: float) -> list[tuple[str, Box, Face]]:
    """The labels that have room in the image, with their boxes."""
    obstacles = face_obstacles(np.array([face.box for _, face in chosen]), 1.0)
    placed: list[tuple[str, Box, Face]] = []
    for text, face in chosen:
        box = place_label(face.box, label_size(text, unit), obstacles, canvas.shape[:2], round(3 * unit))
        if box is not None:
            obstacles = np.concatenate([obstacles, [box]])
            placed.append((text, box, face))
    return placed
