"""A real cluster of two nodes on this machine: whatever dies, nothing is lost and nothing comes twice."""

import os
import pickle
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.cluster.conftest import HEADS

from mien.analyzer import Analyzer
from mien.errors import InputError

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1500)]


def tripled(base: int) -> Any:
    return lambda value: base * value


def actor_processes() -> list[int]:
    """Processes of the actors that read partitions."""
    pids = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes()
        except (OSError, NotADirectoryError):
            continue
        if words.startswith(b"ray::") and b"PartitionReader" in words:
            pids.append(int(folder.name))
    return pids


def rows_below(out: Path) -> list[dict[str, Any]]:
    return [row for file in sorted(out.glob("part-*.parquet")) for row in pq.read_table(file).to_pylist()]


def expected_rows(photos: Path) -> list[dict[str, Any]]:
    frames = Analyzer(**HEADS, threads=1).run([str(photos)])
    return [row for frame in frames for row in frame.to_dicts()]


@pytest.mark.slow
def test_a_map_keeps_the_order_and_its_errors(cluster: Any) -> None:
    from mien.cluster import ray_map

    mapped = ray_map(most_actors=1)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert list(mapped(lambda: tripled(3), range(5))) == [0, 3, 6, 9, 12]
    with pytest.raises(InputError, match="'x' must be small"):
        list(mapped(lambda: refuse, range(2)))


def refuse(value: int) -> int:
    raise InputError("'x' must be small. Got 1.")


@pytest.mark.slow
def test_a_worker_and_a_node_that_die_cost_no_row(cluster: Any, photos: Path, tmp_path: Path) -> None:
    from mien.cluster import analyze_files

    for i in range(8):
        (photos / f"d{i}.png").write_bytes((photos / "a0.png").read_bytes())
    out, told, node = tmp_path / "out", [], cluster.list_all_nodes()[1]

    def kill(row: dict[str, Any]) -> None:
        told.append(row["partition"])
        if len(told) == 1:
            os.kill(actor_processes()[0], signal.SIGKILL)
        if len(told) == 3:
            cluster.remove_node(node, allow_graceful=False)

    summary = analyze_files([str(photos)], str(out), analyzer=HEADS, partition=1, watch=kill)
    assert not summary.failures
    assert (summary.sources, summary.errors) == (13, 1)
    rows, expected = rows_below(out), expected_rows(photos)
    assert Counter(row["source"] for row in rows) == Counter(row["source"] for row in expected)
    assert [(row["source"], row["box_x1"]) for row in rows] == [
        (row["source"], row["box"][0] if row.get("box") else None) for row in expected
    ]
    (out / "part-000002.parquet").unlink()  # as where a driver died
    with pytest.raises(InputError, match="'out' must be new, or the run resumed"):
        analyze_files([str(photos)], str(out), analyzer=HEADS, partition=1)
    again = analyze_files([str(photos)], str(out), analyzer=HEADS, partition=1, resume=True)
    assert (again.sources, again.errors) == (13, 1)
    assert rows_below(out) == rows


@pytest.mark.slow
def test_a_dataset_of_images_becomes_one_of_rows(cluster: Any, photos: Path) -> None:
    from mien.cluster import analyze

    dataset = ray.data.read_binary_files(str(photos), include_paths=True)
    rows = sorted(analyze(dataset, most_actors=1, **HEADS).take_all(), key=lambda row: row["source"])
    expected = expected_rows(photos)
    assert [(Path(row["source"]).name, row["status"]) for row in rows] == [
        (Path(row["source"]).name, row["status"]) for row in expected
    ]
    assert [row["score"] for row in rows[:3]] == [row["score"] for row in expected[:3]]


def test_units_cross_between_processes() -> None:
    from mien.cluster.plan import Unit

    assert pickle.loads(pickle.dumps(Unit("a", "photo", "/a"))) == Unit("a", "photo", "/a")
