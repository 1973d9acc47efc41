"""Faces as HTML, as a notebook shows them: a thumbnail with an overlay, and a table."""

import base64
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.faces.parts import Age, Attractiveness, Emotion
from mien.faces.texts import emotion_text, percentile_text
from mien.opencv import cv2

_SIDE, _MOST = 480, 50
_UNITS = 4
_COLORS = {"positive": "#1b8a5a", "neutral": "#5b6770", "negative": "#b8422e"}
_HEADINGS = ("", "displays", "because", "apparent age", "attractiveness", "Action Units")


def html_of(faces: Any, image: NDArray[np.uint8] | None = None) -> str:
    """HTML of `Faces`, over their image (H, W, 3) or on nothing; of many, a table of the first 50."""
    if not len(faces):
        return f"{_thumbnail(faces, image)}<p>No face.</p>" if image is not None else "<p>No face.</p>"
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    body = "".join(f"<tr>{_cells(i, face)}</tr>" for i, face in zip(range(_MOST), faces, strict=False))
    more = f"<p>and {len(faces) - _MOST} more faces</p>" if len(faces) > _MOST else ""
    return f"{_thumbnail(faces, image)}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _thumbnail(faces: Any, image: NDArray[np.uint8] | None) -> str:
    """The overlay as SVG in pixels of the image."""
    if image is not None:
        height, width = image.shape[:2]
    else:
        ends = faces.box[:, 2:].max(0) if len(faces) else np.ones(2)
        width, height = (int(max(1, np.ceil(end))) for end in 1.05 * ends)
    scale = min(1.0, _SIDE / max(width, height))
    thick = 1.5 / scale
    marks = "".join(mark for i, face in enumerate(faces) for mark in _marks(i, face, thick))
    size = f'width="{max(1, round(width * scale))}" height="{max(1, round(height * scale))}"'
    picture = "" if image is None else f'<image href="{_data(image, scale)}" width="{width}" height="{height}"/>'
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} role="img">'
    return f"{frame}<title>{len(faces)} faces</title>{picture}{marks}</svg>"


def _marks(number: int, face: Any, thick: float) -> Iterator[str]:
    color = _COLORS.get(face.emotion.label if face.emotion else "", "#2b6cb0")
    x1, y1 = (f"{end:.1f}" for end in face.box[:2])
    w, h = (f"{side:.1f}" for side in face.box[2:] - face.box[:2])
    yield f'<rect x="{x1}" y="{y1}" width="{w}" height="{h}" fill="none" stroke="{color}" stroke-width="{thick:.2f}"/>'
    yield f'<text x="{x1}" y="{y1}" dy="-2" font-size="{8 * thick:.1f}" fill="{color}">{number}</text>'
    points = face.landmarks if face.landmarks_68 is None else face.landmarks_68
    for x, y in points:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{0.7 * thick:.2f}" fill="{color}"/>'


def _data(image: NDArray[np.uint8], scale: float) -> str:
    """The image, shrunk, as a JPEG inside an address."""
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}" if done else ""


def _cells(number: int, face: Any) -> str:
    texts = (str(number), *_emotion(face.emotion), _age(face.age), _score(face.attractiveness), _units(face))
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def _emotion(part: Emotion | None) -> tuple[str, str]:
    if part is None or not np.isfinite(part.probability).all():
        return "", ""
    return emotion_text(part), ", ".join(f"{code} {value:+.1f}" for code, value in part.evidence[:_UNITS])


def _age(part: Age | None) -> str:
    if part is None or not np.isfinite(part.value):
        return ""
    return f"{part.value:.0f} ({part.low:.0f} to {part.high:.0f})"


def _score(part: Attractiveness | None) -> str:
    return "" if part is None else percentile_text(part)


def _units(face: Any) -> str:
    """Those that are there, strongest first."""
    units = face.action_units
    if units is None:
        return ""
    order = np.argsort(-units.intensity)
    return ", ".join(f"{units.codes[i]} {units.intensity[i]:.1f}" for i in order if units.active[i])
