"""Commands that need more than the base install say what is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from mien.errors import BrokenDependencyError, MienError, MissingDependencyError


@contextmanager
def needs(command: str, extra: str) -> Iterator[None]:
    """Around imports of what `mien[extra]` installs: a missing package is named, and one that does not load."""
    try:
        yield
    except MienError:
        raise
    except ModuleNotFoundError as error:
        raise MissingDependencyError(command, error.name or extra, extra) from error
    except ImportError as error:
        raise BrokenDependencyError(
            f"{command} needs a package that is installed and cannot be loaded: {error}. Install it again."
        ) from error
