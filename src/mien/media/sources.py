"""Sources: what a person asks for (files, folders, patterns, cameras, lists) becomes one source at a time."""

import fnmatch
import glob as globbing
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal, TextIO

from mien.errors import InputError, MediaError
from mien.media.files import check_file, display_name
from mien.media.listing import read_list
from mien.media.passed import Passed
from mien.media.photo import check_photo
from mien.media.source import Source
from mien.media.video import is_video

PHOTO_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff", ".avif")
    + (".jp2", ".j2k", ".ppm", ".pgm", ".pbm", ".pnm", ".qoi", ".mpo", ".heic", ".heif")
)
VIDEO_SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".mts", ".m2ts")
    + (".ogv", ".vob", ".mjpeg", ".mjpg")
)
_CAMERA = re.compile(r"webcam:(\d+)")
_MAGIC = re.compile(r"[*?[]")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def find_sources(
    requests: str | os.PathLike[str] | Iterable[str | os.PathLike[str] | Source],
    *,
    recursive: bool = True,
    glob: str | None = None,
    stdin: TextIO | None = None,
) -> Iterator[Source]:
    """Find what can be analysed, one source at a time, in the order asked for.

    A request is a file, a folder (in order of names; hidden files and files that are no media are passed
    over), a pattern such as `photos/**/*.jpg`, `webcam:0`, or `-`: one path a line on standard input, answered as it
    comes. glob narrows the files of folders: by name, or by path below the folder when it has a slash. What cannot be
    read, and a folder, pattern or list that gives nothing, gives a source of kind 'error'; the others follow. A
    `Source` that was found before is passed on.
    """
    if isinstance(requests, (str, os.PathLike)):
        requests = [requests]
    return _find(requests, recursive, glob, stdin)


def folder_sources(folder: str | os.PathLike[str], name: str = "folder") -> Iterator[Source]:
    """What one folder holds. Raises InputError, with the name of the argument, for none and for one without media."""
    if not os.path.isdir(folder):
        raise InputError(f"{name!r} must be a folder with photos. Got {os.fspath(folder)!r}.")
    for source in find_sources(folder):
        if source.kind == "error" and source.path == Path(folder):
            raise InputError(f"{name!r} must be a folder with photos. {source.reason}")
        yield source


def _find(
    requests: Iterable[str | os.PathLike[str] | Source], recursive: bool, pattern: str | None, stdin: TextIO | None
) -> Iterator[Source]:
    for request in requests:
        if isinstance(request, Source):
            yield request
        elif not isinstance(request, (str, os.PathLike)):
            raise InputError(f"Each of 'requests' must be a path, 'webcam:0' or '-'. Got {request!r}.")
        elif request == "-":
            yield from _listed(stdin or sys.stdin, recursive, pattern)
        else:
            yield from _expand(os.fspath(request), recursive, pattern)


def _listed(stdin: TextIO, recursive: bool, pattern: str | None) -> Iterator[Source]:
    """What a list names; the last source before a pause is marked."""
    empty = True
    for path, pause in read_list(stdin):
        empty = False
        sources = _expand(path, recursive, pattern)
        last = next(sources)  # each request gives at least one
        for source in sources:
            yield last
            last = source
        yield replace(last, pause=pause)
    if empty:
        yield Source("-", "error", reason="Standard input held no path. Write one a line.")


def _expand(request: str, recursive: bool, pattern: str | None) -> Iterator[Source]:
    if request.startswith("webcam:"):
        yield _camera(request)
    elif os.path.isdir(request):
        yield from _folder(request, recursive, pattern)
    elif os.path.lexists(request) or not _is_pattern(request):
        yield _file(request)
    else:
        yield from _matches(request, recursive, pattern)


def _folder(request: str, recursive: bool, pattern: str | None) -> Iterator[Source]:
    passed, empty = Passed(), True
    for source in _walk(request, recursive, pattern, passed):
        empty = False
        yield source
    if empty:
        yield _failed(request, passed.reason(f"the folder {display_name(request)!r}", pattern))


def _camera(request: str) -> Source:
    if _CAMERA.fullmatch(request):
        return Source(request, "camera")
    reason = f"'webcam:' must be followed by the number of a camera. Got {request!r}; write webcam:0."
    return Source(display_name(request), "error", reason=reason)


def _is_pattern(request: str) -> bool:
    return bool(_MAGIC.search(request)) and "\0" not in request and not _ADDRESS.match(request)


