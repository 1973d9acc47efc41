"""A contact sheet: rows of images that belong together, with words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.drawing.ink import Canvas, Colour, text_width, write
from mien.drawing.picture import Drawing
from mien.errors import expect
from mien.opencv import cv2

Image = NDArray[np.uint8]

_PAPER: Colour = (252, 252, 251)
_INK: Colour = (38, 44, 54)
_SOFT: Colour = (128, 136, 146)
_MARK: Colour = (190, 62, 38)
_GAP, _EDGE, _WORDS = 6, 24, 46
_TITLE, _SMALL = 13, 12


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """Images (H, W) or (H, W, 3) uint8 that stand side by side, with two lines below them.

    marked: framed, the second line in the color of the frame.
    """

    pictures: tuple[Image, ...]
    title: str
    note: str = ""
    marked: bool = False


def contact_sheet(
    entries: Sequence[Entry], heading: str, captions: Sequence[str], across: int = 3, tile: int = 112
) -> Drawing:
    """Entries in order, `across` in a row, under a heading and a caption above each image.

    tile: side in pixels of the square that each image is fitted into.

    Raises InputError unless there is an entry and each has as many images as there are captions.
    """
    expect(len(entries) > 0, "entries", "at least one", 0)
    counts = {len(entry.pictures) for entry in entries}
    expect(counts == {len(captions)}, "captions", "one for each picture of an entry", len(captions))
    across = min(across, len(entries))
    wide = len(captions) * (tile + _GAP) + _EDGE
    rows = -(-len(entries) // across)
    top, high = 84, tile + (_WORDS if any(entry.title or entry.note for entry in entries) else _GAP)
    width = max(_EDGE + across * wide, text_width(heading, 18) + 2 * _EDGE)
    canvas: Canvas = np.full((top + rows * high + _GAP, width, 3), _PAPER, np.uint8)
    write(canvas, heading, _EDGE, 20, 18, _INK)
    for column in range(across):
        for k, caption in enumerate(captions):
            write(canvas, caption, _EDGE + column * wide + k * (tile + _GAP), top - 22, _SMALL, _SOFT)
    for i, entry in enumerate(entries):
        _draw(canvas, entry, _EDGE + i % across * wide, top + i // across * high, wide - _EDGE, tile)
    return Drawing(canvas)


def stack_sheets(sheets: Sequence[Drawing]) -> Drawing:
    """Sheets, one or more, below each other."""
    width = max(sheet.image.shape[1] for sheet in sheets)
    canvas: Canvas = np.full((sum(len(sheet.image) for sheet in sheets), width, 3), _PAPER, np.uint8)
    top = 0
    for sheet in sheets:
        height, wide = sheet.image.shape[:2]
        canvas[top : top + height, :wide] = sheet.image
        top += height
    return Drawing(canvas)


def _draw(canvas: Canvas, entry: Entry, left: int, top: int, width: int, side: int) -> None:
    for k, picture in enumerate(entry.pictures):
        x = left + k * (side + _GAP)
        canvas[top : top + side, x : x + side] = _tile(picture, side)
    if entry.marked:
        right = left + len(entry.pictures) * (side + _GAP) - _GAP
        cv2.rectangle(canvas, (left - 3, top - 3), (right + 2, top + side + 2), _MARK, 2)
    colour, below = (_MARK, top + side + 2) if entry.marked else (_SOFT, top + side)
    write(canvas, _shortened(entry.title, width, _TITLE), left, below + 2, _TITLE, _INK)
    write(canvas, _shortened(entry.note, width, _SMALL), left, below + 19, _SMALL, colour)


def _tile(picture: Image, side: int) -> Image:
    """The image on a square of the sheet, whole, its sides in proportion."""
    picture = np.repeat(picture[..., None], 3, 2) if picture.ndim == 2 else picture
    scale = side / max(picture.shape[:2])
    high, wide = (max(1, round(length * scale)) for length in picture.shape[:2])
    tile: Image = np.full((side, side, 3), _PAPER, np.uint8)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    y, x = (side - high) // 2, (side - wide) // 2
    tile[y : y + high, x : x + wide] = cv2.resize(picture, (wide, high), interpolation=how)
    return tile


def _shortened(text: str, width: int, size: int) -> str:
    """The text, without its beginning where it is too long: names of files differ at their ends."""
    if text_width(text, size) <= width:
        return text
    cut = next((i for i in range(1, len(text)) if text_width("…" + text[i:], size) <= width), len(text))
    return "…" + text[cut:]
