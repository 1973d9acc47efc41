"""Drawn faces for the page that plays: docs/handbook/play/faces.js.

python scripts/handbook_pages/face_stack.py writes the file.
"""

import base64
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.opencv import cv2

Gray = NDArray[np.float64]
WIDTH, HEIGHT, COUNT, FINE = 40, 48, 20, 4
COVERED = {2: "glasses", 4: "hand", 7: "shadow", 9: "spot", 11: "glasses", 14: "hand", 16: "shadow", 18: "spot"}
PATH = Path(__file__).resolve().parents[2] / "docs" / "handbook" / "play" / "faces.js"


def stack() -> Gray:
    """Faces (COUNT, HEIGHT, WIDTH) from 0 to 1: one head in other light and with other looks, some covered."""
    rng = np.random.default_rng(4)
    faces = [face(smile, brow, *light) for smile, brow, *light in rng.uniform(-1, 1, (COUNT, 4))]
    for index, what in COVERED.items():
        faces[index] = cover(faces[index], what)
    small = [cv2.resize(one, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for one in faces]
    return np.clip(np.stack(small), 0, 1)


def face(smile: float, brow: float, side: float, power: float) -> Gray:
    """A head of FINE times the size; looks and light from -1 to 1."""
    image = np.full((HEIGHT * FINE, WIDTH * FINE), 0.25)
    _oval(image, (80, 92), (64, 84), 0.14)
    _oval(image, (80, 104), (52, 72), 0.72)
    for x in (58, 102):
        _oval(image, (x, 96), (11, 6), 0.95)
        _oval(image, (x, 96), (5, 5), 0.12)
        cv2.line(image, (x - 13, round(80 - 4 * brow)), (x + 13, round(80 + 2 * brow)), 0.2, 5, cv2.LINE_AA)
    cv2.line(image, (80, 100), (76, 122), 0.55, 4, cv2.LINE_AA)
    cv2.line(image, (76, 122), (86, 123), 0.55, 4, cv2.LINE_AA)
    bend = [(x, round(146 + 7 * smile * (1 - ((x - 80) / 24) ** 2))) for x in range(56, 105, 4)]
    cv2.polylines(image, [np.array(bend, np.int32)], False, 0.38, 6, cv2.LINE_AA)
    slope = np.linspace(-1, 1, image.shape[1])
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 2) * (1 + 0.25 * side * slope + 0.15 * power))


def cover(image: Gray, what: str) -> Gray:
    """Something in front of a face."""
    image = image.copy()
    if what == "glasses":
        for x in (57, 103):
            _oval(image, (x, 97), (20, 15), 0.05)
        cv2.line(image, (70, 94), (90, 94), 0.05, 5, cv2.LINE_AA)
    elif what == "hand":
        for x in range(30, 70, 11):
            cv2.line(image, (x, 190), (x + 18, 128), 0.9, 11, cv2.LINE_AA)
    elif what == "shadow":
        image[:, 112:] *= 0.3
    else:
        _oval(image, (112, 60), (17, 17), 1.0)
    return image


def _oval(image: Gray, center: tuple[int, int], axes: tuple[int, int], gray: float) -> None:
    cv2.ellipse(image, center, axes, 0, 0, 360, gray, -1, cv2.LINE_AA)


def module(faces: NDArray[Any]) -> str:
    """JavaScript with the faces as bytes, one row a face."""
    data = base64.b64encode(np.round(255 * faces).astype(np.uint8).tobytes()).decode()
    return f"""// Drawn faces, by scripts/handbook_pages/face_stack.py: values from 0 to 1, one row a face.
export const width = {WIDTH}, height = {HEIGHT}, covered = {list(COVERED)};
const bytes = Uint8Array.from(atob(
  "{data}"
), character => character.charCodeAt(0));
export const images = Array.from({{ length: {COUNT} }}, (_, k) => Float64Array.from(
  bytes.subarray(k * width * height, (k + 1) * width * height), value => value / 255));
"""


if __name__ == "__main__":
    PATH.write_text(module(stack()), encoding="utf-8")
