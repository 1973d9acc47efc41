"""What Prometheus reads."""

import os
import re
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from mien.server.processes import alive

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which workers share their numbers, for the library to see before it is imported."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Numbers of one server; with several workers any of them answers for all."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        live: dict[str, Any] = {"registry": registry, "multiprocess_mode": "livesum"}
        self.requests = Counter("mien_requests", "Requests answered.", ("path", "status"), registry=registry)
        self.seconds = Histogram(
            "mien_request_seconds", "Time of a request.", ("path",), registry=registry, buckets=_SECONDS
        )
        self.photos = Counter("mien_photos", "Photos read.", ("status",), registry=registry)
        self.faces = Counter("mien_faces", "Faces read in photos and frames.", registry=registry)
        self.batches = Histogram(
            "mien_batch_photos", "Photos of a batch.", registry=registry, buckets=(1, 2, 4, 8, 16, 32)
        )
        self.waiting = Gauge("mien_waiting_photos", "Photos in the queue.", **live)
        self.live = Gauge("mien_live_connections", "Open sockets of /v1/live.", **live)
        self.frames = Counter("mien_live_frames", "Frames of /v1/live.", ("outcome",), registry=registry)
        self.jobs = Counter("mien_jobs", "Video jobs that ended.", ("state",), registry=registry)

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request. path: the pattern of its route, so that names are few."""
        self.requests.labels(path, str(status)).inc()
        self.seconds.labels(path).observe(seconds)

    def text(self) -> tuple[bytes, str]:
        """The numbers, and the content type of the answer."""
        registry = self.registry
        if FOLDER in os.environ:
            _forget_the_killed(Path(os.environ[FOLDER]))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def close(self) -> None:
        """Take the gauges of this worker out of the sums."""
        if FOLDER in os.environ:
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


def _forget_the_killed(folder: Path) -> None:
    """Take out the gauges of workers that had no time to."""
    for path in folder.glob("gauge_live*.db"):
        number = re.search(r"_(\d+)[.]db$", path.name)
        if number and not alive(int(number[1])):
            mark_process_dead(number[1])  # type: ignore[no-untyped-call]
