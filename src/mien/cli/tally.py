"""What `mien analyze` has before it, has done, and could not read."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mien.faces import Frame
    from mien.media import Source

_MOST_AHEAD = 100_000
_MOST_REASONS = 3


class Tally:
    """Counts sources, those that earlier parts of the run have done as well, and tells which could not be read."""

    def __init__(self, done: Collection[str] = (), failed: Collection[str] = ()) -> None:
        self.sources, self.errors = len(done), len(failed)
        self._earlier = len(failed)
        self._reasons: list[str] = []
        self._last: str | None = None

    def add(self, frame: "Frame") -> None:
        """Count the source of a frame; frames of one source follow each other."""
        self.sources += frame.source != self._last
        self._last = frame.source
        if frame.status == "error":
            self.errors += 1
            if len(self._reasons) < _MOST_REASONS:
                self._reasons.append(f"mien: {frame.reason}")

    def __str__(self) -> str:
        earlier = f", {self._earlier} of them in earlier parts of the run" if self._earlier else ""
        total = f"mien: {self.errors} of {self.sources} sources could not be read{earlier}; their rows say why."
        return "\n".join([*self._reasons, total])


def spread(
    workers: int | None, requests: Sequence[str], recursive: bool, glob: str | None
) -> tuple[int, Iterable["str | Source"]]:
    """The number of processes, chosen by cores and number of files where it is not given, and the same requests."""
    if workers or "-" in requests:
        return workers or 1, requests
    from mien.media import find_sources
    from mien.parallel import PHOTOS_A_WORKER, available_cores, choose_workers

    cores = available_cores()
    sources = find_sources(requests, recursive=recursive, glob=glob)
    first = list(islice(sources, cores * PHOTOS_A_WORKER))
    return choose_workers(first, cores), chain(first, sources)


def look_ahead(
    requests: Iterable["str | Source"], done: Collection[str], recursive: bool, glob: str | None
) -> tuple[Iterable["str | Source"], int | None]:
    """The same requests, found already, and how many frames they will give where that is known beforehand.

    Folders are walked once; of very many sources only the first are found in advance, and none of a list that comes.
    """
    from mien.media import find_sources

    if isinstance(requests, list) and "-" in requests:
        return requests, None
    sources = find_sources(requests, recursive=recursive, glob=glob)
    first = list(islice(sources, _MOST_AHEAD))
    kinds = Counter(source.kind for source in first if source.name not in done)
    known = len(first) < _MOST_AHEAD and not kinds["video"] and not kinds["camera"]
    return chain(first, sources), kinds.total() if known else None


def with_rate(frames: Iterator["Frame"], total: int | None) -> Iterator["Frame"]:
    """The same frames, with count, rate and time left on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading faces", total=total, rate="")
        for frame in frames:
            yield frame
            speed = bar.tasks[0].speed
            bar.update(task, advance=1, rate=f"{speed:.1f}/s" if speed else "")
