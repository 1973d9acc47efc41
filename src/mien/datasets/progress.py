"""Long work on files: a bar for who watches, a lock against a second writer, files that appear whole."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mien.whole_file import whole_file


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
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        yield
        return
    path = target.with_name(target.name + ".lock")
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
        path.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Write a file that is never seen half written, also where several processes write it at once."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
