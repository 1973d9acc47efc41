"""Photos of requests become frames: decoded beside each other, read in batches, in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from mien.faces import Faces, Frame
from mien.geometry import Image
from mien.media import decode_photo, megapixels
from mien.server.batches import Batcher
from mien.server.metrics import Metrics
from mien.server.problems import Problem, problem_of
from mien.server.readers import Options, Readers, same_options
from mien.server.room import Room
from mien.server.settings import Limits
from mien.server.uploads import Upload

_DECODERS, _MOST_MEGAPIXELS = 2, 128.0
_Result = TypeVar("_Result")


class PhotoReader:
    """Reads uploads with the networks of a worker."""

    def __init__(self, readers: Readers, batcher: Batcher, limits: Limits, metrics: Metrics) -> None:
        self.readers, self.batcher, self.limits, self.metrics = readers, batcher, limits, metrics
        self._decoding = asyncio.Semaphore(_DECODERS)
        self._room = Room(max(_MOST_MEGAPIXELS, limits.photo_megapixels))

    async def frames(
        self, uploads: Iterable[Upload], options: Options, *, keep: bool = False, tell: bool = False
    ) -> AsyncIterator[Frame]:
        """A frame a photo, in order; a photo that cannot be read has status 'error'.

        keep: with their pictures; at most a batch of them is in memory. tell: also one that waits too long is a row,
        instead of the problem that ends the request.
        """
        waiting: deque[asyncio.Task[Frame]] = deque()
        try:
            for upload in uploads:
                waiting.append(asyncio.create_task(self._frame(upload, options, keep, tell)))
                if len(waiting) >= self.limits.together:
                    yield await waiting.popleft()
            while waiting:
                yield await waiting.popleft()
        finally:
            for task in waiting:
                task.cancel()

    async def frame(self, upload: Upload, options: Options, *, keep: bool = False) -> Frame:
        """The frame of one photo. Raises MediaError where it cannot be read."""
        data, most = await upload.read(), self.limits.photo_megapixels
        async with self._room.take(await run_in_threadpool(megapixels, data, upload.name, most)):
            async with self._decoding:
                image = await run_in_threadpool(decode_photo, data, upload.name, most)
            faces = await self.faces(image, options)
        status = "ok" if len(faces) else "no_face"
        self.metrics.photos.labels(status).inc()
        return Frame(upload.name, faces, status, image=image if keep else None)

    async def faces(self, image: Image, options: Options) -> Faces:
        """Faces of a picture, with others that wait. Raises Problem where it waits too long."""
        key = same_options(options)
        self.metrics.waiting.set(self.batcher.waiting + 1)
        try:
            async with asyncio.timeout(self.limits.wait_seconds):
                faces = await self.batcher.read(image, key, self.readers.of(key))
        except TimeoutError:
            raise Problem(503, "The photo waited too long. Send it again later.", retry_after=10) from None
        self.metrics.waiting.set(self.batcher.waiting)
        self.metrics.faces.inc(len(faces))
        return faces

    async def _frame(self, upload: Upload, options: Options, keep: bool, tell: bool) -> Frame:
        try:
            return await self.frame(upload, options, keep=keep)
        except Exception as error:  # one broken photo never stops the others
            if isinstance(error, Problem) and not tell:
                raise
            self.metrics.photos.labels("error").inc()
            return Frame(upload.name, Faces.empty(), "error", problem_of(error).detail)


async def unless_gone(request: Request, work: Awaitable[_Result]) -> _Result:
    """The result of work, which is given up when the client is gone. The body must have been read."""
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Problem(400, "The client is gone.")
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
