"""What every benchmark shares: the machine it ran on, the spread of its timings, its file of results."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PEERS = ("autocrop", "pyrpca", "tensorly", "SpaLoR", "sporco")
PACKAGES = ("mien", "numpy", "onnxruntime", "opencv-python-headless", "pillow", *PEERS)
Image = NDArray[np.uint8]


def arguments(description: str | None) -> argparse.Namespace:
    """--quick for a short run, which writes no file unless --out names a folder."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a short run, to see that it works; writes no results")
    parser.add_argument("--out", type=Path, help="folder of the results (default: benchmarks/results)")
    return parser.parse_args()


def environment(threads: Sequence[int]) -> dict[str, Any]:
    """Commit, date, processor and versions. threads: those that were timed."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed_files": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "threads": list(threads),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _git(*command: str) -> str | None:
    try:
        found = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def spread(values: Iterable[float]) -> dict[str, float]:
    """Median, quartiles, smallest and largest of repeated measurements, and how many there were."""
    ordered = sorted(values)
    low, middle, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return {
        "median": middle,
        "lower_quartile": low,
        "upper_quartile": high,
        "min": ordered[0],
        "max": ordered[-1],
        "repeats": len(ordered),
    }


def seconds(work: Callable[[], object], repeats: int, warm_up: int = 5) -> list[float]:
    """Seconds that each of the repeated calls took, after some that do not count."""
    for _ in range(warm_up):
        work()
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return took


def finish(
    name: str,
    given: argparse.Namespace,
    results: dict[str, Any],
    headlines: dict[str, str],
    threads: Sequence[int] = (),
) -> None:
    """Write the results as NAME.json, unless the run was a quick one without --out; the README quotes the headlines."""
    if given.quick and given.out is None:
        return
    folder = given.out or RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "name": name,
        "quick": given.quick,
        "environment": environment(threads),
        "headlines": headlines,
        **results,
    }
    (folder / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows below their header; numbers with three significant digits or more."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return "" if value is None else str(value)
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def portrait() -> Image:
    """The photo (512, 512, 3) that scikit-image carries: one face, some 90 x 115 pixels."""
    from skimage.data import astronaut

    return np.asarray(astronaut(), np.uint8)


def on_canvas(width: int, height: int) -> Image:
    """The portrait as large as it fits, in the middle of a grey canvas."""
    canvas = np.full((height, width, 3), 90, np.uint8)
    side = min(width, height)
    small = cv2.resize(portrait(), (side, side), interpolation=cv2.INTER_AREA)
    x, y = (width - side) // 2, (height - side) // 2
    canvas[y : y + side, x : x + side] = small
    return canvas


def write_video(path: Path, frames: Iterable[Image], fps: float = 25.0) -> None:
    """Write RGB frames as an MP4 file."""
    writer: cv2.VideoWriter | None = None
    for frame in frames:
        if writer is None:
            size = (frame.shape[1], frame.shape[0])
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
            if not writer.isOpened():
                raise SystemExit("This OpenCV cannot write MP4 videos.")
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    if writer is not None:
        writer.release()
