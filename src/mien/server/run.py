"""Starting and stopping: sockets, workers, the private folder."""

import ipaddress
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from mien.errors import InputError, expect
from mien.server.app import create_app
from mien.server.metrics import FOLDER
from mien.server.processes import alive
from mien.server.protocol import TimedProtocol
from mien.server.settings import Limits, Settings

_PREFIX = "mien-serve-"
_READY_SECONDS = 120.0


def serve(settings: Settings, host: str, port: int, *, workers: int = 1, open_page: bool = False) -> None:
    """Serve until a signal comes; requests that were accepted are finished first.

    Raises InputError for a host other than loopback without a token, and for an address that cannot be had.
    """
    expect(workers >= 1, "workers", "a whole number of at least 1", workers)
    if not is_loopback(host) and not settings.token:
        raise InputError(f"'host' must be 127.0.0.1 unless a token is set. Got {host!r}; add --token SECRET or auto.")
    plain = settings.token.isascii() and settings.token.isprintable() and " " not in settings.token
    expect(plain, "token", "of ASCII letters, digits and signs, without spaces", settings.token)
    listening = bound(host, port)
    with private_folder() as folder:
        settings = replace(settings, folder=folder)
        address = _address(host, listening.getsockname()[1])
        _announce(settings, address, host)
        if open_page:
            threading.Thread(target=_open_when_ready, args=(settings, address), daemon=True).start()
        config = config_of(partial(create_app, settings), settings.limits, workers)
        if workers == 1:
            uvicorn.Server(config).run([listening])
            return
        metrics = folder / "metrics"
        metrics.mkdir()
        os.environ[FOLDER] = str(metrics)  # before the workers import the library, which reads it once
        Multiprocess(config, [listening]).run()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for uploads that only this user reads; it goes with the server, and those of killed ones go now."""
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        number = re.match(r"mien-serve-(\d+)-", old.name)
        if number and not alive(int(number[1])) and old.stat().st_uid == os.getuid():
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def bound(host: str, port: int) -> socket.socket:
    """A socket at an address. Raises InputError where that cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise InputError(f"'port' must be free on {host!r}. Got {port}: {error.strerror}; choose another.") from error
    listening.set_inheritable(True)
    return listening


def config_of(app: FastAPI | partial[FastAPI], limits: Limits, workers: int) -> uvicorn.Config:
    """How uvicorn runs an application, or what makes one in each worker."""
    return uvicorn.Config(
        app,
        factory=isinstance(app, partial),
        http=TimedProtocol,
        ws="websockets-sansio",
        ws_max_size=int(1.01e6 * limits.frame_mb),
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=int(limits.head_seconds),
        timeout_graceful_shutdown=int(limits.stop_seconds),
        timeout_worker_healthcheck=60,  # a worker that loads its networks is not dead
    )


def _address(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"


def _announce(settings: Settings, address: str, host: str) -> None:
    print(f"mien: {address}  (Ctrl-C ends it)", file=sys.stderr)
    if settings.token:
        print(f"mien: token {settings.token}", file=sys.stderr)
    if not is_loopback(host):
        print(f"mien: other machines reach {host} without encryption; put a proxy with TLS before it.", file=sys.stderr)


def _open_when_ready(settings: Settings, address: str) -> None:
    """Open the page once the networks are loaded; the token stands in the fragment, which no server sees."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    waited = threading.Event()
    for _ in range(int(_READY_SECONDS / 0.2)):
        try:
            opener.open(f"{address}readyz", timeout=5).close()
            break
        except OSError:
            waited.wait(0.2)
    webbrowser.open(f"{address}#token={settings.token}" if settings.token else address)
