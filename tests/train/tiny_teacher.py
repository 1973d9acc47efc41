"""A teacher of a few numbers: mean colours of the crop as its embedding, and a distribution over five ages."""

from pathlib import Path

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

from mien.train.recipe import Teacher

MEAN = (100.0, 110.0, 120.0)
KERNEL = np.random.default_rng(0).normal(0, 0.05, (3, 5)).astype(np.float32)


def write_teacher(folder: Path, softmax: bool = True, size: int = 60, **card: object) -> Teacher:
    """The network and its card; by default it takes the crops of tiny recipes as they are kept."""
    nodes = [helper.make_node("ReduceMean", ["x"], ["colors"], axes=[2, 3], keepdims=0)]
    nodes.append(helper.make_node("MatMul", ["colors", "kernel"], ["logits"]))
    nodes.append(helper.make_node("Softmax", ["logits"], ["ages"], axis=-1))
    infos = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])]
    outs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("colors", "logits", "ages")]
    graph = helper.make_graph(nodes, "teacher", infos, outs, [numpy_helper.from_array(KERNEL, "kernel")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "tiny.onnx")
    tensor = "ages" if softmax else "logits"
    values = {
        "name": "tiny", "crop": {"size": size, "scale": 0.36 / 1.25},
        "channels": "BGR", "mean": MEAN, "std": [50, 50, 50],
        "outputs": {
            "age": {"tensor": tensor, "kind": "distribution", "teaches": "age", "first": 10, "step": 15},
            "colors": {"tensor": "colors", "kind": "embedding"},
        },
        "source": "drawn", "terms": "public domain",
    } | card  # fmt: skip
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(values))
    return Teacher(file=folder / "tiny.onnx")


def colors_of(crops: np.ndarray) -> np.ndarray:
    """What the teacher's embedding of RGB crops (N, S, S, 3) must be."""
    return (crops[..., ::-1].mean((1, 2)) - np.array(MEAN)) / 50


def shares_of(crops: np.ndarray) -> np.ndarray:
    """Its distribution over five ages."""
    exp = np.exp(colors_of(crops) @ KERNEL)
    return exp / exp.sum(1, keepdims=True)
