"""The application: one worker with its networks, the API, the page."""

import contextlib
import signal
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

import mien
from mien.server.batches import Batcher
from mien.server.examples import EXAMPLES
from mien.server.gate import Gate
from mien.server.guard import Guard
from mien.server.jobs import Jobs
from mien.server.metrics import Metrics
from mien.server.photos import PhotoReader
from mien.server.problems import install
from mien.server.readers import Readers
from mien.server.routes import analyze, knowledge, live, networks, preference, service, videos
from mien.server.settings import Settings
from mien.server.state import Worker

PAGE = Path(__file__).parent / "page"
_ABOUT = "Reads faces: Action Units, displayed emotion with reasons, apparent age, attractiveness by comparison."


def create_app(settings: Settings = Settings()) -> FastAPI:  # noqa: B008  (frozen)
    """A server's application; the networks are loaded when it starts.

    >>> app = create_app()
    >>> app.openapi()["info"]["title"]
    'mien'
    """
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with contextlib.ExitStack() as stack:
            folder = settings.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mien-serve-")))
            worker = await run_in_threadpool(_worker, settings, metrics, folder, app.state.gate)
            app.state.worker = worker
            stack.enter_context(_stream_shutdown(worker))
            yield
            worker.stopping = True
            await run_in_threadpool(worker.jobs.close)
            await run_in_threadpool(worker.photos.batcher.close)
            metrics.close()

    app = FastAPI(
        title="mien", version=mien.__version__, description=_ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    install(app)
    for routes in (analyze, preference, videos, live, knowledge, networks, service):
        app.include_router(routes.router)
    if PAGE.is_dir():
        app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    _wrap(app, settings, metrics)
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Put the examples into the description: FastAPI leaves out what is null in them."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        schema = described()
        for (path, way, status), example in EXAMPLES.items():
            schema["paths"][path][way]["responses"][status]["content"]["application/json"]["example"] = example
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _wrap(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """Middleware from the inside out: the gate, whose problems carry the headers of the guard, and origins."""

    def seconds_to_wait() -> float:
        batcher = app.state.worker.photos.batcher
        return float(min(30.0, batcher.seconds_a_photo * (batcher.waiting + app.state.gate.requests)))

    inner = app.build_middleware_stack()
    gate = Gate(inner, settings.limits, metrics, seconds_to_wait)
    app.state.gate = gate
    outer: Guard | CORSMiddleware = Guard(gate, settings)
    if settings.origins:
        outer = CORSMiddleware(
            outer, allow_origins=settings.origins, allow_methods=["*"], allow_headers=["*"], allow_credentials=True
        )
    app.middleware_stack = outer


def _worker(settings: Settings, metrics: Metrics, folder: Path, gate: Gate) -> Worker:
    limits = settings.limits
    readers = Readers(settings.threads)
    photos = PhotoReader(readers, Batcher(limits.together, metrics.batches.observe), limits, metrics)
    return Worker(settings, metrics, readers, photos, Jobs(folder, readers, limits, metrics), gate)


@contextlib.contextmanager
def _stream_shutdown(worker: Worker) -> Iterator[None]:
    """Event streams and sockets end at the first signal: the server would wait for them before it ends."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: FrameType | None) -> None:
        worker.stopping = worker.gate.draining = True
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
