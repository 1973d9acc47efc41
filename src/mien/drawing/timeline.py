"""Time lines of one track: displayed emotion and Action Units."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.drawing.ink import EMOTION_COLOURS, Canvas, Colour, area, fill, lines, text_height, text_width, write
from mien.drawing.picture import Drawing
from mien.errors import InputError, expect
from mien.faces import EMOTIONS, Face, Frame
from mien.facs import CODES, action_unit

Array = NDArray[Any]

_PAPER: Colour = (252, 252, 251)
_INK: Colour = (38, 44, 54)
_SOFT: Colour = (128, 136, 146)
_RULE: Colour = (228, 231, 234)
_UNIT_LINE: Colour = (28, 124, 168)
_UNIT_AREA: Colour = (200, 226, 238)
_WIDTH, _LEFT, _RIGHT, _TOP = 1200, 210, 40, 70
_EMOTION_HEIGHT, _ROW_HEIGHT, _GAP = 110, 46, 10


def timeline(frames: Sequence[Frame], codes: Sequence[str] | None = None, track_id: int | None = None) -> Drawing:
    """Displayed emotion and Action Units of one track over time, as a picture.

    codes: the units to show, by default the six that are most active; track_id: by default the track seen most.
    Lines break where the track was not seen.
    """
    track = _most_seen(frames) if track_id is None else track_id
    times, faces = _of_track(frames, track)
    shown = [face for face in faces if face is not None]
    if not shown:
        raise InputError(
            f"'frames' must hold faces of the track to draw. Got {len(frames)} frames without track {track}."
        )
    curves = _unit_curves(faces, codes)
    emotion = _emotion_curves(faces)
    height = _TOP + (_EMOTION_HEIGHT + _GAP if emotion is not None else 0) + len(curves) * (_ROW_HEIGHT + _GAP) + 50
    canvas: Canvas = np.full((height, _WIDTH, 3), _PAPER, np.uint8)
    title = "One face" if track is None else f"Track #{track}"
    write(canvas, f"{title}: displayed expression over time", 24, 20, 20, _INK)
    _draw_axis(canvas, times, height - 42)
    y = _TOP
    if emotion is not None:
        _draw_emotion(canvas, times, emotion, y)
        y += _EMOTION_HEIGHT + _GAP
    for code, values in curves.items():
        _draw_unit(canvas, times, code, values, y)
        y += _ROW_HEIGHT + _GAP
    return Drawing(canvas)


def _most_seen(frames: Sequence[Frame]) -> int | None:
    """The track with most sightings, the first of them where several have; None without tracking."""
    seen = [f.faces.track_id for f in frames if f.faces.track_id is not None]
    ids = np.concatenate(seen) if seen else np.zeros(0, np.int64)
    ids = ids[ids >= 0]
    return int(np.bincount(ids).argmax()) if len(ids) else None


def _of_track(frames: Sequence[Frame], track: int | None) -> tuple[Array, list[Face | None]]:
    """Times (T,) in seconds, and the face of a track at each; without a track the largest face."""
    times = np.array([float(i) if f.time_s is None else f.time_s for i, f in enumerate(frames)])
    faces: list[Face | None] = []
    for frame in frames:
        own = [face for face in frame.faces if track is None or face.track_id == track]
        faces.append(max(own, key=lambda face: float(np.prod(face.box[2:] - face.box[:2])), default=None))
    return times, faces


def _unit_curves(faces: list[Face | None], codes: Sequence[str] | None) -> dict[str, Array]:
    """Probability (T,) of each unit to show, NaN where it is not known."""
    with_units = [face.action_units for face in faces if face is not None and face.action_units is not None]
    known = with_units[0].codes if with_units else ()
    for code in codes or ():
        expect(code in known, "codes", f"among {', '.join(known) or 'no units, since none were read'}", code)
    table = np.full((len(faces), len(known)), np.nan)
    for i, face in enumerate(faces):
        if face is not None and face.action_units is not None:
            table[i] = face.action_units.probability
    busy = np.argsort(-np.nan_to_num(table).sum(0), kind="stable")[:6]
    wanted = [known[i] for i in sorted(busy)] if codes is None else list(codes)
    return {code: table[:, known.index(code)] for code in wanted}


def _emotion_curves(faces: list[Face | None]) -> Array | None:
    """Probabilities (T, 3), NaN where not known; None where never known."""
    table = np.full((len(faces), len(EMOTIONS)), np.nan)
    for i, face in enumerate(faces):
        if face is not None and face.emotion is not None:
            table[i] = face.emotion.probability
    return None if np.isnan(table).all() else table


def _span(times: Array) -> tuple[float, float]:
    return float(times.min()), float(max(times.max(), times.min() + 1e-3))


def _x(times: Array, span: tuple[float, float]) -> Array:
    return np.asarray(_LEFT + (times - span[0]) / (span[1] - span[0]) * (_WIDTH - _LEFT - _RIGHT))


def _runs(values: Array) -> list[slice]:
    """Stretches without NaN."""
    known = np.concatenate([[False], np.isfinite(values), [False]])
    edges = np.flatnonzero(np.diff(known.astype(int)))
    return [slice(a, b) for a, b in edges.reshape(-1, 2)]


def _ribbon(canvas: Canvas, x: Array, low: Array, high: Array, colour: Colour) -> None:
    """Fill between two lines; a lone sample becomes a thin bar."""
    if len(x) == 1:
        x, low, high = np.array([x[0] - 1.5, x[0] + 1.5]), np.repeat(low, 2), np.repeat(high, 2)
    area(canvas, np.concatenate([np.stack([x, low], 1), np.stack([x, high], 1)[::-1]]), colour)


def _draw_axis(canvas: Canvas, times: Array, bottom: int) -> None:
    """Draw thin rules at round times, with their seconds below."""
    span = _span(times)
    rough = (span[1] - span[0]) / 10
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(float(power * m) for m in (1, 2, 5, 10) if power * m >= rough)
    ticks = np.arange(np.ceil(span[0] / step), np.floor(span[1] / step + 1e-9) + 1) * step
    for tick, x in zip(ticks, _x(ticks, span), strict=True):
        fill(canvas, (x, _TOP - 4, x + 1, bottom), _RULE)
        text = f"{tick:g} s"
        write(canvas, text, x - text_width(text, 12) / 2, bottom + 6, 12, _SOFT)


def _draw_emotion(canvas: Canvas, times: Array, table: Array, y: int) -> None:
    """Draw probabilities stacked from negative at the bottom to positive at the top."""
    x = _x(times, _span(times))
    write(canvas, "displays", 24, y, 13, _INK)
    for i, name in enumerate(EMOTIONS):
        fill(canvas, (24, y + 27 + 20 * i, 34, y + 37 + 20 * i), EMOTION_COLOURS[name], 1.0, 3)
        write(canvas, name, 42, y + 24 + 20 * i, 12, _SOFT)
    for run in _runs(table[:, 0]):
        share = table[run] / np.maximum(table[run].sum(1, keepdims=True), 1e-9)
        edges = y + _EMOTION_HEIGHT * np.concatenate([np.zeros((len(share), 1)), np.cumsum(share, 1)], 1)
        for i, name in enumerate(EMOTIONS):
            _ribbon(canvas, x[run], edges[:, i], edges[:, i + 1], EMOTION_COLOURS[name])


def _draw_unit(canvas: Canvas, times: Array, code: str, values: Array, y: int) -> None:
    """Draw one unit's probability over its base line."""
    x, base = _x(times, _span(times)), float(y + _ROW_HEIGHT)
    middle = y + _ROW_HEIGHT / 2
    write(canvas, code, 24, middle - text_height(13), 13, _INK)
    write(canvas, action_unit(code).name if code in CODES else "", 24, middle, 12, _SOFT)
    fill(canvas, (_LEFT, base, _WIDTH - _RIGHT, base + 1), _RULE)
    for run in _runs(values):
        top = base - _ROW_HEIGHT * np.clip(values[run], 0, 1)
        _ribbon(canvas, x[run], np.full(len(top), base), top, _UNIT_AREA)
        lines(canvas, [np.stack([x[run], top], 1)], _UNIT_LINE, 2)
