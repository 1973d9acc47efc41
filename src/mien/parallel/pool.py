"""Sources spread over processes: order kept, a process that dies replaced.

The pool of the standard library breaks as a whole when one of its processes dies, and cannot tell over which source.
"""

import logging
import pickle
from collections import deque
from collections.abc import Container, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any

from mien.errors import WorkerError, expect
from mien.faces import Faces, Frame
from mien.media import Source
from mien.parallel.worker import Reader, Worker

logger = logging.getLogger(__name__)
PHOTOS_A_TASK = 8
_TASKS_A_WORKER = 3
_MOST_FRAMES = 4096
_MOST_IMAGES = 16
_MOST_FAILED_STARTS = 3


def run_in_processes(
    reader: Reader, sources: Iterable[Source], workers: int, skip: Container[str] = (), **options: Any
) -> Iterator[Frame]:
    """Frames of the sources, in their order, read by several processes.

    reader: see `Reader`; each process gets a copy. skip: names of sources to leave out. options: of its `run`. A source
    that a dying process was asked for is read again by itself; where the process dies again, its row is an error, and
    the others follow. After a source that `pause`s all frames are given before the next source is asked for.

    Raises InputError for fewer workers than 1, WorkerError where processes cannot be started.
    """
    expect(workers >= 1, "workers", "a whole number of at least 1", workers)
    with closing(ReaderPool(reader, workers, **options)) as pool:
        yield from pool.run(sources, skip)


@dataclass(eq=False)
class _Task:
    """Some photos, or one other source, with the frames that came of it."""

    sources: list[Source]
    careful: bool = False
    frames: deque[Frame] = field(default_factory=deque)
    count: int = 0
    finished: bool = False

    def add(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.count += 1

    def end(self, reason: str) -> None:
        self.add(Frame(self.sources[-1].name, Faces.empty(), "error", reason))
        self.finished = True


class ReaderPool:
    """Processes with a warm reader each, for one or more runs; see `run_in_processes`."""

    def __init__(self, reader: Reader, workers: int = 1, **options: Any) -> None:
        self._reader, self._options, self._size = pickle.dumps(reader), options, workers
        self._most = _MOST_IMAGES if options.get("keep_image") else _MOST_FRAMES
        self._busy: dict[Worker, _Task] = {}
        self._idle: list[Worker] = []
        self._order: deque[_Task] = deque()
        self._waiting: deque[_Task] = deque()
        self._failed_starts = 0

    def run(self, sources: Iterable[Source], skip: Container[str] = ()) -> Iterator[Frame]:
        """Frames of the sources in order. A run that is left before its end closes the pool."""
        try:
            yield from self._run(sources, skip)
        except BaseException:
            self.close()
            raise

    def _run(self, sources: Iterable[Source], skip: Container[str]) -> Iterator[Frame]:
        for task in _tasks(sources, skip):
            if task:
                self._order.append(task)
                self._waiting.append(task)
            yield from self._until(self._size * _TASKS_A_WORKER - 1 if task else 0)
        yield from self._until(0)

    def close(self) -> None:
        """End the processes; the next run starts others."""
        for worker in (*self._busy, *self._idle):
            worker.close()
        self._busy.clear()
        self._idle.clear()
        self._order.clear()
        self._waiting.clear()

    def _until(self, most: int) -> Iterator[Frame]:
        """Frames in order, until at most so many tasks are left."""
        self._hand_out()
        while len(self._order) > most:
            self._receive()
            self._hand_out()
            yield from self._ripe()

    def _ripe(self) -> Iterator[Frame]:
        while self._order:
            first = self._order[0]
            while first.frames:
                yield first.frames.popleft()
            if not first.finished:
                return
            self._order.popleft()

    def _hand_out(self) -> None:
        while self._waiting and (self._idle or len(self._busy) < self._size):
            worker = self._idle.pop() if self._idle else Worker(self._reader, self._options)
            task = self._waiting.popleft()
            worker.ask(task.sources)
            self._busy[worker] = task

    def _receive(self) -> None:
        """Take what the processes have sent; one that is far ahead of the order waits with the rest."""
        heard = {
            worker.connection: worker
            for worker, task in self._busy.items()
            if task is self._order[0] or len(task.frames) < self._most
        }
        for connection in wait(list(heard)):
            worker = heard[connection]  # type: ignore[index]
            task = self._busy[worker]
            try:
                frame = worker.answer()
            except EOFError:
                del self._busy[worker]
                self._bury(worker, task)
                continue
            if frame is not None:
                task.add(frame)
                continue
            task.finished = True
            self._idle.append(worker)
            del self._busy[worker]

    def _bury(self, worker: Worker, task: _Task) -> None:
        """Decide about the sources of a process that died."""
        how = worker.death()
        worker.close()
        self._failed_starts = 0 if worker.ready else self._failed_starts + 1
        if self._failed_starts == _MOST_FAILED_STARTS:
            raise WorkerError(
                f"Worker processes must start. {_MOST_FAILED_STARTS} ended before ({how}). Use one worker."
            )
        rest = task.sources[task.count :]
        photos = all(source.kind == "photo" for source in task.sources)
        if worker.ready and photos and not rest:
            task.finished = True
        elif worker.ready and (task.careful or not photos):
            task.end(f"The process that read it died ({how}): the file breaks a decoder, or memory ran out.")
        else:
            logger.warning("A worker process died (%s); %d sources are read again.", how, len(rest))
            self._again(task, rest)

    def _again(self, task: _Task, rest: list[Source]) -> None:
        """Each source by itself, so that one that kills its process is known."""
        parts = [_Task([source], careful=True) for source in rest]
        task.finished = True
        at = self._order.index(task) + 1
        for part in reversed(parts):
            self._order.insert(at, part)
            self._waiting.appendleft(part)


def _tasks(sources: Iterable[Source], skip: Container[str]) -> Iterator[_Task | None]:
    """Tasks in order; None where all that came before must be reported first."""
    photos: list[Source] = []
    for source in sources:
        new, photo = source.name not in skip, source.kind == "photo"
        if new and photo:
            photos.append(source)
        if photos and (source.pause or not photo or len(photos) == PHOTOS_A_TASK):
            yield _Task(photos)
            photos = []
        if new and not photo:
            yield _Task([source])
        if source.pause:
            yield None
    if photos:
        yield _Task(photos)
