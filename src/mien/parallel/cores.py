"""How many processes are worth their start."""

import os
from collections.abc import Iterable
from pathlib import Path

from mien.media import Source

PHOTOS_A_WORKER = 128
"""Photos that take about as long as a process needs to start."""
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def available_cores(quota: Path = _QUOTA) -> int:
    """Cores that this process may use: its affinity, and the quota of its container where there is one.

    >>> available_cores() >= 1
    True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        limit, period = quota.read_text().split()
        return max(1, min(cores, round(int(limit) / int(period))))
    except (OSError, ValueError):  # no container, or no limit
        return cores


def choose_workers(sources: Iterable[Source], cores: int) -> int:
    """Processes that a run is worth: one for each 128 photos and each video, at most one a core.

    >>> choose_workers([Source(f"{i}.jpg", "photo") for i in range(300)], cores=8)
    2
    """
    photos = videos = 0
    for source in sources:
        photos += source.kind == "photo"
        videos += source.kind == "video"
        if photos // PHOTOS_A_WORKER + videos >= cores:
            return cores
    return max(1, photos // PHOTOS_A_WORKER + videos)
