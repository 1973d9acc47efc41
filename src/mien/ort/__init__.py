"""onnxruntime without its reports: no other room imports it.

Release 1.32 writes an identifier of the device and a database below the user's cache folder, and looks the vendor's
host up to send reports. It reads `ORT_DISABLE_TELEMETRY` once, while it is imported; `disable_telemetry_events()` comes
too late. So the variable is set for the import alone: neither the user's environment nor that of a child process
changes. Where onnxruntime was imported before mien, that import has decided.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCH = "ORT_DISABLE_TELEMETRY"


@contextmanager
def _set(name: str, value: str) -> Iterator[None]:
    """An environment variable for a while."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


with _set(_SWITCH, "1"):
    import onnxruntime

__all__ = ["onnxruntime"]
