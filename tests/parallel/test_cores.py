"""How many processes a run is worth."""

from pathlib import Path

import pytest

from mien.media import Source
from mien.parallel import PHOTOS_A_WORKER, available_cores, choose_workers


def test_the_quota_of_a_container_counts(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    cores = available_cores(quota)
    quota.write_text("max 100000\n")
    assert available_cores(quota) == cores
    quota.write_text("100000 100000\n")
    assert available_cores(quota) == 1


@pytest.mark.parametrize(("photos", "videos", "workers"), [(0, 0, 1), (1, 0, 1), (2, 0, 2), (0, 3, 3), (9, 0, 4)])
def test_files_and_cores_choose(photos: int, videos: int, workers: int) -> None:
    sources = [Source(str(i), "photo") for i in range(photos * PHOTOS_A_WORKER)]
    assert choose_workers([*sources, *[Source("v", "video")] * videos], cores=4) == workers
