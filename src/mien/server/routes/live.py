"""`WS /v1/live`: frames of a camera in, rows with track ids out; the newest frame wins."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from mien.errors import MienError
from mien.faces import Faces, Frame
from mien.geometry import Image
from mien.media import decode_photo
from mien.server.problems import problem_of
from mien.server.readers import LiveOptions
from mien.server.state import Worker, worker_of

router = APIRouter(prefix="/v1")
_GOING_AWAY, _REFUSED, _TOO_LARGE, _BUSY = 1012, 1008, 1009, 1013
_MOST_TEXT = 1000


@dataclass(slots=True)
class _Sent:
    """A frame as it came. label: what its client calls it, to be handed back."""

    data: bytes
    number: int
    came: float
    label: dict[str, Any]


class Newest:
    """Room for one frame: a newer one takes the place of one that waits."""

    def __init__(self) -> None:
        self._frame: _Sent | None = None
        self._filled = asyncio.Event()
        self.dropped = 0

    def put(self, frame: _Sent) -> None:
        """Take a frame; one that still waits is dropped."""
        self.dropped += self._frame is not None
        self._frame = frame
        self._filled.set()

    async def get(self) -> tuple[_Sent, int]:
        """The newest frame, and how many were dropped since the last call."""
        await self._filled.wait()
        assert self._frame is not None
        frame, dropped = self._frame, self.dropped
        self._frame, self.dropped = None, 0
        self._filled.clear()
        return frame, dropped


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Read frames until the client goes or the server stops."""
    worker = worker_of(socket)
    await socket.accept()  # a browser learns of nothing else why it was refused
    try:
        options = LiveOptions.model_validate(dict(socket.query_params))
        analyzer = await run_in_threadpool(worker.readers.of, options)
    except (ValidationError, MienError) as error:
        await _close(socket, _REFUSED, problem_of(error).detail)
        return
    if worker.live >= worker.limits.live_connections or worker.stopping:
        await _close(socket, _BUSY, f"At most {worker.limits.live_connections} cameras are read at once.")
        return
    worker.live += 1
    worker.metrics.live.inc()
    try:
        await _serve(socket, worker, analyzer.follow(smooth=options.smooth, neutral=options.neutral))
    finally:
        worker.live -= 1
        worker.metrics.live.dec()


async def _serve(socket: WebSocket, worker: Worker, read: Callable[[Image, float], Faces]) -> None:
    newest = Newest()
    tasks = [
        asyncio.create_task(_receive(socket, worker, newest)),
        asyncio.create_task(_answer(socket, worker, newest, read)),
        asyncio.create_task(_until_stopping(socket, worker)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except (WebSocketDisconnect, RuntimeError):  # gone, also in the middle of an answer
        pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _receive(socket: WebSocket, worker: Worker, newest: Newest) -> None:
    number, label = 0, {}
    while (message := await socket.receive())["type"] == "websocket.receive":
        data, text = message.get("bytes"), message.get("text")
        if data is None:
            label = _label(text or "")
            continue
        if len(data) > worker.limits.frame_mb * 1e6:
            await _close(socket, _TOO_LARGE, f"A frame must have at most {worker.limits.frame_mb:g} MB.")
            return
        newest.put(_Sent(data, number, time.perf_counter(), label))
        number, label = number + 1, {}


def _label(text: str) -> dict[str, Any]:
    """`id` and `sent_ms` of a text message; nothing of one that is no such message."""
    try:
        values = json.loads(text[:_MOST_TEXT])
    except (ValueError, RecursionError):
        return {}
    known = {name: values.get(name) for name in ("id", "sent_ms")} if isinstance(values, dict) else {}
    return {name: value for name, value in known.items() if isinstance(value, (int, float, str))}


async def _answer(socket: WebSocket, worker: Worker, newest: Newest, read: Callable[[Image, float], Faces]) -> None:
    began, last = time.perf_counter(), -1e-6
    while True:
        frame, dropped = await newest.get()
        worker.metrics.frames.labels("dropped").inc(dropped)
        last = max(frame.came - began, last + 1e-6)  # times rise
        try:
            reply = await run_in_threadpool(_read, frame, last, worker, read)
        except Exception as error:  # one broken frame never ends a connection
            worker.metrics.frames.labels("error").inc()
            reply = {"type": "error", "reason": problem_of(error).detail}
        else:
            worker.metrics.frames.labels("read").inc()
        delay = 1e3 * (time.perf_counter() - frame.came)
        head = {"type": reply.pop("type"), **frame.label, "frame": frame.number, "dropped": dropped}
        await socket.send_text(json.dumps({**head, "delay_ms": round(delay, 2), **reply}))


def _read(frame: _Sent, time_s: float, worker: Worker, read: Callable[[Image, float], Faces]) -> dict[str, Any]:
    began = time.perf_counter()
    image = decode_photo(frame.data, "frame", worker.limits.frame_megapixels)
    faces = read(image, time_s)
    rows = Frame("live", faces, "ok" if len(faces) else "no_face", None, frame.number, time_s).to_dicts()
    took = round(1e3 * (time.perf_counter() - began), 2)
    size = {"width": image.shape[1], "height": image.shape[0]}
    return {"type": "rows", **size, "read_ms": took, "rows": rows}


async def _until_stopping(socket: WebSocket, worker: Worker) -> None:
    while not worker.stopping:
        await asyncio.sleep(0.1)
    await _close(socket, _GOING_AWAY, "The server is stopping.")


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    await socket.close(code, reason.encode()[:120].decode(errors="ignore"))
