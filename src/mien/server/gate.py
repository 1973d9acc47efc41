"""How much may come in at once: requests, their bytes, and how fast a body must come."""

import asyncio
import logging
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.server.metrics import Metrics
from mien.server.problems import Problem
from mien.server.settings import Limits

logger = logging.getLogger("mien.server.access")
_DRAIN_SECONDS, _FORM_BYTES = 2.0, 1_000_000


class Gate:
    """Admits POST requests up to the limits, and measures all. seconds_to_wait: what `Retry-After` says."""

    def __init__(self, app: ASGIApp, limits: Limits, metrics: Metrics, seconds_to_wait: Callable[[], float]) -> None:
        self.app, self.limits, self.metrics = app, limits, metrics
        self.seconds_to_wait = seconds_to_wait
        self.requests, self.bytes, self.draining = 0, 0, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer with a problem; the log has method, path and status alone."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._admit(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - began
            route = scope.get("route")
            self.metrics.request(getattr(route, "path", "other"), status, seconds)
            logger.info("%s %s %d %.0f ms", scope["method"], _printable(scope["path"]), status, 1e3 * seconds)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        limit = int(1e6 * (self.limits.video_mb if scope["path"] == "/v1/videos" else self.limits.body_mb))
        body = Body(receive, limit, self.limits.upload_seconds)
        announced = _length(scope)
        held = min(limit if announced is None else announced, limit)
        problem = self._problem(announced or 0, held, limit)
        if problem:
            await problem.response()(scope, body, send)
        else:
            # Videos go to the disk as they come.
            held = 0 if scope["path"] == "/v1/videos" else held
            self.requests, self.bytes = self.requests + 1, self.bytes + held
            try:
                await self.app(scope, body, send)
            finally:
                self.requests, self.bytes = self.requests - 1, self.bytes - held
        await body.drain()

    def _problem(self, announced: int, held: int, limit: int) -> Problem | None:
        if self.draining:
            return Problem(503, "The server is stopping. Send the request to another one, or again later.")
        if announced > limit:
            return _too_large(limit)
        full = self.requests >= self.limits.requests
        if full or (self.requests and self.bytes + held > self.limits.memory_mb * 1e6):
            detail = f"The queue is full: {self.requests} requests wait. Send it again in 'Retry-After' seconds."
            return Problem(429, detail, retry_after=self.seconds_to_wait())
        return None


class Body:
    """A `receive` that ends a body which grows too large or comes too slowly."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive, self._limit = receive, limit
        self._deadline = time.monotonic() + seconds
        self._size, self._whole = 0, False

    async def __call__(self) -> Message:
        """The next part."""
        if self._whole:
            return await self._receive()  # a disconnect
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                message = await self._receive()
        except TimeoutError:
            self._whole = True
            raise Problem(408, "The body must come faster: it took too long. Send less at once.") from None
        self._whole = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise _too_large(self._limit)
        return message

    async def drain(self) -> None:
        """Take what still comes for a moment: a client that sends does not read why it was refused."""
        end = time.monotonic() + _DRAIN_SECONDS
        while not self._whole and (left := end - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    message = await self._receive()
            except TimeoutError:
                return
            self._whole = not message.get("more_body", False)


def _too_large(limit: int) -> Problem:
    return Problem(413, f"The body must have at most {limit / 1e6:g} MB. Send less at once.")


def _length(scope: Scope) -> int | None:
    """What the header announces; None where it does not, 0 for nonsense, which the server refuses anyway."""
    text = Headers(scope=scope).get("content-length")
    return None if text is None else int(text) if text.isdecimal() else 0


def _printable(path: str) -> str:
    return path.encode("ascii", "backslashreplace").decode()[:200].replace("\n", "\\n").replace("\r", "\\r")
