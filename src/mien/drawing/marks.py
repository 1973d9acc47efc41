"""What is drawn on the face itself: box, landmarks, pose axes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.drawing.ink import ACCENT, AXIS_COLOURS, EMOTION_COLOURS, NIGHT, WHITE, Canvas, Colour, dots, lines
from mien.faces import Emotion, Face, Pose
from mien.opencv import cv2

Array = NDArray[Any]

_OPEN_PATHS = [range(17), range(17, 22), range(22, 27), range(27, 31), range(31, 36)]
_CLOSED_PATHS = [range(36, 42), range(42, 48), range(48, 60), range(60, 68)]
_SMALLEST_FOR_LANDMARKS = 44
_SMALLEST_FOR_DOTS = 80
_SMALLEST_FOR_AXES = 56


def known_emotion(face: Face) -> Emotion | None:
    """Displayed emotion, None where it was not read or is undefined."""
    emotion = face.emotion
    return emotion if emotion is not None and np.isfinite(emotion.probability).all() else None


def face_colour(face: Face) -> Colour:
    """Color of the displayed emotion, or the accent where it was not read."""
    emotion = known_emotion(face)
    return ACCENT if emotion is None else EMOTION_COLOURS[emotion.label]


def draw_marks(canvas: Canvas, face: Face) -> None:
    """Draw box, landmarks and pose axes of a face whose numbers are in pixels of the canvas."""
    size = float(np.sqrt(np.prod(np.maximum(face.box[2:] - face.box[:2], 1.0))))
    width = float(np.clip(size / 80, 1.0, 12.0))
    if size >= _SMALLEST_FOR_LANDMARKS:
        _draw_landmarks(canvas, face, size)
    corners = corner_paths(face.box)

    def shadow(part: Canvas, shift: Array) -> None:
        lines(part, [corner - shift for corner in corners], NIGHT, width + 2)

    _translucent(canvas, face.box, width + 3, shadow, 0.35)
    lines(canvas, corners, face_colour(face), width)
    if face.pose is not None and size >= _SMALLEST_FOR_AXES:
        _draw_axes(canvas, face.pose, face.landmarks[2], size, width)


def corner_paths(box: Array) -> list[Array]:
    """Four rounded corners of a box (4,) as paths (P, 2)."""
    x1, y1, x2, y2 = (float(v) for v in box)
    side = min(x2 - x1, y2 - y1)
    reach, radius = 0.2 * side, 0.07 * side
    turn = np.linspace(0, np.pi / 2, 7)
    arc = radius * (1 - np.stack([np.sin(turn), np.cos(turn)], -1))
    path = np.concatenate([[[reach, 0.0]], arc, [[0.0, reach]]])
    signs = [(x1, y1, 1, 1), (x2, y1, -1, 1), (x2, y2, -1, -1), (x1, y2, 1, -1)]
    return [path * (sx, sy) + (x, y) for x, y, sx, sy in signs]


def _translucent(canvas: Canvas, box: Array, margin: float, paint: Any, alpha: float) -> None:
    """Let `paint(part, shift)` draw on a copy of the canvas around a box, and mix the copy in."""
    height, width = canvas.shape[:2]
    x1, y1 = np.clip(np.floor(box[:2] - margin), 0, [width, height]).astype(int)
    x2, y2 = np.clip(np.ceil(box[2:] + margin), 0, [width, height]).astype(int)
    if x2 <= x1 or y2 <= y1:
        return
    part = canvas[y1:y2, x1:x2]
    copy = part.copy()
    paint(copy, np.array([x1, y1]))
    part[:] = cv2.addWeighted(copy, alpha, part, 1 - alpha, 0)


def _draw_landmarks(canvas: Canvas, face: Face, size: float) -> None:
    """Draw 68 points joined by thin lines, or the five points where there are no more."""
    dense = face.landmarks_68 if face.landmarks_68 is not None and np.isfinite(face.landmarks_68).all() else None
    points = face.landmarks if dense is None else dense
    radius = float(np.clip(size / 130, 0.8, 6.0))
    if dense is not None:
        around = np.concatenate([points.min(0), points.max(0)])

        def paint(part: Canvas, shift: Array) -> None:
            lines(part, [points[p] - shift for p in _OPEN_PATHS], WHITE, size / 220)
            lines(part, [points[p] - shift for p in _CLOSED_PATHS], WHITE, size / 220, closed=True)

        _translucent(canvas, around, 4, paint, 0.55)
        if size >= _SMALLEST_FOR_DOTS:
            dots(canvas, points, ACCENT, radius)
    else:
        dots(canvas, points, ACCENT, 1.8 * radius)


def pose_axes(yaw: float, pitch: float, roll: float) -> Array:
    """Directions (3, 2) in the image of the head's axes: to its left, up, and out of the face.

    The head turns about its own axes first (yaw, pitch), then the image rolls.

    >>> pose_axes(90.0, 0.0, 0.0).round(3).tolist()[2], pose_axes(0.0, 0.0, 90.0).round(3).tolist()[0]
    ([1.0, 0.0], [0.0, -1.0])
    """
    y, p, r = np.radians([yaw, pitch, roll])
    left = [np.cos(y), 0.0]
    up = [np.sin(p) * np.sin(y), -np.cos(p)]
    out = [np.cos(p) * np.sin(y), np.sin(p)]
    spin = np.array([[np.cos(r), -np.sin(r)], [np.sin(r), np.cos(r)]])
    return np.asarray(np.array([left, up, out]) @ spin)


def _draw_axes(canvas: Canvas, pose: Pose, nose: Array, size: float, width: float) -> None:
    """Draw the head's axes from the nose, the one out of the face longest."""
    angles = [float(pose.yaw), float(pose.pitch), float(pose.roll)]
    if not np.isfinite(angles).all():
        return
    for axis, length, colour in zip(pose_axes(*angles), (0.26, 0.26, 0.42), AXIS_COLOURS, strict=True):
        end = nose + axis * length * size
        lines(canvas, [np.stack([nose, end])], colour, width)
        dots(canvas, end[None], colour, 0.9 * width + 0.5)
    dots(canvas, nose[None], WHITE, 0.8 * width + 0.5)
