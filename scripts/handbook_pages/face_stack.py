"""Drawn faces for the page that plays: docs/handbook/play/faces_data.js.

python scripts/handbook_pages/face_stack.py writes the file. A face is a mean, two looks and two lights, each with a
weight, so that the stack has rank 5 but for what covers some of them.
"""

import base64
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.opencv import cv2

Gray = NDArray[np.float64]
WIDTH, HEIGHT, COUNT, FINE = 40, 48, 20, 4
COVERED = {2: "glasses", 4: "hand", 7: "shadow", 9: "spot", 11: "glasses", 14: "hand", 16: "shadow", 18: "spot"}
PATH = Path(__file__).resolve().parents[2] / "docs" / "handbook" / "play" / "faces_data.js"


def parts() -> Gray:
    """Mean, smile, brows, light from the side, brightness (5, HEIGHT, WIDTH), within -1 and 1."""
    smile, brow = (0.5 * (face(*up) - face(*down)) for up, down in (((1, 0), (-1, 0)), ((0, 1), (0, -1))))
    head = np.zeros_like(smile)
    _oval(head, (80, 104), (52, 72), 1.0)
    head = cv2.GaussianBlur(head, (0, 0), 4)
    slope = np.linspace(-1, 1, head.shape[1]) * head
    return np.stack([small(one) for one in (face(0, 0), smile, brow, slope, head)])


def weights() -> Gray:
    """Weights (COUNT, 5) of the parts."""
    drawn = np.random.default_rng(4).uniform(-1, 1, (COUNT, 4)) * np.array([1, 1, 0.22, 0.12])
    return np.round(np.concatenate([np.ones((COUNT, 1)), drawn], 1), 3)


def face(smile: float, brow: float) -> Gray:
    """A head of FINE times the size; looks from -1 to 1."""
    image = np.full((HEIGHT * FINE, WIDTH * FINE), 0.25)
    _oval(image, (80, 92), (64, 84), 0.14)
    _oval(image, (80, 104), (52, 72), 0.68)
    for x in (58, 102):
        _oval(image, (x, 96), (11, 6), 0.95)
        _oval(image, (x, 96), (5, 5), 0.12)
        cv2.line(image, (x - 13, round(80 - 4 * brow)), (x + 13, round(80 + 2 * brow)), 0.2, 5, cv2.LINE_AA)
    cv2.line(image, (80, 100), (76, 122), 0.52, 4, cv2.LINE_AA)
    cv2.line(image, (76, 122), (86, 123), 0.52, 4, cv2.LINE_AA)
    bend = [(x, round(146 + 7 * smile * (1 - ((x - 80) / 24) ** 2))) for x in range(56, 105, 4)]
    cv2.polylines(image, [np.array(bend, np.int32)], False, 0.35, 6, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 2))


def covers() -> dict[str, tuple[Gray, float]]:
    """Where something lies over a face, 0 to 1 (HEIGHT, WIDTH), and its gray, by name."""
    found = {}
    for name, gray in (("glasses", 0.05), ("hand", 0.92), ("shadow", 0.08), ("spot", 1.0)):
        alpha = np.zeros((HEIGHT * FINE, WIDTH * FINE))
        if name == "glasses":
            for x in (57, 103):
                _oval(alpha, (x, 97), (20, 15), 1.0)
            cv2.line(alpha, (70, 94), (90, 94), 1.0, 5, cv2.LINE_AA)
        elif name == "hand":
            for x in range(30, 70, 11):
                cv2.line(alpha, (x, 190), (x + 18, 128), 1.0, 11, cv2.LINE_AA)
        elif name == "shadow":
            alpha[:, 120:] = 0.7
        else:
            _oval(alpha, (112, 60), (17, 17), 1.0)
        found[name] = (small(alpha), gray)
    return found


def small(image: Gray) -> Gray:
    """The image at its final size."""
    return np.asarray(cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))


def _oval(image: Gray, center: tuple[int, int], axes: tuple[int, int], gray: float) -> None:
    cv2.ellipse(image, center, axes, 0, 0, 360, gray, -1, cv2.LINE_AA)


def _text(values: Gray) -> str:
    return base64.b64encode(np.clip(np.round(values), 0, 255).astype(np.uint8).tobytes()).decode()


def module() -> str:
    """The JavaScript."""
    shown = {name: [_text(255 * alpha), gray] for name, (alpha, gray) in covers().items()}
    constants = {
        "WIDTH": WIDTH,
        "HEIGHT": HEIGHT,
        "PARTS": _text(128 + 127 * parts()),
        "COVERS": shown,
        "COVERED": COVERED,
        "WEIGHTS": weights().tolist(),
    }
    lines = (f"export const {name} = {json.dumps(value)};\n" for name, value in constants.items())
    return "// By scripts/handbook_pages/face_stack.py.\n" + "".join(lines)


if __name__ == "__main__":
    PATH.write_text(module(), encoding="utf-8")
