"""A trunk from another's file: both kinds of file, our input, and the same maps as the network it came from."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs mien[train]")
pytest.importorskip("onnx")

import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

from mien.errors import InputError
from mien.train.fold import fold
from mien.train.model import FaceModel, normalise
from mien.train.tasks import create_task
from mien.train.trunks import FACERES_MEAN, import_trunk, read_about, read_tensors
from mien.train.warm_start import load_body, read_weights

CHANNELS = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
STRIDES = [2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
SIDE = 33
"""32 k + 1: a stride of 2 falls on the same pixels, whether padding stands before or after."""


def drawn() -> dict[str, np.ndarray]:
    """Tensors by TensorFlow's names, kernels (outputs, inputs / groups, height, width), of lively activations."""
    rng = np.random.default_rng(0)
    pixels = 60 * (27 / 2) ** 0.5
    found = {"conv1/convolution/merged_input": rng.normal(0, 1 / pixels, (32, 3, 3, 3))}
    found["conv1_bn/batchnorm_1/sub"] = rng.normal(1, 0.5, 32)
    for k in range(1, 14):
        own, out = CHANNELS[k - 1], CHANNELS[k]
        found[f"conv_dw_{k}/depthwise_kernel"] = rng.normal(0, 0.4, (own, 1, 3, 3))
        found[f"conv_dw_{k}_bn/batchnorm_1/mul"] = rng.uniform(0.5, 1.5, own)
        found[f"conv_dw_{k}_bn/batchnorm_1/sub"] = rng.normal(0.5, 0.5, own)
        found[f"conv_pw_{k}/convolution/merged_input"] = rng.normal(0, (1.2 / own) ** 0.5, (out, own, 1, 1))
        found[f"conv_pw_{k}_bn/batchnorm_1/sub"] = rng.normal(0.2, 0.5, out)
    return {name: value.astype(np.float32) for name, value in found.items()}


def teacher(tensors: dict[str, np.ndarray], rgb: torch.Tensor) -> torch.Tensor:
    """Pooled features (N, 1024) as the published network has them: padding after, where a stride leaves a choice."""
    t = {name: torch.from_numpy(value) for name, value in tensors.items()}
    x = rgb.flip(1) - torch.tensor(FACERES_MEAN)[:, None, None]
    x = _same(x, t["conv1/convolution/merged_input"], t["conv1_bn/batchnorm_1/sub"], 2)
    for k in range(1, 14):
        kernel = t[f"conv_dw_{k}/depthwise_kernel"] * t[f"conv_dw_{k}_bn/batchnorm_1/mul"][:, None, None, None]
        x = _same(x, kernel, t[f"conv_dw_{k}_bn/batchnorm_1/sub"], STRIDES[k], len(kernel))
        x = _same(x, t[f"conv_pw_{k}/convolution/merged_input"], t[f"conv_pw_{k}_bn/batchnorm_1/sub"])
    return x.mean((2, 3))


def _same(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor, stride: int = 1, groups: int = 1) -> torch.Tensor:
    size, extent = x.shape[-1], kernel.shape[-1]
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    x = F.pad(x, (total // 2, total - total // 2) * 2)
    return F.conv2d(x, kernel, bias, stride, groups=groups).clamp(0, 6)


def write_onnx(tensors: dict[str, np.ndarray], path: Path) -> Path:
    def name(one: str) -> str:
        return one + ("__dw" if "depthwise" in one else "__w" if "merged" in one else "__4")

    def shape(value: np.ndarray) -> np.ndarray:
        return value.reshape(1, -1, 1, 1) if value.ndim == 1 else value

    parts = [numpy_helper.from_array(shape(value), name(one)) for one, value in tensors.items()]
    info = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    path.write_bytes(helper.make_model(helper.make_graph([], "g", [], [info], parts)).SerializeToString())
    return path


def write_tfjs(tensors: dict[str, np.ndarray], folder: Path, **entry: Any) -> Path:
    raw, entries = b"", []
    for name, value in tensors.items():
        if value.ndim == 4:
            value = value.transpose((2, 3, 0, 1) if "depthwise" in name else (2, 3, 1, 0))
        entries.append({"name": name, "shape": list(value.shape), "dtype": "float32", **entry})
        raw += np.ascontiguousarray(value).tobytes()
    (folder / "net.bin").write_bytes(raw)
    path = folder / "net.json"
    path.write_text(json.dumps({"weightsManifest": [{"paths": ["net.bin"], "weights": entries}]}))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("trunks")
    return write_onnx(drawn(), folder / "net.onnx"), write_tfjs(drawn(), folder)


def test_both_kinds_of_file_hold_the_same(files: tuple[Path, Path]) -> None:
    first, second = map(read_tensors, files)
    assert set(first) == set(second) == set(drawn())
    for name, value in drawn().items():
        np.testing.assert_array_equal(first[name].reshape(value.shape), value)
        np.testing.assert_array_equal(second[name], value)


@pytest.mark.parametrize("kind", [0, 1])
def test_our_network_gives_what_theirs_gives(files: tuple[Path, Path], tmp_path: Path, kind: int) -> None:
    out = tmp_path / "trunk.onnx"
    names = import_trunk(files[kind], out, 127.5, 64.0, {"terms": "research"})
    assert read_about(out)["terms"] == "research"
    model = FaceModel(create_task("age"), "mobilenet_v1_relu6", 1.0, SIDE).eval()
    fold(model)
    assert len(names) == 54
    missing = load_body(model, read_weights(out))
    assert not [name for name in missing if name.startswith("backbone.")]
    rgb = torch.rand(4, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)) * 255
    # Of their padding and ours one pixel around the picture differs, and with it little.
    with torch.no_grad():
        found, expected = model.backbone(normalise(rgb)).mean((2, 3)), teacher(drawn(), rgb)
    assert expected.std() > 0.1
    assert nn.functional.cosine_similarity(found, expected).min() > 0.99


def test_the_interior_of_the_first_map_agrees(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "trunk.onnx"
    import_trunk(files[0], out, 127.5, 64.0)
    weights, tensors = read_weights(out), drawn()
    rgb = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)) * 255
    found = F.conv2d(
        normalise(rgb), weights["backbone.layers.0.0.weight"], weights["backbone.layers.0.0.bias"], 2, padding=1
    )
    bgr = rgb.flip(1) - torch.tensor(FACERES_MEAN)[:, None, None]
    kernel, bias = tensors["conv1/convolution/merged_input"], tensors["conv1_bn/batchnorm_1/sub"]
    expected = F.conv2d(bgr, torch.from_numpy(kernel), torch.from_numpy(bias), 2, padding=1)
    torch.testing.assert_close(found[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("broken", ["text", "missing", "short", "quantized"])
def test_other_files_are_refused(tmp_path: Path, broken: str) -> None:
    tensors = drawn()
    if broken == "text":
        (path := tmp_path / "net.onnx").write_bytes(b"not a network")
    elif broken == "missing":
        path = write_onnx({name: tensors[name] for name in list(tensors)[:5]}, tmp_path / "net.onnx")
    elif broken == "quantized":
        path = write_tfjs(tensors, tmp_path, quantization={"dtype": "uint8"})
    else:
        path = write_tfjs(tensors, tmp_path)
        (tmp_path / "net.bin").write_bytes((tmp_path / "net.bin").read_bytes() + b"more")
    with pytest.raises(InputError, match="'source' must"):
        import_trunk(path, tmp_path / "out.onnx", 127.5, 64.0)
    assert not (tmp_path / "out.onnx").exists()
