"""How far a command is, on standard error."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def watched(items: Iterable[T], text: str, quiet: bool, total: int | None = None) -> Iterator[T]:
    """The same items; a person at a terminal sees their count, or how many of `total` are left."""
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn, track

    console = Console(stderr=True)
    if total is not None:
        yield from track(items, text, total, console=console, transient=True)
        return
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:.0f}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(text, total=None)
        for item in items:
            yield item
            bar.advance(task)
