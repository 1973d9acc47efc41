"""Files of object stores and shared folders, by address; what goes wrong there is said in words."""

import os
import re
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mien.errors import InputError, MienError, MissingDependencyError, StoreError

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_ADVICE = {
    "PermissionError": "Check the credentials and the rights that they give",
    "NoCredentialsError": "Give credentials, for S3 by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile",
    "PartialCredentialsError": "Give both parts of the credentials",
    "EndpointConnectionError": "Check the address of the store, for S3 AWS_ENDPOINT_URL, and the network",
    "FileNotFoundError": "Check the address; a bucket must exist",
}


def is_address(name: str) -> bool:
    """Whether a name has a scheme.

    >>> is_address("s3://bucket/key"), is_address("photos/a.jpg")
    (True, False)
    """
    return bool(_ADDRESS.match(name))


class Store:
    """The files below one address: a local folder, or any scheme that fsspec knows.

    Raises MissingDependencyError where the package of the scheme is missing, InputError for an unknown scheme.
    """

    def __init__(self, address: str) -> None:
        try:
            import fsspec
        except ImportError as error:
            raise MissingDependencyError("Work on many machines", "fsspec", "cluster") from error
        address = address.removeprefix("file://")
        self.address = address if is_address(address) else os.path.abspath(address)
        self._scheme = self.address.partition("://")[0] if is_address(address) else ""
        try:
            self.files, self.path = fsspec.core.url_to_fs(self.address)
        except ImportError as error:
            raise MissingDependencyError(f"Addresses of {self._scheme}://", str(error), "cluster") from error
        except ValueError as error:
            raise InputError(f"An address must have a scheme that fsspec knows. Got {address!r}: {error}") from error

    def name(self, path: str) -> str:
        """A path of the store as an address."""
        return str(self.files.unstrip_protocol(path)) if self._scheme else path

    def find(self) -> list[str]:
        """Paths of all files below the address, or that a pattern names, in order; hidden ones are left out."""
        with told(self.address):
            self.files.invalidate_cache()
            pattern = any(sign in self.path for sign in "*?[")
            paths = self.files.glob(self.path) if pattern else self.files.find(self.path)
            hidden = len(self.path.rstrip("/"))
            return sorted(
                path for path in paths if not _is_hidden(path.rpartition("/")[2] if pattern else path[hidden:])
            )

    def exists(self, name: str) -> bool:
        """Whether there is a file of this name below the address."""
        with told(self.address):
            return bool(self.files.exists(self._below(name)))

    @contextmanager
    def reading(self, name: str) -> Iterator[IO[bytes]]:
        """A file below the address, open for reading."""
        with told(self.address), self.files.open(self._below(name), "rb") as file:
            yield file

    def put(self, file: Path, name: str) -> None:
        """A local file as one below the address: whole or not at all, also where others write it too."""
        with told(self.address):
            if self._scheme:
                self.files.put_file(str(file), self._below(name))  # an object appears when it is whole
                return
            target = Path(self._below(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
            try:
                self.files.put_file(str(file), str(temporary))
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)

    def names(self) -> set[str]:
        """Names of the files that stand directly below the address."""
        with told(self.address):
            self.files.invalidate_cache()
            try:
                return {path.rsplit("/", 1)[-1] for path in self.files.ls(self.path, detail=False)}
            except FileNotFoundError:
                return set()

    def _below(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}" if name else self.path


@contextmanager
def told(address: str) -> Iterator[None]:
    """Errors of a store as StoreError, with what to do; a file that is not there or damaged keeps its error."""
    try:
        yield
    except (FileNotFoundError, MienError, tarfile.TarError, EOFError, ValueError):
        raise
    except Exception as error:  # each store has errors of its own
        raise StoreError(f"{address!r} cannot be used: {_short(error)}. {_advice(error)}.") from error


def _advice(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno == 28:
        return "Make room on the disk"
    return _ADVICE.get(type(error).__name__, "Try again; what is done stays done")


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {text[:200]}"


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def copy_to(file: IO[bytes], target: Path) -> None:
    """Write what is left of an open file to a local one."""
    with target.open("wb") as out:
        while chunk := file.read(1 << 20):
            out.write(chunk)
