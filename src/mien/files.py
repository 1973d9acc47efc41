"""Files that are written whole or not at all, a lock against a second writer, and a bar for who watches."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mien.errors import SinkError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A hidden file beside `path` to write to, which takes its name when the block ends; of another end nothing stays.

    Raises SinkError where it cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder, "a.txt")) as temporary:
    ...         _ = temporary.write_text("hello")
    ...     print([path.name for path in Path(folder).iterdir()])
    ['a.txt']
    """
    temporary = path.with_name(f".{path.name[:40]}.{os.getpid()}.partial")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise SinkError(f"{str(path)!r} cannot be written: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def progress_bar(label: str, total: int, done: int = 0) -> Iterator[Callable[[], None]]:
    """A function to call after each step; a bar on standard error shows them, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total, completed=done)
        yield lambda: bar.advance(task)


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Only one process at a time is inside for a target; the others wait. `TARGET.lock` goes when the work is done."""
    from filelock import FileLock

    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.with_name(target.name + ".lock")
    with FileLock(path):
        yield
        path.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Write a file that is never seen half written, also where several processes write it at once."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
