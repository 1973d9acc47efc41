"""Time lines of one track: displayed emotion, and Action Units with their events."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.drawing.ink import EMOTION_COLOURS, Canvas, Colour, area, dots, fill, lines, text_height, text_width, write
from mien.drawing.picture import Drawing
from mien.errors import InputError, expect
from mien.expression.events import Event, events_in
from mien.faces import EMOTIONS, Face, Frame
from mien.facs import CODES, action_unit

Array = NDArray[Any]

_PAPER: Colour = (252, 252, 251)
_INK: Colour = (38, 44, 54)
_SOFT: Colour = (128, 136, 146)
_RULE: Colour = (228, 231, 234)
_UNIT_LINE: Colour = (28, 124, 168)
_UNIT_AREA: Colour = (200, 226, 238)
_EVENT_AREA: Colour = (252, 240, 220)
_EVENT: Colour = (206, 128, 30)
_WIDTH, _LEFT, _RIGHT, _TOP = 1200, 210, 40, 70
_EMOTION_HEIGHT, _ROW_HEIGHT, _GAP = 110, 46, 10


def timeline(
    frames: Sequence[Frame],
    codes: Sequence[str] | None = None,
    track_id: int | None = None,
    events: Iterable[Event] | None = None,
) -> Drawing:
    """Displayed emotion, and intensity of Action Units, of one track over time, as an image.

    codes: the units to show, by default those with events, and at least the six most active; track_id: by default
    the track seen most; events: by default those of the frames, see `mien.expression.events`. An event is a bar from
    onset to offset with a dot at the apex. Lines break where the track was not seen.
    """
    track = most_seen(frames) if track_id is None else track_id
    times, faces = _of_track(frames, track)
    if not any(faces):
        raise InputError(
            f"'frames' must hold faces of the track to draw. Got {len(frames)} frames without track {track}."
        )
    track_events = [e for e in (events_in(frames) if events is None else events) if e.track_id == track]
    curves = _unit_curves(faces, codes, {event.code for event in track_events})
    emotion = _emotion_curves(faces)
    height = _TOP + (_EMOTION_HEIGHT + _GAP if emotion is not None else 0) + len(curves) * (_ROW_HEIGHT + _GAP) + 50
    canvas: Canvas = np.full((height, _WIDTH, 3), _PAPER, np.uint8)
    title = "One face" if track is None else f"Track #{track}"
    write(canvas, f"{title}: displayed expression over time", 24, 20, 20, _INK)
    _draw_legend(canvas)
    _draw_axis(canvas, times, height - 42)
    y = _TOP
    if emotion is not None:
        _draw_emotion(canvas, times, emotion, y)
        y += _EMOTION_HEIGHT + _GAP
    for code, values in curves.items():
        _draw_unit(canvas, times, code, values, [e for e in track_events if e.code == code], y)
        y += _ROW_HEIGHT + _GAP
    return Drawing(canvas)


def most_seen(frames: Sequence[Frame]) -> int | None:
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
        candidates = [face for face in frame.faces if track is None or face.track_id == track]
        faces.append(max(candidates, key=lambda face: float(np.prod(face.box[2:] - face.box[:2])), default=None))
    return times, faces


def _unit_curves(faces: list[Face | None], codes: Sequence[str] | None, moved: set[str]) -> dict[str, Array]:
    """Intensity (T,) of each unit to show, NaN where it is not known."""
    with_units = [face.action_units for face in faces if face is not None and face.action_units is not None]
    known = with_units[0].codes if with_units else ()
    for code in codes or ():
        expect(code in known, "codes", f"among {', '.join(known) or 'no units, since none were read'}", code)
    table = np.full((len(faces), len(known)), np.nan)
    for i, face in enumerate(faces):
        if face is not None and face.action_units is not None:
            table[i] = face.action_units.intensity
    busy = dict(zip(known, np.nan_to_num(table).sum(0), strict=True))
    first = sorted(known, key=lambda code: (code not in moved, -busy[code]))[: max(6, len(moved))]
    wanted = [code for code in known if code in first] if codes is None else list(codes)
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


def _draw_legend(canvas: Canvas) -> None:
    """Say what the marks of the units mean, at the upper right."""
    text = "unit: intensity 0 to 5; bar: onset to offset; dot: apex"
    write(canvas, text, _WIDTH - _RIGHT - text_width(text, 12), 28, 12, _SOFT)


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


def _draw_unit(canvas: Canvas, times: Array, code: str, values: Array, events: list[Event], y: int) -> None:
    """Draw one unit's intensity, 0 to 5, over its base line, and its events."""
    span, base = _span(times), float(y + _ROW_HEIGHT)
    x, middle = _x(times, span), y + _ROW_HEIGHT / 2
    write(canvas, code, 24, middle - text_height(13), 13, _INK)
    write(canvas, action_unit(code).name if code in CODES else "", 24, middle, 12, _SOFT)
    bounds = [_x(np.array([event.onset_s, event.offset_s]), span) for event in events]
    for start, end in bounds:
        fill(canvas, (start, y, max(end, start + 2), base), _EVENT_AREA)
    fill(canvas, (_LEFT, base, _WIDTH - _RIGHT, base + 1), _RULE)
    for run in _runs(values):
        top = base - _unit_height(values[run])
        _ribbon(canvas, x[run], np.full(len(top), base), top, _UNIT_AREA)
        lines(canvas, [np.stack([x[run], top], 1)], _UNIT_LINE, 2)
    for event, (start, end) in zip(events, bounds, strict=True):
        fill(canvas, (start, base + 1, max(end, start + 2), base + 4), _EVENT)
        apex = _x(np.array([event.apex_s]), span)
        dots(canvas, np.stack([apex, base - _unit_height(np.array([event.peak_intensity]))], 1), _EVENT, 4)


def _unit_height(intensity: Array) -> Array:
    """Pixels above the base line."""
    return np.asarray(_ROW_HEIGHT * np.clip(intensity / 5, 0, 1))
