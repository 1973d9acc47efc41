"""The options of a run beside its output, so that no run is resumed with others."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mien.errors import InputError, SinkError

Options = Mapping[str, Any]


def options_file(path: Path) -> Path:
    """The hidden file beside an output that holds the options of its run.

    >>> options_file(Path("faces.csv")).name
    '.faces.csv.options.json'
    """
    return path.with_name(f".{path.name}.options.json")


def check_options(path: Path, options: Options) -> None:
    """Raise InputError, with the differences named, where an output has rows that were made with other options."""
    if not any(_holds_rows(path.with_name(f"{path.name}{end}")) for end in ("", ".partial", ".added.partial")):
        return
    before = _read(path)
    differences = [
        f"{name} {_text(options.get(name))} instead of {_text(before.get(name))}"
        for name in {**before, **options}
        if before.get(name) != options.get(name)
    ]
    if differences:
        raise InputError(
            f"'resume' must go on with the options of the run that wrote {str(path)!r}. Got {'; '.join(differences)}. "
            "Give the same options, choose another file, or do without 'resume'."
        )


def write_options(path: Path, options: Options) -> None:
    """Keep the options of a run that begins. Raises SinkError where the folder cannot be written."""
    target = options_file(path)
    temporary = target.with_name(f"{target.name}.tmp")
    try:
        temporary.write_text(json.dumps(options, indent=1), encoding="utf-8")
        temporary.replace(target)
    except OSError as error:
        raise SinkError(f"{str(target)!r} cannot be written: {error.strerror}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def _holds_rows(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(options_file(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"'resume' must find the options of the earlier run in {str(options_file(path))!r}. It cannot be read: "
            f"{error}. Choose another file, or do without 'resume'."
        ) from error
    return values if isinstance(values, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
