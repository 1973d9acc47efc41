"""One partition: from its units to a file of rows. The same code runs in an actor of Ray and without Ray."""

import pickle
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mien.cluster.contents import Spool, sources_of
from mien.cluster.plan import Unit, part_name
from mien.cluster.stores import Store
from mien.errors import MienError
from mien.faces import Frame
from mien.parallel import ReaderPool
from mien.sinks import open_sink


class PartitionReader:
    """A warm analyzer in a process of its own, which a broken file may take down, and where its rows go.

    analyzer: arguments of `Analyzer`; reading: of its `run`; out: address of the files of rows.
    """

    def __init__(self, analyzer: Mapping[str, Any], reading: Mapping[str, Any], out: str) -> None:
        from mien.analyzer import Analyzer

        self._pool = ReaderPool(Analyzer(**analyzer), 1, **reading)
        self._out = Store(out)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Read a partition; a row with its number, counts of sources, and why it could not be written, if so."""
        index, units = int(row["partition"]), pickle.loads(row["units"])
        report: dict[str, Any] = {"partition": index, "sources": 0, "errors": 0, "failure": ""}
        try:
            counts = self.write(index, units)
        except (MienError, OSError) as error:  # of a store or a disk: the partition is tried again elsewhere
            return {**report, "failure": str(error)}
        return {**report, "sources": counts.total(), "errors": counts["error"]}

    def write(self, index: int, units: Sequence[Unit]) -> Counter[str]:
        """Write the rows of a partition, whole or not at all; its sources, counted by their last status."""
        status: dict[str, str] = {}
        with TemporaryDirectory(prefix="mien-") as folder:
            file = Path(folder, part_name(index))
            with open_sink(file) as sink:
                for frame in self._frames(units):
                    sink.write(frame)
                    status[frame.source] = frame.status
            self._out.put(file, file.name)
        return Counter(status.values())

    def _frames(self, units: Sequence[Unit]) -> Iterator[Frame]:
        with closing(Spool()) as spool:
            for frame in self._pool.run(sources_of(units, spool)):
                yield spool.told(frame)

    def close(self) -> None:
        """End the process of the analyzer."""
        self._pool.close()
