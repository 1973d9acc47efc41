"""A module out of a Python file: FILE.py:NAME."""

import inspect
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from torch import nn

from mien.errors import InputError, expect


def module_of_file(name: str) -> nn.Module:
    """The module of FILE.py:NAME, where NAME is a module, or a class or function that gives one without arguments.

    The file runs as a program's own code does, with all it may do; it finds the modules beside it. Raises InputError
    for a file that fails and for a name that gives no module.
    """
    path, _, wanted = name.rpartition(":")
    expect(Path(path).is_file(), "model", "FILE.py:NAME with a file that exists", name)
    with _beside(Path(path)):
        try:
            names = runpy.run_path(path)
        except Exception as error:
            raise InputError(f"'model' must be a file that runs. {path!r} fails: {_reason(error)}") from error
        if wanted not in names:
            raise InputError(f"'model' must name a module, a class or a function in {path!r}. Got {wanted!r}.")
        return _made(names[wanted], wanted)


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    """Modules beside the file are found first, as where Python runs it."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _made(thing: Any, name: str) -> nn.Module:
    if not isinstance(thing, nn.Module):
        needed = _needed(thing)
        if needed:
            raise InputError(
                f"'model' must be made without arguments. {name!r} needs {', '.join(needed)}: "
                f"write a function that gives {name}(...) with them."
            )
        expect(callable(thing), "model", f"a module, a class or a function; {name!r} is none", thing)
        try:
            thing = thing()
        except Exception as error:
            raise InputError(f"'model' must be made without an error. {name!r} fails: {_reason(error)}") from error
    expect(isinstance(thing, nn.Module), "model", f"what gives a torch module, {name!r} does not", thing)
    return cast(nn.Module, thing)


def _needed(thing: Any) -> list[str]:
    """The arguments that a call cannot do without."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind not in kinds]


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
