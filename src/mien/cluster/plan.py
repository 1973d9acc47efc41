"""What a run on many machines reads, cut into partitions, and kept beside the rows so that a later run goes on."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from mien.cluster.stores import Store, is_address
from mien.errors import InputError, expect
from mien.media import find_sources
from mien.media.sources import PHOTO_SUFFIXES, VIDEO_SUFFIXES

PLAN = "_plan.json"
TABLE_SUFFIXES = frozenset((".parquet", ".pq"))
SHARD_SUFFIXES = frozenset((".tar",))


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing to read: a 'photo', 'video', 'table' (Parquet), 'shard' (tar), or an 'error' with its reason.

    name is what rows show, address where it lies.
    """

    name: str
    kind: str
    address: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Partitions in order, each of which becomes one file of rows. requests, options: of the run that made it."""

    requests: tuple[str, ...]
    options: dict[str, Any]
    partitions: tuple[tuple[Unit, ...], ...]

    def missing(self, out: Store) -> list[int]:
        """Partitions without a file of rows."""
        there = out.names()
        return [index for index in range(len(self.partitions)) if part_name(index) not in there]

    def save(self, out: Store) -> None:
        """Write the plan below the address of the rows."""
        with NamedTemporaryFile(suffix=".json") as file:
            file.write(json.dumps(asdict(self)).encode())
            file.flush()
            out.put(Path(file.name), PLAN)


def part_name(index: int) -> str:
    """The file of a partition.

    >>> part_name(3)
    'part-000003.parquet'
    """
    return f"part-{index:06d}.parquet"


def make_plan(
    requests: Sequence[str], options: Mapping[str, Any], photos: int, *, recursive: bool = True, glob: str | None = None
) -> Plan:
    """The plan of a new run. photos: of one partition; a video, a table or a shard is a partition of its own.

    Raises InputError for no request, StoreError where a store cannot be listed.
    """
    expect(photos >= 1, "partition", "a whole number of at least 1", photos)
    units = (unit for request in requests for unit in find_units(request, recursive=recursive, glob=glob))
    return Plan(tuple(requests), dict(options), tuple(_partitions(units, photos)))


def open_plan(out: Store, requests: Sequence[str], options: Mapping[str, Any]) -> Plan | None:
    """The plan of an earlier run, or None. Raises InputError where that run had other requests or options."""
    if not out.exists(PLAN):
        return None
    with out.reading(PLAN) as file:
        values = json.load(io.TextIOWrapper(file, encoding="utf-8"))
    given = json.loads(json.dumps({"requests": list(requests), **options}))
    before = {"requests": values["requests"], **values["options"]}
    other = [f"{name} {given.get(name)!r} instead of {before.get(name)!r}" for name in {**before, **given}
             if before.get(name) != given.get(name)]  # fmt: skip
    if other:
        raise InputError(
            f"'out' must be new, or of a run with the same sources and options. Got {out.address!r} with "
            f"{'; '.join(other)}."
        )
    partitions = tuple(tuple(Unit(**unit) for unit in units) for units in values["partitions"])
    return Plan(tuple(values["requests"]), values["options"], partitions)


def find_units(request: str, *, recursive: bool = True, glob: str | None = None) -> Iterator[Unit]:
    """What a file, folder or pattern holds, on this machine or in a store; nothing gives an error with its reason."""
    if is_address(request):
        yield from _stored(request, glob)
        return
    tables = sorted(_local_tables(Path(request)))
    yield from (Unit(str(path), _kind(path.name) or "", str(path.absolute())) for path in tables)
    if Path(request) in tables:
        return
    for source in find_sources(request, recursive=recursive, glob=glob):
        if source.kind == "camera":
            yield Unit(source.name, "error", "", "A camera belongs to one machine. Read it without 'ray'.")
        elif not (tables and source.kind == "error" and source.path == Path(request)):
            yield Unit(source.name, source.kind, str((source.path or Path(source.name)).absolute()), source.reason)


def _local_tables(path: Path) -> Iterator[Path]:
    files = path.rglob("*") if path.is_dir() else [path]
    return (file for file in files if _kind(file.name) in ("table", "shard") and file.is_file())


def _stored(request: str, glob: str | None) -> Iterator[Unit]:
    store = Store(request)
    try:
        paths = store.find()
    except FileNotFoundError:
        paths = []
    kinds = {path: _kind(path) for path in paths if glob is None or Path(path).match(glob)}
    yield from (Unit(store.name(path), kind, store.name(path)) for path, kind in kinds.items() if kind)
    if not any(kinds.values()):
        reason = f"No photo, video, Parquet file or tar shard is at {request!r}, among {len(paths)} files. Check it."
        yield Unit(request, "error", request, reason)


def _kind(name: str) -> str | None:
    suffix = Path(name).suffix.lower()
    kinds = {"photo": PHOTO_SUFFIXES, "video": VIDEO_SUFFIXES, "table": TABLE_SUFFIXES, "shard": SHARD_SUFFIXES}
    return next((kind for kind, suffixes in kinds.items() if suffix in suffixes), None)


def _partitions(units: Iterable[Unit], photos: int) -> Iterator[tuple[Unit, ...]]:
    together: list[Unit] = []
    for unit in units:
        large = unit.kind not in ("photo", "error")
        if together and (large or len(together) == photos):
            yield tuple(together)
            together = []
        if large:
            yield (unit,)
        else:
            together.append(unit)
    if together:
        yield tuple(together)
