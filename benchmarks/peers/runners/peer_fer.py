"""fer: Haar cascade and a small network for seven emotions, quantized, as it comes."""

# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "tensorflow-cpu==2.19.1", "setuptools<81", "opencv-python-headless<5", "requests", "pandas", "tqdm", "pillow",
# ]
# [tool.peer]
# heads = ["emotion", "smile"]
# bare = ["fer==25.10.3"]
# ///

import cv2
import numpy as np
from contract import Faces, Read, serve
from fer.fer import FER


def load() -> Read:
    """The package's own way: it takes BGR, and its scores have two decimals."""
    detector = FER()

    def read(image) -> Faces:
        found = detector.detect_emotions(np.ascontiguousarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR)))
        return [{"box": _corners(face["box"]), "emotions": face["emotions"]} for face in found]

    return read


def _corners(box) -> list[int]:
    x, y, width, height = (int(value) for value in box)
    return [x, y, x + width, y + height]


if __name__ == "__main__":
    serve(load, ("fer", "tensorflow-cpu"))
