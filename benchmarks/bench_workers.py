"""Photos a second by number of worker processes, beside the pool of the standard library; core seconds by step.

Times of steps are core seconds (`time.process_time`), which other work on the machine moves little; rates are wall time
of runs that take turns, so their ratios are to be read. The peer is `concurrent.futures.ProcessPoolExecutor` over the
same analyzer, without order, resume or the replacement of dead processes.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from common import arguments, finish, on_canvas, print_table, spread

from mien.analyzer import Analyzer
from mien.media import read_photo
from mien.parallel import available_cores
from mien.sinks import open_sink

SIZES = {"512 x 512": (512, 512), "4000 x 3000": (4000, 3000)}
_ROWS = 1000
_READER: list[Analyzer] = []


def photos(folder: Path, count: int, size: tuple[int, int]) -> list[str]:
    """So many JPEG files with one face each, a little different."""
    image = np.ascontiguousarray(on_canvas(*size)[..., ::-1])
    for i in range(count):
        image[:4, :4] = i % 256
        cv2.imwrite(str(folder / f"{i:05d}.jpg"), image)
    return sorted(map(str, folder.glob("*.jpg")))


@contextmanager
def core_seconds(told: list[float], count: int) -> Iterator[None]:
    """Append the core seconds of a block, by item."""
    start = time.process_time()
    yield
    told.append((time.process_time() - start) / count)


def steps(paths: list[str], repeats: int) -> dict[str, dict[str, float]]:
    """Core seconds a photo: decoding, the networks, the writer."""
    analyzer, told = Analyzer(threads=1), {name: list[float]() for name in ("decode", "networks", "write")}
    analyzer.photo(paths[0])
    for _ in range(repeats):
        with core_seconds(told["decode"], len(paths)):
            images = [read_photo(path) for path in paths]
        with core_seconds(told["networks"], len(paths)):
            for image in images:
                analyzer.images([image])
        frames = list(analyzer.photos(paths[:1])) * _ROWS
        with (
            TemporaryDirectory() as folder,
            core_seconds(told["write"], _ROWS),
            open_sink(Path(folder, "a.parquet")) as sink,
        ):
            for frame in frames:
                sink.write(frame)
    return {name: spread(values) for name, values in told.items()}


def with_workers(paths: list[str], workers: int) -> int:
    """Read all photos as `mien analyze --workers` does; how many were read."""
    return sum(1 for _ in Analyzer(threads=1).run(paths, workers=workers))


def _start() -> None:
    _READER.append(Analyzer(threads=1))


def _read(path: str) -> int:
    return len(_READER[0].photo(path))


def with_standard_pool(paths: list[str], workers: int) -> int:
    """The same work by the standard library's pool."""
    with ProcessPoolExecutor(workers, get_context("spawn"), _start) as pool:
        return sum(1 for _ in pool.map(_read, paths, chunksize=8))


def rate(work: Callable[[list[str], int], int], paths: list[str], workers: int) -> float:
    """Photos a second, with the start of the processes."""
    start = time.perf_counter()
    assert work(paths, workers) == len(paths)
    return len(paths) / (time.perf_counter() - start)


def main() -> None:
    given = arguments(__doc__)
    count, repeats = (16, 2) if given.quick else (400, 5)
    results: dict[str, Any] = {"steps": {}, "rates": {}}
    counts = sorted({1, 2, available_cores()})
    for name, size in SIZES.items():
        with TemporaryDirectory() as folder:
            number = count if size == SIZES["512 x 512"] else count // 8
            paths = photos(Path(folder), number, size)
            results["steps"][name] = steps(paths[:8], repeats)
            rates: dict[str, list[float]] = {}
            for _ in range(repeats):
                for workers in counts:
                    rates.setdefault(f"mien, {workers}", []).append(rate(with_workers, paths, workers))
                rates.setdefault(f"standard pool, {counts[-1]}", []).append(rate(with_standard_pool, paths, counts[-1]))
            results["rates"][name] = {key: spread(values) for key, values in rates.items()}
    print_table(
        ["photo", "step", "core ms"],
        [(n, s, 1000 * v["median"]) for n, p in results["steps"].items() for s, v in p.items()],
    )
    print_table(
        ["photo", "processes", "photos/s"],
        [(n, k, v["median"]) for n, p in results["rates"].items() for k, v in p.items()],
    )
    small = results["rates"]["512 x 512"]
    gain = small[f"mien, {counts[-1]}"]["median"] / small["mien, 1"]["median"]
    finish("workers", given, results, {"workers": f"{gain:.2f} times one process with {counts[-1]}"}, counts)


if __name__ == "__main__":
    main()
