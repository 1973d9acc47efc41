"""`mien analyze --ray`: a plan, the partitions that are missing, Ray Data over them."""

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mien.cluster.plan import Plan, make_plan, open_plan, part_name
from mien.cluster.reading import PartitionReader
from mien.cluster.session import actors, connect
from mien.cluster.stores import Store
from mien.errors import InputError

PHOTOS = 1000
"""Photos of a partition: about half a minute of work, which is lost where a machine dies."""
_ROUNDS = 2


@dataclass
class Summary:
    """What a run did: partitions, sources and sources with an error, earlier parts of the run among them.

    failures: why partitions could not be written, by number; the same call tries these again.
    """

    partitions: int
    sources: int = 0
    errors: int = 0
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count what became of one partition."""
        if row["failure"]:
            self.failures[row["partition"]] = row["failure"]
        else:
            self.failures.pop(row["partition"], None)
            self.sources += row["sources"]
            self.errors += row["errors"]


def analyze_files(
    requests: Sequence[str],
    out: str,
    *,
    address: str | None = None,
    analyzer: Mapping[str, Any] | None = None,
    reading: Mapping[str, Any] | None = None,
    partition: int = PHOTOS,
    most_actors: int | None = None,
    resume: bool = False,
    recursive: bool = True,
    glob: str | None = None,
    watch: Callable[[Mapping[str, Any]], None] = lambda row: None,
) -> Summary:
    """Rows of photos, videos, Parquet files and tar shards, as Parquet files below an address, one a partition.

    The rows are those of `Analyzer.run`. A partition is written whole or not at all, under a name that its number
    gives: a machine that dies costs time, and neither loses nor doubles a row. resume: go on with a run that stopped,
    with the partitions that are missing. out, and requests without a scheme, must be reachable by every machine.

    requests: folders, files, patterns, or addresses such as s3://bucket/photos. address: of the Ray cluster, see
    `connect`. analyzer: arguments of `Analyzer`; reading: `every`, `smooth`, `neutral`. partition: photos of a part.
    most_actors: analyzers at a time, as many as the cluster has cores unless given. watch: called with what became of
    each partition.

    Raises InputError where `out` holds rows and resume is not set, or those of another run; StoreError where a store
    cannot be listed or written.
    """
    store, options = Store(out), {"analyzer": dict(analyzer or {}), "reading": dict(reading or {})}
    plan = open_plan(store, requests, options)
    if plan is not None and not resume:
        raise InputError(f"'out' must be new, or the run resumed. Got {out!r}, which holds rows already.")
    if plan is None:
        plan = make_plan(requests, options, partition, recursive=recursive, glob=glob)
        plan.save(store)
    summary = Summary(len(plan.partitions))
    done = set(range(len(plan.partitions))) - set(plan.missing(store))
    for row in _earlier(store, sorted(done)):
        summary.add(row)
    settings = {**options["analyzer"], "threads": options["analyzer"].get("threads") or 1}
    for _ in range(_ROUNDS):
        missing = plan.missing(store)
        if not missing:
            break
        for row in _run(plan, missing, (settings, options["reading"], out), address, most_actors):
            summary.add(row)
            watch(row)
    return summary


def _run(
    plan: Plan, missing: Sequence[int], reader: tuple[Any, ...], address: str | None, most_actors: int | None
) -> Iterator[dict[str, Any]]:
    """What became of each missing partition: Ray Data gives one at a time to a pool of warm actors.

    An actor that dies is made again, on another machine if need be, and what it had is given out again.
    """
    ray = connect(address)
    rows = [{"partition": index, "units": pickle.dumps(plan.partitions[index])} for index in missing]
    dataset = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
        PartitionReader,
        fn_constructor_args=reader,
        compute=actors(min(most_actors or len(rows), len(rows))),
        num_cpus=1,
    )
    yield from dataset.iter_rows()


def _earlier(store: Store, done: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Counts of the partitions that stand already."""
    import pyarrow.parquet as pq

    for index in done:
        with store.reading(part_name(index)) as file:
            table = pq.read_table(file, columns=["source", "status"])
        status = dict(zip(table.column("source").to_pylist(), table.column("status").to_pylist(), strict=True))
        errors = sum(value == "error" for value in status.values())
        yield {"partition": index, "sources": len(status), "errors": errors, "failure": ""}
