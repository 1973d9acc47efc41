"""The panel beside a face: what it displays and why, apparent age, the pool's opinion, Action Units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.drawing.ink import (
    ACCENT,
    EMOTION_COLOURS,
    GREY,
    NIGHT,
    WHITE,
    Canvas,
    Colour,
    fill,
    text_height,
    text_width,
    write,
)
from mien.drawing.marks import face_colour, known_emotion
from mien.faces import EMOTIONS, Face, attribute_texts, display_texts, emotion_text, percentile_text
from mien.facs import CODES, action_unit

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, with a text at the right edge and a colored dot before it where given."""

    text: str
    size: float = 11.0
    colour: Colour = WHITE
    right: str = ""
    dot: Colour | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """An Action Unit: its name over a bar as long as it is probable."""

    code: str
    probability: float

    @property
    def name(self) -> str:
        """Name in FACS, nothing where mien does not know the unit."""
        return action_unit(self.code).name if self.code in CODES else ""


@dataclass(frozen=True, slots=True)
class Split:
    """A bar divided by the probabilities of positive, neutral and negative."""

    probability: Array


@dataclass(frozen=True, slots=True)
class Space:
    """Room between two rows."""

    height: float = 5.0


_MOST_UNITS = 6

Row = Line | Bar | Split | Space


def panel_rows(face: Face, codes: Sequence[str]) -> list[Row]:
    """Everything known of a face, as rows; of the Action Units those with the given codes."""
    blocks = [_emotion_rows(face), _display_rows(face), _age_rows(face), _pool_rows(face), _attribute_rows(face)]
    blocks += [_unit_rows(face, codes), _pose_rows(face)]
    rows: list[Row] = []
    for block in blocks:
        if block:
            rows += [Space(), *block] if rows else block
    return rows


def _emotion_rows(face: Face) -> list[Row]:
    number = "" if face.track_id is None else f"#{face.track_id}"
    emotion = known_emotion(face)
    if emotion is None:
        return [Line(f"face {number}".strip(), 13)]
    rows: list[Row] = [
        Line(f"displays: {emotion_text(emotion)}", 13, right=number, dot=face_colour(face)),
        Split(emotion.probability),
    ]
    evidence = emotion.evidence[:3]
    reasons = [f"{code} {value:+.1f}" for code, value in evidence if value > 0.2 * evidence[0][1]]
    why = f"because {', '.join(reasons)}" if reasons else "no Action Unit stands out"
    return [*rows, Line(why, 10.5, GREY)]


def _display_rows(face: Face) -> list[Row]:
    return [Line(text, 11) for text in display_texts(face)]


def _age_rows(face: Face) -> list[Row]:
    if face.age is None or not np.isfinite(face.age.value):
        return []
    return [Line(f"apparent age {face.age.value:.0f} ({face.age.low:.0f}-{face.age.high:.0f})", 12)]


def _pool_rows(face: Face) -> list[Row]:
    part = face.attractiveness
    text = percentile_text(part) if part is not None else ""
    if part is None or not text:
        return []
    pool = part.pool if len(part.pool) <= 24 else part.pool[:22] + "..."
    return [Line(f"attractiveness: {text}", 11), Line(f"mean rating, pool {pool}", 10, GREY)]


def _attribute_rows(face: Face) -> list[Row]:
    return [Line(text, 11) for text in attribute_texts(face)]


def strongest_units(face: Face, shown: Sequence[str] = ()) -> tuple[str, ...]:
    """Codes of the six most probable Action Units, strongest first.

    In a video, those `shown` before stay until others are clearly stronger, in the order of their numbers.
    """
    if face.action_units is None:
        return ()
    codes = face.action_units.codes
    probability = np.nan_to_num(face.action_units.probability) + [0.15 * (code in shown) for code in codes]
    order = np.argsort(-probability, kind="stable")[:_MOST_UNITS]
    return tuple(codes[i] for i in (np.sort(order) if shown else order))


def _unit_rows(face: Face, codes: Sequence[str]) -> list[Row]:
    if face.action_units is None:
        return []
    known = dict(zip(face.action_units.codes, np.nan_to_num(face.action_units.probability), strict=True))
    return [Bar(code, float(known[code])) for code in codes]


def _pose_rows(face: Face) -> list[Row]:
    if face.pose is None:
        return []
    angles = [(name, float(getattr(face.pose, name))) for name in ("yaw", "pitch", "roll")]
    if not np.isfinite([value for _, value in angles]).all():
        return []
    return [Line("   ".join(f"{name} {value:+.0f}°" for name, value in angles), 10, GREY)]


def row_size(row: Row, unit: float) -> tuple[int, int]:
    """Width and height in pixels that a row needs; unit is pixels a design pixel."""
    if isinstance(row, Line):
        size = round(row.size * unit)
        right = text_width(row.right, size) + round(14 * unit) if row.right else 0
        dot = round(14 * unit) if row.dot else 0
        return dot + text_width(row.text, size) + right, round(text_height(size) + 2 * unit)
    if isinstance(row, Bar):
        size = round(10.5 * unit)
        return text_width(f"{row.code}  {row.name}  0.00", size) + round(14 * unit), round(16.5 * unit)
    return (0, round(8 * unit)) if isinstance(row, Split) else (0, round(row.height * unit))


