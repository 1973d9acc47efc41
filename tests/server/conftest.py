"""One server for all tests, in a thread, on a port of loopback; its networks are those of the package."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

import httpx
from tests.fixtures.served import encoded, running

from mien.geometry import Image
from mien.server.settings import Limits, Settings


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    folder = tmp_path_factory.mktemp("uploads")
    limits = Limits(
        body_mb=2, video_mb=4, photo_megapixels=4, photos=5, frame_mb=1, upload_seconds=3, head_seconds=1, jobs=4
    )
    with running(Settings(folder=folder, limits=limits)) as found:
        found.folder = folder
        yield found


@pytest.fixture
def http(server: SimpleNamespace) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=120, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def face(astronaut: Image) -> bytes:
    """A photo of one face, 256 px, without loss."""
    return encoded(astronaut[:256, 100:356])


@pytest.fixture
def clip(astronaut: Image, write_video: Callable[..., Path]) -> Path:
    """Six frames of one face that moves."""
    small = astronaut[:256, 100:356]
    return write_video([np.roll(small, 2 * k, 1) for k in range(6)], "clip.mp4")
