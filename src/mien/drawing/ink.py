"""Lines, shapes and text on an RGB image (H, W, 3), in place, anti-aliased and cut off at its edges."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mien.opencv import cv2

Array = NDArray[Any]
Canvas = NDArray[np.uint8]
Colour = tuple[int, int, int]

WHITE: Colour = (246, 248, 250)
GREY: Colour = (176, 184, 194)
NIGHT: Colour = (17, 21, 28)
ACCENT: Colour = (92, 200, 232)
EMOTION_COLOURS: dict[str, Colour] = {
    "positive": (104, 211, 160),
    "neutral": (176, 190, 206),
    "negative": (244, 132, 104),
}
AXIS_COLOURS: tuple[Colour, Colour, Colour] = ((240, 98, 98), (112, 208, 122), (98, 156, 250))

_SHIFT = 4  # fractional bits of cv2's coordinates


@lru_cache(maxsize=64)
def _font(size: int) -> Any:
    return ImageFont.load_default(size)


@lru_cache(maxsize=4096)
def text_width(text: str, size: int) -> int:
    """Width in pixels of a line of text."""
    return int(np.ceil(_font(size * 4).getlength(text) / 4))


@lru_cache(maxsize=64)
def text_height(size: int) -> int:
    """Height in pixels of a line of text, the same for every text."""
    return int(sum(_font(size).getmetrics()))


@lru_cache(maxsize=1024)
def _text_mask(text: str, size: int) -> Canvas:
    """Coverage 0..255 (height, width) of a line of text."""
    many = 4  # drawn large and shrunk: letters keep their distances, which hinting at small sizes spoils
    width, height = text_width(text, size) + 1, text_height(size)
    picture = Image.new("L", (width * many, height * many))
    ImageDraw.Draw(picture).text((0, 0), text, fill=255, font=_font(size * many))
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX))


@lru_cache(maxsize=256)
def _rounded_mask(width: int, height: int, radius: int) -> Canvas:
    """Coverage 0..255 (height, width) of a rounded rectangle."""
    many = 4
    big = Image.new("L", (width * many, height * many))
    corners = (0, 0, width * many - 1, height * many - 1)
    ImageDraw.Draw(big).rounded_rectangle(corners, radius * many, fill=255)
    return np.asarray(big.resize((width, height), Image.Resampling.BOX))


def blend(canvas: Canvas, mask: Canvas, x: int, y: int, colour: Colour, alpha: float = 1.0) -> None:
    """Lay a color over the canvas where the mask (h, w) covers, its corner at x, y."""
    height, width = canvas.shape[:2]
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + mask.shape[1], width), min(y + mask.shape[0], height)
    if right <= left or bottom <= top:
        return
    part = canvas[top:bottom, left:right]
    cover = mask[top - y : bottom - y, left - x : right - x, None].astype(np.uint16)
    weight = (cover * round(alpha * 256) + 255) >> 8
    part[:] = (part * (255 - weight) + np.array(colour, np.uint16) * weight + 127) // 255


def write(canvas: Canvas, text: str, x: float, y: float, size: int, colour: Colour = WHITE) -> int:
    """Write a line of text with its top left corner at x, y; gives its width."""
    blend(canvas, _text_mask(text, size), round(x), round(y), colour)
    return text_width(text, size)


def fill(canvas: Canvas, box: Sequence[float], colour: Colour, alpha: float = 1.0, radius: float = 0.0) -> None:
    """Fill a rounded rectangle (x1, y1, x2, y2)."""
    x1, y1, x2, y2 = (round(v) for v in box)
    if x2 > x1 and y2 > y1:
        limit = min(x2 - x1, y2 - y1) // 2
        blend(canvas, _rounded_mask(x2 - x1, y2 - y1, min(round(radius), limit)), x1, y1, colour, alpha)


def _fixed(points: Array) -> Array:
    """Points (P, 2) as cv2's fixed point numbers; what lies absurdly far off is brought near."""
    near = np.nan_to_num(np.clip(points, -30000, 30000))
    return np.asarray(np.round(near * (1 << _SHIFT)), np.int32)


def lines(canvas: Canvas, paths: Sequence[Array], colour: Colour, width: float, closed: bool = False) -> None:
    """Draw lines through points (P, 2)."""
    thick = max(1, round(width))
    cv2.polylines(canvas, [_fixed(p) for p in paths], closed, colour, thick, cv2.LINE_AA, _SHIFT)


def area(canvas: Canvas, points: Array, colour: Colour) -> None:
    """Fill a polygon (P, 2)."""
    cv2.fillPoly(canvas, [_fixed(points)], colour, cv2.LINE_AA, _SHIFT)


def dots(canvas: Canvas, points: Array, colour: Colour, radius: float) -> None:
    """Draw filled circles at points (P, 2)."""
    size = max(1, round(radius * (1 << _SHIFT)))
    for x, y in _fixed(points):
        cv2.circle(canvas, (int(x), int(y)), size, colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)
