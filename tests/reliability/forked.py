"""A command in a process forked off this one, where everything is imported already, with trouble on its way."""

import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = frozenset(("os.rename", "os.remove", "os.truncate", "os.mkdir", "os.rmdir"))
_COUNT = "\nchanges: "
FILLER = "filler"
KILLED = -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens after so many changes of files, or after so many seconds; None: nothing.

    kind: 'kill', by SIGKILL, or 'full', a disk on which no more than `room` bytes can be written.
    """

    kind: str
    change: int | None = None
    seconds: float | None = None
    room: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """code: exit code, -9 where it was killed; stderr; changes of files that it came to; seconds."""

    code: int
    stderr: str
    changes: int
    seconds: float


def run(command: list[str], folder: Path, trouble: Trouble | None = None) -> Ended:
    """Run `mien` in a folder. Changes are files opened for writing, renamed or removed, below that folder."""
    said, stderr = os.pipe()  # what is said goes through a pipe, which no full disk stops
    begin = time.monotonic()
    child = os.fork()
    if not child:
        _be_child(command, folder, stderr, trouble)
    os.close(stderr)
    if trouble and trouble.seconds is not None:
        time.sleep(trouble.seconds)
        os.kill(child, signal.SIGKILL)
    with open(said, encoding="utf-8", errors="replace") as file:
        text, _, changes = file.read().rpartition(_COUNT)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Ended(code, text, int(changes or 0) if code >= 0 else 0, time.monotonic() - begin)


def _be_child(command: list[str], folder: Path, stderr: int, trouble: Trouble | None) -> None:
    """Never returns."""
    code = 70
    try:
        os.dup2(stderr, 2)
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        sys.stdout, sys.stderr = (os.fdopen(fd, "w", encoding="utf-8", closefd=False) for fd in (1, 2))
        os.chdir(folder)
        changes = _Changes(folder, trouble)
        sys.addaudithook(changes)
        code = _call(command)
        sys.stderr.write(f"{_COUNT}{changes.count}")
        sys.stderr.flush()
    finally:
        os._exit(code)


def _call(command: list[str]) -> int:
    from mien.cli import main

    sys.argv = ["mien", *command]
    try:
        main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    except BaseException:
        import traceback

        traceback.print_exc()
        return 70
    return 0


class _Changes:
    """An audit hook that counts changes of files below a folder, and makes the trouble before one of them."""

    def __init__(self, folder: Path, trouble: Trouble | None) -> None:
        self.folder, self.trouble, self.count = os.path.realpath(folder), trouble, 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            changes = isinstance(path, str | bytes | os.PathLike) and (flags & _WRITES or set(mode or "") & set("wax+"))
        else:
            changes = event in _CHANGES
        if not changes or not self._inside(arguments[0]):
            return
        self.count += 1
        if self.trouble and self.count == self.trouble.change:
            _TROUBLES[self.trouble.kind](self.trouble, Path(self.folder).parent)

    def _inside(self, path: Any) -> bool:
        return isinstance(path, str | bytes | os.PathLike) and os.path.abspath(os.fsdecode(path)).startswith(
            self.folder
        )


def _kill(trouble: Trouble, disk: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fill(trouble: Trouble, disk: Path) -> None:
    """Fill a disk of its own up to the room. Elsewhere no file may grow beyond the room, which looks much the same."""
    if os.path.ismount(disk):
        with (disk / FILLER).open("wb") as file:
            free = shutil.disk_usage(disk).free
            os.posix_fallocate(file.fileno(), 0, max(free - trouble.room, 1))
        return
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (trouble.room, resource.RLIM_INFINITY))


_TROUBLES: dict[str, Callable[[Trouble, Path], None]] = {"kill": _kill, "full": _fill}