def panel_size(rows: list[Row], unit: float) -> tuple[int, int]:
    """Width and height in pixels of a panel."""
    sizes = [row_size(row, unit) for row in rows]
    margin = round(10 * unit)
    return max(w for w, _ in sizes) + 2 * margin, sum(h for _, h in sizes) + 2 * margin - round(2 * unit)


def draw_panel(canvas: Canvas, rows: list[Row], x: int, y: int, unit: float) -> None:
    """Draw a translucent panel with its top left corner at x, y."""
    width, height = panel_size(rows, unit)
    margin = round(10 * unit)
    fill(canvas, (x, y, x + width, y + height), NIGHT, 0.8, 8 * unit)
    y += margin - round(unit)
    for row in rows:
        _draw_row(canvas, row, x + margin, y, width - 2 * margin, unit)
        y += row_size(row, unit)[1]


def _draw_row(canvas: Canvas, row: Row, x: int, y: int, width: int, unit: float) -> None:
    if isinstance(row, Line):
        _draw_line(canvas, row, x, y, width, unit)
    elif isinstance(row, Bar):
        _draw_bar(canvas, row, x, y, width, unit)
    elif isinstance(row, Split):
        _draw_split(canvas, row, x, y, width, unit)


def _draw_line(canvas: Canvas, row: Line, x: int, y: int, width: int, unit: float) -> None:
    size = round(row.size * unit)
    left = x
    if row.dot:
        middle, radius = y + text_height(size) / 2 + unit, 4 * unit
        fill(canvas, (x, middle - radius, x + 2 * radius, middle + radius), row.dot, 1.0, radius)
        left += round(14 * unit)
    write(canvas, row.text, left, y, size, row.colour)
    if row.right:
        write(canvas, row.right, x + width - text_width(row.right, size), y, size, GREY)


def _draw_bar(canvas: Canvas, row: Bar, x: int, y: int, width: int, unit: float) -> None:
    size = round(10.5 * unit)
    height = 14.5 * unit
    strong = row.probability >= 0.5
    fill(canvas, (x, y, x + width, y + height), WHITE, 0.08, 3 * unit)
    fill(canvas, (x, y, x + width * row.probability, y + height), ACCENT, 0.55 if strong else 0.3, 3 * unit)
    text_y = y + (height - text_height(size)) / 2
    step = write(canvas, row.code, x + 5 * unit, text_y, size, WHITE if strong else GREY)
    write(canvas, row.name, x + step + 10 * unit, text_y, size, WHITE if strong else GREY)
    number = f"{row.probability:.2f}"
    write(canvas, number, x + width - text_width(number, size) - 5 * unit, text_y, size, WHITE if strong else GREY)


def _draw_split(canvas: Canvas, row: Split, x: int, y: int, width: int, unit: float) -> None:
    share = np.cumsum(np.concatenate([[0.0], row.probability])) / max(float(row.probability.sum()), 1e-9)
    for i, name in enumerate(EMOTIONS):
        part = (x + share[i] * width, y + unit, x + share[i + 1] * width - unit, y + 5 * unit)
        fill(canvas, part, EMOTION_COLOURS[name], 0.95, 2 * unit)


def label_texts(face: Face) -> list[str]:
    """One-line labels of a face from the fullest to the shortest."""
    number = "" if face.track_id is None else f"#{face.track_id} "
    read = known_emotion(face)
    emotion = "" if read is None else emotion_text(read)
    shortest = "" if read is None else f"{read.label}{'' if read.clear else '?'}"
    age = "" if face.age is None or not np.isfinite(face.age.value) else f"{face.age.value:.0f}"
    full = [part for part in (emotion and f"displays: {emotion}", age and f"apparent age {age}") if part]
    short = [part for part in (emotion, age and f"app. age {age}") if part]
    texts = [" · ".join(full), " · ".join(short), emotion, shortest]
    return [number + text for text in texts if text] + ([number.strip()] if number else [])


def label_size(text: str, unit: float) -> tuple[int, int]:
    """Width and height in pixels of a one-line label."""
    size = round(10.5 * unit)
    return text_width(text, size) + round(24 * unit), text_height(size) + round(5 * unit)


def draw_label(canvas: Canvas, text: str, colour: Colour, x: int, y: int, unit: float) -> None:
    """Draw a one-line label with its top left corner at x, y."""
    width, height = label_size(text, unit)
    fill(canvas, (x, y, x + width, y + height), NIGHT, 0.76, height / 2)
    radius = 3.5 * unit
    middle = y + height / 2
    fill(canvas, (x + 7 * unit, middle - radius, x + 7 * unit + 2 * radius, middle + radius), colour, 1.0, radius)
    write(canvas, text, x + 18 * unit, y + 2 * unit, round(10.5 * unit))
