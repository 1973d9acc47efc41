"""A function over many items, here or elsewhere: what runs on one machine runs on many by another map."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Mapped(Protocol):
    """`mapped(make, items)` gives `make()(item)` for each item, in order; see `one_by_one`, `mien.cluster.ray_map`."""

    def __call__(self, make: Callable[[], Callable[[T], R]], items: Iterable[T]) -> Iterator[R]:
        """make loads what the work needs, such as networks, once in each process."""


def one_by_one(make: Callable[[], Callable[[T], R]], items: Iterable[T]) -> Iterator[R]:
    """The map of this process.

    >>> list(one_by_one(lambda: str.upper, ["a", "b"]))
    ['A', 'B']
    """
    function = make()
    for item in items:
        yield function(item)


def chunks(start: int, stop: int, size: int) -> Iterator[range]:
    """Ranges of at most so many numbers, in order.

    >>> list(chunks(0, 5, 2))
    [range(0, 2), range(2, 4), range(4, 5)]
    """
    return (range(at, min(at + size, stop)) for at in range(start, stop, size))
