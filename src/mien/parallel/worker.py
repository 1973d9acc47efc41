"""One process that reads sources, seen from both sides of its pipe."""

import multiprocessing
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, Protocol

from mien.errors import MienError
from mien.faces import Frame
from mien.media import Source
from mien.opencv import cv2

_CONTEXT = multiprocessing.get_context("spawn")  # threads of networks do not survive a fork
_STARTED = "started"
_PATIENCE_S = 5.0


class Reader(Protocol):
    """What reads sources: an `Analyzer`, or anything with its `run` that can be pickled."""

    @property
    def run(self) -> Callable[..., Iterator[Frame]]:
        """Called with a list of sources and options; one frame a photo, several a video."""


@contextmanager
def _main_left_out() -> Iterator[None]:
    """The user's script is not imported again by the process: it needs no guard, and may be anything."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class Worker:
    """A process with a warm reader; it takes one list of sources at a time and sends their frames."""

    def __init__(self, reader: bytes, options: dict[str, Any]) -> None:
        self.connection, other = _CONTEXT.Pipe()
        self.process = _CONTEXT.Process(target=_serve, args=(other, reader, options), daemon=True)
        with _main_left_out():
            self.process.start()
        other.close()  # else the pipe would stay open when the process dies
        self.ready = False

    def ask(self, sources: list[Source]) -> None:
        """Send sources; where the process is dead, `answer` tells."""
        with suppress(OSError):
            self.connection.send(sources)

    def answer(self) -> Frame | None:
        """The next frame, or None at the end of a list. Raises EOFError where the process has died."""
        try:
            message = self.connection.recv()
            if message == _STARTED:
                self.ready = True
                message = self.connection.recv()
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise EOFError from error
        if isinstance(message, Exception):
            raise message
        assert message is None or isinstance(message, Frame)
        return message

    def death(self) -> str:
        """How the process ended, in words."""
        self.process.join(_PATIENCE_S)
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"exit code {code}"
        return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"

    def close(self) -> None:
        """End the process."""
        self.connection.close()
        self.process.terminate()
        self.process.join(_PATIENCE_S)
        if self.process.is_alive():
            self.process.kill()


def _serve(connection: Connection, reader: bytes, options: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent ends its workers
    cv2.setNumThreads(1)  # the cores are shared out already
    try:
        loaded: Reader = pickle.loads(reader)
        connection.send(_STARTED)
        while True:
            sources = connection.recv()
            for frame in loaded.run(sources, **options):
                connection.send(frame)
            connection.send(None)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent has gone
    except MienError as error:
        connection.send(error)
