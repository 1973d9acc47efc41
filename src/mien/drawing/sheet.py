"""A contact sheet: rows of pictures that belong together, with words."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.drawing.ink import Canvas, Colour, text_width, write
from mien.drawing.picture import Drawing
from mien.errors import expect

Image = NDArray[np.uint8]

_PAPER: Colour = (252, 252, 251)
_INK: Colour = (38, 44, 54)
_SOFT: Colour = (128, 136, 146)
_TILE, _GAP, _EDGE, _WORDS = 112, 6, 24, 46
_TITLE, _SMALL = 13, 12


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """Pictures (H, W) or (H, W, 3) uint8 that stand side by side, with two lines below them."""

    pictures: tuple[Image, ...]
    title: str
    note: str = ""


def contact_sheet(entries: Sequence[Entry], heading: str, captions: Sequence[str], across: int = 3) -> Drawing:
    """Entries in order, `across` in a row, under a heading and a caption above each picture.

    Raises InputError unless there is an entry and each has as many pictures as there are captions.
    """
    expect(len(entries) > 0, "entries", "at least one", 0)
    counts = {len(entry.pictures) for entry in entries}
    expect(counts == {len(captions)}, "captions", "one for each picture of an entry", len(captions))
    across = min(across, len(entries))
    wide = len(captions) * (_TILE + _GAP) + _EDGE
    rows = -(-len(entries) // across)
    top, high = 84, _TILE + (_WORDS if any(entry.title or entry.note for entry in entries) else _GAP)
    width = max(_EDGE + across * wide, text_width(heading, 18) + 2 * _EDGE)
    canvas: Canvas = np.full((top + rows * high + _GAP, width, 3), _PAPER, np.uint8)
    write(canvas, heading, _EDGE, 20, 18, _INK)
    for column in range(across):
        for k, caption in enumerate(captions):
            write(canvas, caption, _EDGE + column * wide + k * (_TILE + _GAP), top - 22, _SMALL, _SOFT)
    for i, entry in enumerate(entries):
        _draw(canvas, entry, _EDGE + i % across * wide, top + i // across * high, wide - _EDGE)
    return Drawing(canvas)


def _draw(canvas: Canvas, entry: Entry, left: int, top: int, width: int) -> None:
    for k, picture in enumerate(entry.pictures):
        x = left + k * (_TILE + _GAP)
        canvas[top : top + _TILE, x : x + _TILE] = _tile(picture)
    write(canvas, _shortened(entry.title, width, _TITLE), left, top + _TILE + 2, _TITLE, _INK)
    write(canvas, _shortened(entry.note, width, _SMALL), left, top + _TILE + 19, _SMALL, _SOFT)


def _tile(picture: Image) -> Image:
    """The picture on a square of the sheet, whole, its sides in proportion."""
    picture = np.repeat(picture[..., None], 3, 2) if picture.ndim == 2 else picture
    scale = _TILE / max(picture.shape[:2])
    high, wide = (max(1, round(side * scale)) for side in picture.shape[:2])
    tile: Image = np.full((_TILE, _TILE, 3), _PAPER, np.uint8)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    y, x = (_TILE - high) // 2, (_TILE - wide) // 2
    tile[y : y + high, x : x + wide] = cv2.resize(picture, (wide, high), interpolation=how)
    return tile


def _shortened(text: str, width: int, size: int) -> str:
    """The text, without its beginning where it is too long: names of files differ at their ends."""
    if text_width(text, size) <= width:
        return text
    cut = next((i for i in range(1, len(text)) if text_width("…" + text[i:], size) <= width), len(text))
    return "…" + text[cut:]
