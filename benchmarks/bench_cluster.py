"""What Ray costs: the same photos by `mien analyze --ray` and by `--workers`, on the same cores of this machine.

The peer of the cluster is one machine without it. Start is told apart from the rate: Ray and its actors take seconds to
start, which a long run does not notice.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_workers import SIZES, photos, with_workers
from common import arguments, finish, print_table

from mien.cluster import analyze_files, connect
from mien.parallel import available_cores


def on_ray(folder: Path, out: Path, partition: int, cores: int) -> dict[str, float]:
    """Seconds until Ray runs, until the first partition is written, and photos a second from then on."""
    start = time.perf_counter()
    connect()
    running = time.perf_counter()
    ends: list[tuple[float, int]] = []

    def watch(row: Mapping[str, Any]) -> None:
        ends.append((time.perf_counter(), row["sources"]))

    analyze_files([str(folder)], str(out), partition=partition, most_actors=cores, watch=watch)
    later = sum(count for _, count in ends[1:])
    return {
        "start_s": running - start,
        "first_partition_s": ends[0][0] - running,
        "photos_s": later / max(ends[-1][0] - ends[0][0], 1e-9),
    }


def with_processes(paths: list[str], workers: int) -> float:
    """Photos a second of worker processes, their start included."""
    start = time.perf_counter()
    with_workers(paths, workers)
    return len(paths) / (time.perf_counter() - start)


def main() -> None:
    given = arguments(__doc__)
    count, partition, cores = (16, 4, 1) if given.quick else (600, 50, available_cores())
    with TemporaryDirectory() as folder:
        inside = Path(folder, "photos")
        inside.mkdir()
        paths = photos(inside, count, SIZES["512 x 512"])
        ray = on_ray(inside, Path(folder, "out"), partition, cores)
        results: dict[str, Any] = {"ray": ray, "workers_photos_s": with_processes(paths, cores), "photos": count}
    print_table(["what", "value"], [*ray.items(), ("workers, photos/s", results["workers_photos_s"])])
    finish("cluster", given, results, {}, [cores])


if __name__ == "__main__":
    main()
