"""Faces a second in a picture of 1920 x 1080 pixels with 30 faces of differing sizes, on 1 and 2 threads."""

from typing import Any

import cv2
import numpy as np
from common import Image, arguments, finish, portrait, print_table, seconds, spread

from mien import Analyzer

THREADS = (1, 2)
ROWS, COLUMNS = 5, 6
CELL = (216, 320)


def crowd() -> Image:
    """Head and shoulders of the portrait, 30 times, with faces of some 40 to 115 pixels; every second mirrored."""
    head = portrait()[10:226, 110:340]
    scales = np.random.default_rng(0).permutation(np.linspace(0.36, 1.0, ROWS * COLUMNS))
    canvas = np.full((ROWS * CELL[0], COLUMNS * CELL[1], 3), 90, np.uint8)
    for i, scale in enumerate(scales):
        small = cv2.resize(head[:, :: 1 if i % 2 else -1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        y = i // COLUMNS * CELL[0] + (CELL[0] - small.shape[0]) // 2
        x = i % COLUMNS * CELL[1] + (CELL[1] - small.shape[1]) // 2
        canvas[y : y + small.shape[0], x : x + small.shape[1]] = small
    return canvas


def measure(analyzer: Analyzer, picture: Image, repeats: int) -> dict[str, Any]:
    """Faces found, faces a second of the median, seconds a picture."""
    faces = analyzer.images([picture])[0]
    took = spread(seconds(lambda: analyzer.images([picture]), repeats, warm_up=2))
    side = (faces.box[:, 2:] - faces.box[:, :2]).max(1)
    return {
        "faces_found": len(faces),
        "face_sides": [float(side.min()), float(side.max())],
        "faces_per_second": len(faces) / took["median"],
        "seconds_a_picture": took,
    }


def main() -> None:
    """Time the crowd on each number of threads."""
    given = arguments(__doc__)
    results: dict[str, Any] = {}
    for threads in THREADS:
        cv2.setNumThreads(threads)
        results[f"threads_{threads}"] = measure(Analyzer(threads=threads), crowd(), 3 if given.quick else 50)
    rows = [
        (name, found["faces_found"], found["faces_per_second"], found["seconds_a_picture"]["median"])
        for name, found in results.items()
    ]
    print_table(["1920 x 1080, 30 faces", "found", "faces/s", "seconds"], rows)
    headlines = {
        f"1920 x 1080, a crowd of 30, all heads ({threads} thread{'s' * (threads > 1)})": (
            f"{results[f'threads_{threads}']['faces_per_second']:.0f} faces/s"
        )
        for threads in THREADS
    }
    finish("crowd", given, {"size": [1920, 1080], "faces": ROWS * COLUMNS, **results}, headlines, THREADS)


if __name__ == "__main__":
    main()