def _matches(request: str, recursive: bool, pattern: str | None) -> Iterator[Source]:
    given: set[str] = set()
    paths, passed = sorted(set(_glob(request))), Passed()
    for path in paths:
        for source in _walk(path, recursive, pattern, passed) if os.path.isdir(path) else (_file(path),):
            # A pattern may match a folder as well as the files in it.
            if source.name not in given:
                given.add(source.name)
                yield source
    if not given:
        name = display_name(request)
        none = f"No file matches the pattern {name!r}. Check the path."
        yield _failed(request, passed.reason(f"the folders that match {name!r}", pattern) if paths else none)


def _glob(request: str) -> Iterator[str]:
    """Paths that match a pattern; unlike in the module glob, `**` enters a folder once, since links may loop."""
    parts = Path(request).parts
    if "**" not in parts:
        yield from globbing.iglob(request)
        return
    depth = parts.index("**")
    for top in globbing.iglob(str(Path(*parts[:depth]))):
        for folder in _folders(top):
            yield from _glob(str(Path(globbing.escape(folder), *(parts[depth + 1 :] or ("*",)))))


def _folders(top: str) -> Iterator[str]:
    """A folder and those below it that are not hidden, each once."""
    seen: set[tuple[int, int]] = set()
    for folder, names, _ in os.walk(top, followlinks=True):
        info = os.stat(folder)
        if (info.st_dev, info.st_ino) in seen:
            names.clear()
            continue
        seen.add((info.st_dev, info.st_ino))
        names[:] = sorted(name for name in names if not name.startswith("."))
        yield folder


def _file(path: str) -> Source:
    """A file that was asked for by name: its suffix says what it is, else its content."""
    if _ADDRESS.match(path):
        return _failed(path, f"{path!r} is an address on a network, and mien works offline. Download it first.")
    try:
        check_file(Path(path))
    except MediaError as error:
        return _failed(path, str(error))
    kind = _kind_by_suffix(path) or _kind_by_content(Path(path))
    return Source(display_name(path), kind, Path(path)) if kind else _failed(path, _not_media(path))


def _failed(path: str, reason: str) -> Source:
    return Source(display_name(path), "error", Path(path), reason)


def _kind_by_suffix(path: str) -> Literal["photo", "video"] | None:
    suffix = os.path.splitext(path)[1].lower()
    return "photo" if suffix in PHOTO_SUFFIXES else "video" if suffix in VIDEO_SUFFIXES else None


def _kind_by_content(path: Path) -> Literal["photo", "video"] | None:
    try:
        check_photo(path)
        return "photo"
    except MediaError:
        return "video" if is_video(path) else None


def _not_media(path: str) -> str:
    from mien.media.photo import check_photo

    try:
        check_photo(Path(path))
    except MediaError as error:
        return str(error)
    return ""


def _walk(root: str, recursive: bool, pattern: str | None, passed: Passed) -> Iterator[Source]:
    """Files of a folder in order of names. An explicit stack: folders may be nested deeper than Python's calls."""
    seen: set[tuple[int, int]] = set()
    stack = [_entries(root, seen, passed)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, Source):
            yield entry
        elif _is_folder(entry):
            if recursive:
                stack.append(_entries(entry.path, seen, passed))
            passed.folders += not recursive
        elif _kind_by_suffix(entry.name) and _fits(os.path.relpath(entry.path, root), pattern):
            yield _entry_source(entry)
        else:
            passed.add(entry.name)


def _entries(folder: str, seen: set[tuple[int, int]], passed: Passed) -> Iterator["os.DirEntry[str] | Source"]:
    """Entries of one folder that are not hidden; nothing when a link has led there before."""
    try:
        info = os.stat(folder)
        if (info.st_dev, info.st_ino) in seen:
            return
        seen.add((info.st_dev, info.st_ino))
        with os.scandir(folder) as listing:
            everything = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        name = display_name(folder)
        yield _failed(folder, f"The folder {name!r} cannot be read: {error.strerror}. Change its permissions.")
        return
    shown = [entry for entry in everything if not entry.name.startswith(".")]
    passed.hidden += len(everything) - len(shown)
    yield from shown


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _fits(relative: str, pattern: str | None) -> bool:
    if pattern is None:
        return True
    path = Path(relative).as_posix()
    if "/" not in pattern:
        return fnmatch.fnmatch(os.path.basename(path), pattern)
    return fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(path, pattern.replace("**/", ""))


def _entry_source(entry: "os.DirEntry[str]") -> Source:
    kind = _kind_by_suffix(entry.name)
    assert kind is not None
    return Source(display_name(entry.path), kind, Path(entry.path))
