"""Dynamic batches: photos that wait together go through the networks together."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from mien.faces import Faces
from mien.geometry import Image

_MOST_PIXELS = 64e6


class Reader(Protocol):
    """What reads photos together: an `Analyzer`."""

    def images(self, images: list[Image], /) -> list[Faces]:
        """Faces of each photo."""


@dataclass(slots=True)
class _Waiting:
    image: Image
    key: object
    reader: Reader
    future: Future[Faces] = field(default_factory=Future)


class Batcher:
    """One thread that reads photos. The first that waits goes at once, with others of the same options that wait too.

    together: how many at most, so that nobody waits for long; observe: called with the size of each batch.
    """

    def __init__(self, together: int, observe: Callable[[int], Any] = lambda size: None) -> None:
        self._together, self._observe = together, observe
        self._queue: deque[_Waiting] = deque()
        self._ready = threading.Condition()
        self._open = True
        self.seconds_a_photo = 0.1
        self._thread = threading.Thread(target=self._work, name="mien-batches", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Photos in the queue."""
        return len(self._queue)

    async def read(self, image: Image, key: object, reader: Reader) -> Faces:
        """Faces of a photo (H, W, 3). key: equal for photos that may go together; a cancelled one leaves the queue."""
        photo = _Waiting(image, key, reader)
        with self._ready:
            if not self._open:
                raise RuntimeError("The batches are closed.")
            self._queue.append(photo)
            self._ready.notify()
        return await asyncio.wrap_future(photo.future)

    def close(self) -> None:
        """Read what waits, and end."""
        with self._ready:
            self._open = False
            self._ready.notify()
        self._thread.join()

    def _work(self) -> None:
        while photos := self._next():
            began = time.perf_counter()
            self._observe(len(photos))
            _read(photos)
            seconds = (time.perf_counter() - began) / len(photos)
            self.seconds_a_photo += 0.1 * (seconds - self.seconds_a_photo)

    def _next(self) -> list[_Waiting]:
        """The next batch, once there is one; empty where nothing waits and none will come."""
        with self._ready:
            while True:
                self._ready.wait_for(lambda: self._queue or not self._open)
                if not self._queue:
                    return []
                if batch := [photo for photo in self._take() if photo.future.set_running_or_notify_cancel()]:
                    return batch

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        rest: list[_Waiting] = []
        pixels = 0
        while self._queue and len(batch) < self._together and pixels < _MOST_PIXELS:
            photo = self._queue.popleft()
            alike = not batch or photo.key == batch[0].key
            (batch if alike else rest).append(photo)
            pixels += photo.image.size // 3 if alike else 0
        self._queue.extendleft(reversed(rest))
        return batch


def _read(photos: list[_Waiting]) -> None:
    """Faces of a batch; where it fails each photo is read alone, so that only what is at fault fails."""
    try:
        faces = photos[0].reader.images([photo.image for photo in photos])
    except BaseException as error:
        if len(photos) == 1:
            photos[0].future.set_exception(error)
            return
        for photo in photos:
            _read([photo])
        return
    for photo, result in zip(photos, faces, strict=True):
        photo.future.set_result(result)
