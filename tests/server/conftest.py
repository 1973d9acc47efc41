"""One server for all tests, in a thread, on a port of loopback; its networks are those of the package."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

import httpx
import uvicorn

from mien.geometry import Image
from mien.server.app import create_app
from mien.server.run import bound, config_of
from mien.server.settings import Limits, Settings


@contextmanager
def running(settings: Settings) -> Iterator[SimpleNamespace]:
    """A server until the block ends: its url and its app."""
    app = create_app(settings)
    server = uvicorn.Server(config_of(app, settings.limits, 1))
    listening = bound("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.05)
        yield SimpleNamespace(url=url, app=app, server=server)
    finally:
        app.state.worker.stopping = app.state.gate.draining = True
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    folder = tmp_path_factory.mktemp("uploads")
    limits = Limits(
        body_mb=2, video_mb=4, photo_megapixels=4, photos=5, frame_mb=1, upload_seconds=3, head_seconds=1, jobs=4
    )
    with running(Settings(folder=folder, limits=limits, hosts=("mien.test",))) as found:
        found.folder = folder
        yield found


@pytest.fixture
def http(server: SimpleNamespace) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=120, trust_env=False) as client:
        yield client


def encoded(image: Image, suffix: str = ".png") -> bytes:
    return cv2.imencode(suffix, np.ascontiguousarray(image[..., ::-1]))[1].tobytes()


@pytest.fixture(scope="session")
def face(astronaut: Image) -> bytes:
    """A photo of one face, 256 px, without loss."""
    return encoded(astronaut[:256, 100:356])


@pytest.fixture
def clip(astronaut: Image, write_video: Callable[..., Path]) -> Path:
    """Six frames of one face that moves."""
    small = astronaut[:256, 100:356]
    return write_video([np.roll(small, 2 * k, 1) for k in range(6)], "clip.mp4")
