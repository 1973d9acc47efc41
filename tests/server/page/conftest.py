"""The page in a real browser: a server of its own, Chromium without a network beyond loopback."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mien.geometry import Image

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 120_000
START_S = 120
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (413|415|422|501) ")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a `mien serve` of these tests; of one that runs already where MIEN_SERVED names it."""
    if "MIEN_SERVED" in os.environ:
        yield os.environ["MIEN_SERVED"]
        return
    pytest.importorskip("fastapi", reason="needs pip install 'mien[serve]'")
    url = f"http://127.0.0.1:{_free_port()}"
    log = tmp_path_factory.mktemp("served") / "log.txt"
    command = [sys.executable, "-c", "from mien.cli import main; main()", "serve", "--port", url.rpartition(":")[2]]
    with log.open("w") as file, subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT) as process:
        end = time.monotonic() + START_S
        while not _is_ready(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        yield url
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """A file that Chromium shows as its camera: a face that moves, 640 x 480."""
    path = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    views = [cv2.resize(astronaut[:240, x : x + 320], (640, 480)) for x in (*range(60, 100, 4), *range(100, 60, -4))]
    path.write_bytes(b"".join(cv2.imencode(".jpg", view[..., ::-1])[1].tobytes() for view in views))
    return path


@pytest.fixture(scope="module")
def browser(camera: Path) -> Iterator[Any]:
    """Chromium that resolves no name, with a camera that is a file."""
    if CHROMIUM is None:
        pytest.skip("no browser: install chromium, or name it in CHROMIUM")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs pip install playwright")
    arguments = [
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ]
    with sync_api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=arguments, chromium_sandbox=False)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any, served: str) -> Iterator[Callable[..., Any]]:
    """Opens the page in a context of its own; at the end nothing was wrong, and nobody else was asked."""
    contexts, wrong = [], []

    def ask(request: Any) -> None:
        if not request.url.startswith((f"{served}/", served.replace("http", "ws"), "blob:", "data:")):
            wrong.append(f"request to {request.url}")

    def hear(message: Any) -> None:
        # Chromium itself notes each refusal; what the page makes of it is tested.
        if message.type in ("error", "warning") and not REFUSED.match(message.text):
            wrong.append(f"console: {message.text}")

    def show(tab: str = "photo", **options: Any) -> Any:
        context = browser.new_context(
            permissions=["camera"], **{"locale": "en-US", "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", hear)
        page.on("request", ask)
        page.goto(f"{served}/#{tab}")
        page.wait_for_selector("html[data-ready=true]")
        return page

    yield show
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def broken_photo(tmp_path: Path) -> Path:
    """A file that begins like a photo and is none."""
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 no photo")
    return path


@pytest.fixture
def write_photo(tmp_path: Path) -> Callable[[Image, str], Path]:
    """Writes an RGB picture without loss into the test's folder."""

    def write(image: Image, name: str) -> Path:
        path = tmp_path / name
        cv2.imwrite(str(path), np.ascontiguousarray(image[..., ::-1]))
        return path

    return write


@pytest.fixture
def clip(tmp_path: Path, astronaut: Image) -> Path:
    """A second of video that browsers play, in which a face moves; 10 frames a second."""
    path = tmp_path / "clip.webm"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), 10, (320, 240))
    for x in range(60, 100, 4):
        writer.write(np.ascontiguousarray(astronaut[:240, x : x + 320, ::-1]))
    writer.release()
    return path
