"""The examples in docstrings are true."""

import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import mien

ROOT = Path(mien.__file__).parent
TORCH_ROOMS = ("mien.train", "mien.profile", "mien.studies")
WITHOUT_TORCH = ("mien.metrics", "mien.datasets.labels")  # of those rooms, what needs numpy alone
NEEDS_WEIGHTS = ("mien.analyzer",)
WEIGHTS = ("landmarks.onnx", "expression.onnx", "age.onnx", "attractiveness.onnx")


def modules_with_examples():
    """Names of the modules whose source has an example and that import without torch."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(("mien", *(part for part in parts if part != "__init__")))
        if ">>> " in path.read_text(encoding="utf-8") and (name in WITHOUT_TORCH or not name.startswith(TORCH_ROOMS)):
            yield name


def test_examples_are_found():
    names = set(modules_with_examples())
    assert {"mien.errors", "mien.faces.faces", "mien.geometry", "mien.tracking.tracker", *WITHOUT_TORCH} <= names


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples(name):
    missing = [file for file in WEIGHTS if not (ROOT / "weights" / file).is_file()]
    if name in NEEDS_WEIGHTS and missing:
        pytest.skip(f"needs model weights that are not there yet: {', '.join(missing)}")
    results = doctest.testmod(import_module(name), extraglobs={"np": np})
    assert results.attempted > 0
    assert results.failed == 0
