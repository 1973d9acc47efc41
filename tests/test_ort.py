"""onnxruntime reads that it must not report, and nobody else is told so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import importlib, json, os, sys
before = os.environ.get("ORT_DISABLE_TELEMETRY")
seen = []
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            seen.append(os.environ.get("ORT_DISABLE_TELEMETRY"))
sys.meta_path.insert(0, Finder())
from mien.ort import onnxruntime
print(json.dumps([before, *seen, os.environ.get("ORT_DISABLE_TELEMETRY"), onnxruntime.__name__]))
"""


@pytest.mark.parametrize("value", [None, "0", "1"])
def test_the_switch_is_set_while_onnxruntime_is_imported_and_then_as_before(value: str | None, tmp_path: Path) -> None:
    kept = {name: text for name, text in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    env = {**kept, "HOME": str(tmp_path)} | ({} if value is None else {"ORT_DISABLE_TELEMETRY": value})
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env=env)
    assert json.loads(run.stdout) == [value, "1", value, "onnxruntime"]
    assert os.listdir(tmp_path) == []
