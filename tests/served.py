"""What tests of the server share."""

import json
from pathlib import Path
from typing import Any

import pytest


def files(folder: Path, *names: str) -> list[tuple[str, tuple[str, bytes]]]:
    """Parts of a form."""
    return [("photos", (name, (folder / name).read_bytes())) for name in names]


def approx_rows(rows: Any, expected: Any) -> None:
    """The same values; numbers may differ by what another batch size rounds."""
    assert _shape(rows) == _shape(expected)
    assert _numbers(rows) == pytest.approx(_numbers(expected), rel=1e-3, abs=2e-3)


def _shape(part: Any) -> str:
    return json.dumps(_walk(part, lambda number: 0.0))


def _numbers(part: Any) -> list[float]:
    found: list[float] = []
    _walk(part, found.append)
    return found


def _walk(part: Any, see: Any) -> Any:
    if isinstance(part, float):
        return see(part)
    if isinstance(part, dict):
        return {name: _walk(value, see) for name, value in part.items()}
    return [_walk(value, see) for value in part] if isinstance(part, list) else part


def address(url: str) -> tuple[str, int]:
    """Host and port of a url."""
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)
