"""The errors of mien. Each says what was expected, what came, and what to do.

MienError
├── InputError (ValueError)                 a call with a wrong argument
├── MediaError                              a photo or video that cannot be read
│   ├── TooLargeError                       one that has too many pixels
│   └── UnknownFormatError                  a file that holds something else
├── ModelError                              weights or cards that are missing, changed or do not fit
├── MissingDependencyError (ImportError)    an optional package that a feature needs
├── BrokenDependencyError (ImportError)     a package that is there and does not work
├── WorkerError                             processes or machines that cannot do their part
├── StoreError                              an object store or shared folder that cannot be read or written
└── SinkError                               a result that cannot be written
"""

from typing import Any, Self


class MienError(Exception):
    """Base of every error that mien raises on purpose."""


class InputError(MienError, ValueError):
    """A wrong argument."""


class MediaError(MienError):
    """A photo or a video that cannot be read; the message is the reason given in its result row."""


class TooLargeError(MediaError):
    """An image with more pixels than are read; nothing of it was decoded."""


class UnknownFormatError(MediaError):
    """A file that is no photo, or none of a kind that mien reads."""


class ModelError(MienError):
    """Weights or a model card that are missing, damaged, or do not fit each other."""


class MissingDependencyError(MienError, ImportError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package {package!r}, which is not installed. "
            f"Install it with: pip install 'mien[{extra}]'"
        )
        self._parts = (feature, package, extra)

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str]]:
        # Errors cross between processes; by default the message alone would be passed to __init__.
        return type(self), self._parts


class BrokenDependencyError(MienError, ImportError):
    """A package is installed and does not work; the message tells how to mend it."""


class SinkError(MienError):
    """A result that cannot be written."""


class WorkerError(MienError):
    """Processes, or machines of a cluster, that cannot do their part."""


class StoreError(MienError):
    """An object store, or a folder that machines share, that cannot be read or written."""


class Words(str):
    """What came, described: `expect` says it without quotes.

    >>> expect(False, "X", "finite", Words("NaN entries"))
    Traceback (most recent call last):
    ...
    mien.errors.InputError: 'X' must be finite. Got NaN entries.
    """

    __slots__ = ()

    __repr__ = str.__str__


def expect(condition: bool, name: str, expected: str, actual: Any) -> None:
    """Raise InputError unless the condition holds.

    >>> expect(False, "every", "a whole number of at least 1", 0)
    Traceback (most recent call last):
    ...
    mien.errors.InputError: 'every' must be a whole number of at least 1. Got 0.
    """
    if not condition:
        raise InputError(f"{name!r} must be {expected}. Got {actual!r}.")


def short_text(value: Any) -> str:
    """A value as a message shows it, cut where it is long.

    >>> short_text("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."
    """
    text = (
        repr(value) if not isinstance(value, int) or abs(value) < 1 << 200 else f"a number of {value.bit_length()} bits"
    )
    return text if len(text) <= 61 else f"{text[:58]}..."
