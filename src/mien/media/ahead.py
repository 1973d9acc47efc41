"""Work of an iterator in a thread of its own, a few items ahead."""

from collections.abc import Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

from mien.errors import MediaError, expect

Item = TypeVar("Item")
_DONE = object()
_PATIENCE_S = 0.1


class _Failure:
    """An exception on its way from the thread to who waits."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def read_ahead(items: Iterator[Item], n: int = 2, stall_s: float | None = None) -> Iterator[Item]:
    """The items in order, made by another thread while the last ones are in use; at most n wait.

    What the iterator raises is raised here, after the items before it. Closing this iterator, or dropping it, stops
    the thread after the item that it is at, and closes the other iterator. Raises MediaError where nothing comes for
    `stall_s` seconds, as from a camera that hangs.

    >>> list(read_ahead(iter(range(5))))
    [0, 1, 2, 3, 4]
    """
    expect(n >= 1, "n", "a whole number of at least 1", n)
    return _drain(items, Queue(n), Event(), stall_s)


def _drain(items: Iterator[Item], queue: Queue[object], stop: Event, stall_s: float | None) -> Iterator[Item]:
    # A daemon: an iterator that is never closed must not keep the interpreter from ending.
    thread = Thread(target=_fill, args=(items, queue, stop), name="mien-read-ahead", daemon=True)
    thread.start()
    stalled = False
    try:
        while (item := queue.get(timeout=stall_s)) is not _DONE:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]
    except Empty:
        stalled = True
        raise MediaError(f"No frame came for {stall_s:.0f} seconds. Check that the camera is connected.") from None
    finally:
        stop.set()
        _empty(queue)
        if not stalled:  # what hangs is not waited for
            thread.join()


def _fill(items: Iterator[Item], queue: Queue[object], stop: Event) -> None:
    last: object = _DONE
    try:
        for item in items:
            if not _put(queue, item, stop):
                break
    except BaseException as error:  # reported to who waits, whatever it is
        last = _Failure(error)
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
        _put(queue, last, stop)


def _put(queue: Queue[object], item: object, stop: Event) -> bool:
    """Whether the item was taken before the reader went away."""
    while not stop.is_set():
        try:
            queue.put(item, timeout=_PATIENCE_S)
        except Full:
            continue
        return True
    return False


def _empty(queue: Queue[object]) -> None:
    try:
        while True:
            queue.get_nowait()
    except Empty:
        pass
