"""Networks of a few bytes with cards: outputs = weight @ (mean of each channel) + bias, exactly known."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.geometry import Array

onnx = pytest.importorskip("onnx")

SIZE = 16
MEAN, STD = 100.0, 50.0


def network(biases: Mapping[str, Any], weights: Mapping[str, Any] | None = None) -> bytes:
    """A model from `image` (N, 3, SIZE, SIZE) to the named outputs (N, width); weights (3, width) default to 0."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
    ]
    constants, outputs = [], []
    for name, values in biases.items():
        bias = np.asarray(values, np.float32)
        weight = np.zeros((3, len(bias)), np.float32) if weights is None else np.asarray(weights[name], np.float32)
        constants += [numpy_helper.from_array(weight, f"{name}_w"), numpy_helper.from_array(bias, f"{name}_b")]
        nodes.append(helper.make_node("Gemm", ["flat", f"{name}_w", f"{name}_b"], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", len(bias)]))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])
    graph = helper.make_graph(nodes, "tiny", [image], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def save(
    folder: Path,
    task: str,
    biases: Mapping[str, Any],
    *,
    weights: Mapping[str, Any] | None = None,
    decoding: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """The model and its card as TASK.onnx and TASK.json; changes replace parts of the card."""
    path = folder / f"{task}.onnx"
    path.write_bytes(network(biases, weights))
    card = {
        "name": task,
        "task": task,
        "crop": {"kind": "aligned", "size": SIZE, "scale": 0.36, "margin": 1.5},
        "mean": MEAN,
        "std": STD,
        "outputs": list(biases),
        "decoding": decoding or {},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps({**card, **changes}), encoding="utf-8")
    return path


def crops_of(colors: Any) -> Array:
    """Crops (N, SIZE, SIZE, 3) of one RGB colour each."""
    rows = np.asarray(colors, np.uint8).reshape(-1, 3)
    return np.broadcast_to(rows[:, None, None], (len(rows), SIZE, SIZE, 3)).copy()
