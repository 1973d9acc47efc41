"""What a runner in Python needs besides its own reading: pictures in, JSON Lines out. See ../README.md."""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Faces = list[dict[str, Any]]
Read = Callable[[np.ndarray], Faces]


def serve(load: Callable[[], Read], packages: tuple[str, ...], out: str | None = None) -> None:
    """Read the pictures (H, W, 3) RGB named on standard input, and append a row for each to the file `out`.

    load: makes the function that reads one picture; what it does before is not timed. packages: whose versions count.
    """
    read = load()
    with Path(out or sys.argv[1]).open("a", encoding="utf-8") as file:
        _write(file, {"about": {"versions": {name: version(name) for name in packages}}})
        for line in sys.stdin:
            _write(file, {"picture": Path(line.strip()).stem, **_row(read, line.strip())})


def _row(read: Read, path: str) -> dict[str, Any]:
    try:
        image = np.asarray(Image.open(path).convert("RGB"))
        wall, processor = time.perf_counter(), time.process_time()
        faces = read(image)
        took = {"ms": 1000 * (time.perf_counter() - wall), "cpu_ms": 1000 * (time.process_time() - processor)}
    except Exception as error:  # one broken picture never stops a run
        return {"error": f"{type(error).__name__}: {error}"}
    return {"faces": faces, **took}


def _write(file: Any, row: dict[str, Any]) -> None:
    file.write(json.dumps(row, default=float) + "\n")
    file.flush()
