"""Model cards and ONNX files, with values, weights and graphs that do not fit."""

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tests.fixtures.tiny_models import SIZE, network
from tests.reliability.case import ANY, Case, encoded, pick, portrait
from tests.reliability.mutation import Rng, alter, mutate, mutate_text

from mien.runtime.models import WEIGHTS

TASKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "age": (
        {"age": [0.2, 0.1]},
        {"head": "laplace", "coverage": 0.9, "band_edges": [20, 40], "band_quantiles": [1.0, 1.5, 2.0]},
    ),
    "classification:mood": ({"classification:mood": [0.1, 0.9]}, {"classes": ["calm", "lively"], "temperature": 1.0}),
    "regression:height": ({"regression:height": [0.5]}, {"low": 0.0, "high": 10.0, "center": 5.0, "unit": 2.0}),
}
"""Outputs and decoding of small models of one task each."""


def card_of(task: str, weights: bytes, sha256: str | None = None) -> dict[str, Any]:
    """The card of a small model."""
    biases, decoding = TASKS[task]
    return {
        "name": "tiny",
        "task": task,
        "crop": {"kind": "aligned", "size": SIZE, "scale": 0.36, "margin": 1.5},
        "mean": 100.0,
        "std": 50.0,
        "outputs": list(biases),
        "decoding": decoding,
        "sha256": sha256 or hashlib.sha256(weights).hexdigest(),
    }


def _shipped(name: str) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))
    return card


def make_card(rng: Rng, number: int, folder: Path) -> Case:
    """One card beside a whole network, for `mien analyze --model` or `mien models`."""
    (folder / "face.jpg").write_bytes(encoded(portrait(), ".jpg"))
    shipped = number % 3 == 0
    task = pick(["expression", "age", "attractiveness"] if shipped else list(TASKS), rng)
    weights = (WEIGHTS / f"{task}.onnx").read_bytes() if shipped else network(TASKS[task][0])
    (folder / "own.onnx").write_bytes(weights)
    card = _shipped(task) if shipped else card_of(task, weights)
    if number % 4 == 0:
        content, what = mutate_text(json.dumps(card), rng)
    else:
        changed, what = alter({key: card[key] for key in card_of("age", b"") if key in card}, rng)
        content = json.dumps({**card, **changed} if rng.random() < 0.5 else changed).encode()
    (folder / "own.json").write_bytes(content)
    command = ["models", "own.onnx"] if rng.random() < 0.15 else _reading(rng)
    return Case(f"{task}: {what}", command)


def _reading(rng: Rng) -> list[str]:
    return pick(
        [
            ["analyze", "face.jpg", "-q", "--out", "-", "--heads", "", "--model", "own.onnx"],
            ["analyze", "face.jpg", "-q", "--out", "out.csv", "--heads", "age", "--model", "own.onnx"],
            ["analyze", "face.jpg", "-q", "--out", "out.parquet", "--heads", "", "--model", "own.onnx", "--draw", "d"],
        ],
        rng,
    )


def _model(nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: tuple[Any, ...] = ()) -> bytes:
    graph = helper.make_graph(nodes, "odd", inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def _value(name: str, shape: list[Any] | None, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


_IMAGE = ["n", 3, SIZE, SIZE]
_POOL = helper.make_node("GlobalAveragePool", ["image"], ["pooled"])
_FLAT = helper.make_node("Flatten", ["pooled"], ["age"])


def _loop() -> bytes:
    nodes = [helper.make_node("Relu", ["b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])]
    return _model(nodes, [_value("image", _IMAGE)], [_value("b", None)])


def _nan_weights() -> bytes:
    bias = numpy_helper.from_array(np.full(2, np.nan, np.float32), "w")
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["m"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["m", "k"], ["u"]),
        helper.make_node("Add", ["u", "w"], ["age"]),
    ]
    axis = numpy_helper.from_array(np.array([1]), "k")
    return _model(nodes, [_value("image", _IMAGE)], [_value("age", ["n", 2])], (bias, axis))


ODD: dict[str, Callable[[], bytes]] = {
    "no bytes": bytes,
    "text": lambda: b"a network\n",
    "zeros": lambda: bytes(500),
    "no graph": lambda: bytes(onnx.ModelProto(ir_version=8).SerializeToString()),
    "no nodes": lambda: _model([], [_value("image", _IMAGE)], [_value("image", _IMAGE)]),
    "no input": lambda: _model(
        [helper.make_node("Constant", [], ["age"], value=numpy_helper.from_array(np.zeros((1, 2), np.float32)))],
        [],
        [_value("age", [1, 2])],
    ),
    "another input": lambda: _model(
        [helper.make_node("Flatten", ["x"], ["age"])], [_value("x", _IMAGE)], [_value("age", None)]
    ),
    "two inputs": lambda: _model([_POOL, _FLAT], [_value("image", _IMAGE), _value("more", [1])], [_value("age", None)]),
    "bytes as input": lambda: _model(
        [helper.make_node("Flatten", ["image"], ["age"])],
        [_value("image", _IMAGE, TensorProto.UINT8)],
        [_value("age", None, TensorProto.UINT8)],
    ),
    "an input without a shape": lambda: _model([_POOL, _FLAT], [_value("image", None)], [_value("age", None)]),
    "four dimensions out": lambda: _model([_POOL], [_value("image", _IMAGE)], [_value("pooled", None)]),
    "a wider output": lambda: network({"age": [0.0] * 7}),
    "an empty output": lambda: network({"age": []}),
    "another output": lambda: network({"years": [0.0, 0.0]}),
    "another crop": lambda: _model([_POOL, _FLAT], [_value("image", ["n", 3, 99, 99])], [_value("age", None)]),
    "gray pictures": lambda: _model([_POOL, _FLAT], [_value("image", ["n", 1, SIZE, SIZE])], [_value("age", None)]),
    "a batch of one": lambda: _model([_POOL, _FLAT], [_value("image", [1, 3, SIZE, SIZE])], [_value("age", None)]),
    "an unknown operator": lambda: _model(
        [helper.make_node("Foo", ["image"], ["age"], domain="bar")], [_value("image", _IMAGE)], [_value("age", None)]
    ),
    "a circle": _loop,
    "weights of NaN": _nan_weights,
    "weights elsewhere": lambda: _external("nowhere.bin"),
    "weights above the folder": lambda: _external("../../../etc/passwd"),
}


def _external(location: str) -> bytes:
    model = onnx.load_from_string(network({"age": [0.0, 0.0]}))
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    return bytes(model.SerializeToString())


@lru_cache
def _base(task: str) -> bytes:
    return network(TASKS[task][0])


def make_network(rng: Rng, number: int, folder: Path) -> Case:
    """One ONNX file with a card that fits it, for `mien analyze --model` or `mien profile`."""
    (folder / "face.jpg").write_bytes(encoded(portrait(), ".jpg"))
    odd, task = list(ODD), pick(list(TASKS), rng)
    if number < 2 * len(odd):  # each once for `analyze`, once for `profile`
        task, what = "age", odd[number // 2]
        content = ODD[what]()
    else:
        content, what = mutate(_base(task), rng)
    (folder / "own.onnx").write_bytes(content)
    (folder / "own.json").write_text(json.dumps(card_of(task, content)), encoding="utf-8")
    size = ["--size", "1,3,16,16"] if rng.random() < 0.5 else []
    command = ["profile", "own.onnx", *size, "--explain", "--operators"] if number % 2 else _reading(rng)
    return Case(f"{task}: {what}", command, ANY)
