"""What every sink does."""

from abc import ABC, abstractmethod
from typing import Self

from mien.faces import Frame


class Sink(ABC):
    """Takes frames one by one.

    done: names of the sources that an earlier run has finished; errors: of those among them that could not be read.
    """

    def __init__(self) -> None:
        self.done: frozenset[str] = frozenset()
        self.errors: frozenset[str] = frozenset()

    @abstractmethod
    def write(self, frame: Frame) -> None:
        """Take one frame. Raises SinkError when it cannot be written."""

    @abstractmethod
    def close(self, complete: bool) -> None:
        """Finish the file; `complete` is false when the run was cut short."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(kind is None)
