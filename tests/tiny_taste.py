"""A network with an embedding, its card and a prior of personal taste: mean colours, whitened by hand."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

WIDTH = 3


def write_network(folder: Path, prior: bool = True, outputs: tuple[str, ...] = ("score", "embedding")) -> Path:
    """tiny.onnx: the embedding is the mean of each colour, the score that of red."""
    onnx = pytest.importorskip("onnx", reason="writes a network")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["embedding"]),
        helper.make_node("MatMul", ["embedding", "red"], ["score"]),
    ]
    red = onnx.numpy_helper.from_array(np.eye(WIDTH, 1, dtype=np.float32), "red")
    image = helper.make_tensor_value_info("image", kind, ["batch", 3, 32, 32])
    named = {"score": 1, "embedding": WIDTH}
    puts = [helper.make_tensor_value_info(name, kind, ["batch", width]) for name, width in named.items()]
    model = helper.make_model(
        helper.make_graph(nodes, "tiny", [image], puts, [red]), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    path = folder / "tiny.onnx"
    path.write_bytes(model.SerializeToString())
    taste = {"taste": {"mean": [1.0, 0.0, 0.0], "covariance": np.eye(WIDTH).tolist()}} if prior else {}
    card = {
        "name": "tiny", "task": "attractiveness", "crop": {"kind": "aligned", "size": 32, "scale": 0.4},
        "mean": 127.5, "std": 64.0, "outputs": outputs,
        "decoding": {"mean": 0.0, "std": 1.0, "quantiles": [0.0, 1.0], "pool": "nobody", **taste},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


def write_faces(folder: Path, face: np.ndarray, count: int) -> Path:
    """Photos (H, W, 3) RGB of one face in other colours, and one that is broken."""
    import cv2

    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(count):
        gain = rng.uniform(0.6, 1.1, 3)
        cv2.imwrite(str(folder / f"{k}.png"), np.clip(face[..., ::-1] * gain, 0, 255).astype(np.uint8))
    (folder / "broken.jpg").write_text("no picture")
    return folder
