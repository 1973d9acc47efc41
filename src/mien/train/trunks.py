"""Networks that others trained, as the start of ours: weights read from their files, turned to our input and names."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from mien.errors import InputError
from mien.files import whole_file

Weights = dict[str, NDArray[np.float32]]

FACERES_MEAN = (103.939, 116.779, 123.68)
"""What faceres-deep takes from blue, green and red pixels of 0..255."""
BLOCKS = 13
"""Separable blocks of MobileNet v1."""
_SUFFIX = re.compile(r"__\w+$")


def import_trunk(source: Path, out: Path, mean: float, std: float, about: Mapping[str, str] | None = None) -> list[str]:
    """Write `out`, an ONNX file of initializers `backbone.NAME` that a recipe's `init` reads; returns their names.

    source: faceres-deep as an ONNX file, or as the JSON file of its tfjs graph model with the weights beside it.
    mean, std: of our input, (rgb - mean) / std. about: told by the file's metadata, beside `sha256` of the source.
    Raises InputError for another file.
    """
    weights = mobilenet_v1_weights(read_tensors(source), mean, std)
    write_trunk(weights, out, {"trunk": source.stem, "sha256": digest(source), **(about or {})})
    return list(weights)


def digest(path: Path) -> str:
    """sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_tensors(path: Path) -> Weights:
    """Tensors by the name they have in TensorFlow; kernels as (outputs, inputs / groups, height, width)."""
    try:
        return _tfjs(path) if path.suffix == ".json" else _onnx(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _not_a_trunk(path, error) from error
    except Exception as error:  # whatever a broken file makes the parser of ONNX raise
        raise _not_a_trunk(path, error) from error


def _not_a_trunk(path: Path, error: Exception) -> InputError:
    return InputError(f"'source' must be an ONNX file or the JSON file of a tfjs model. Got {str(path)!r}: {error!r}")


def _onnx(path: Path) -> Weights:
    """tf2onnx-like names end in `__w`, `__dw`, `__4`; the rest is TensorFlow's."""
    return {
        _SUFFIX.sub("", tensor.name): np.asarray(numpy_helper.to_array(tensor), np.float32)
        for tensor in onnx.load(path).graph.initializer
    }


def _tfjs(path: Path) -> Weights:
    """The groups of a weights manifest, each a list of tensors one after the other in the bytes of its files."""
    weights: Weights = {}
    for group in json.loads(path.read_text(encoding="utf-8"))["weightsManifest"]:
        raw = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        at = 0
        for entry in group["weights"]:
            values, at = _tensor(raw, at, entry)
            weights[entry["name"]] = _our_layout(entry["name"], values)
        if at != len(raw):
            raise ValueError(f"the weights must have {at} bytes, got {len(raw)}")
    return weights


def _tensor(raw: bytes, at: int, entry: Mapping[str, Any]) -> tuple[NDArray[Any], int]:
    """A tensor of the manifest, and where the next one begins."""
    if entry.get("quantization"):
        raise ValueError(f"{entry['name']} is quantized")
    dtype = np.dtype({"float32": "<f4", "int32": "<i4"}[entry["dtype"]])
    count = int(np.prod(entry["shape"], dtype=np.int64))
    values = np.frombuffer(raw, dtype, count, at).reshape(entry["shape"])
    return values, at + count * dtype.itemsize


def _our_layout(name: str, values: NDArray[Any]) -> NDArray[np.float32]:
    """(height, width, inputs, outputs), or (height, width, channels, 1) of a depthwise kernel, to torch's order."""
    if values.ndim == 4:
        values = values.transpose((2, 3, 0, 1) if "depthwise" in name else (3, 2, 0, 1))
    return np.ascontiguousarray(values, np.float32)


def mobilenet_v1_weights(tensors: Weights, mean: float, std: float) -> Weights:
    """Weights of our `mobilenet_v1_relu6` by name, norms folded, from the tensors of faceres-deep.

    Theirs reads blue, green, red minus their means; ours (rgb - mean) / std. With x = rgb, w x_bgr + b becomes
    (std w') (x - mean) / std + b + sum(w' (mean - their mean)), w' the kernel with its channels turned round: alike
    wherever the kernel sees the image and not its padding, which is their mean in theirs and ours in ours.
    Raises InputError where a tensor is missing.
    """
    try:
        return _mobilenet_v1(tensors, mean, std)
    except KeyError as error:
        raise InputError(f"'source' must have the tensor {error} of faceres-deep. Got {len(tensors)} others.") from None


def _mobilenet_v1(tensors: Weights, mean: float, std: float) -> Weights:
    kernel = tensors["conv1/convolution/merged_input"][:, ::-1]
    rise = (kernel.sum((2, 3)) * (mean - np.array(FACERES_MEAN[::-1], np.float32))).sum(1)
    weights = {
        "layers.0.0.weight": kernel * std,
        "layers.0.0.bias": tensors["conv1_bn/batchnorm_1/sub"].ravel() + rise,
    }
    for k in range(1, BLOCKS + 1):
        factor = tensors[f"conv_dw_{k}_bn/batchnorm_1/mul"].reshape(-1, 1, 1, 1)
        weights[f"layers.{k}.0.0.weight"] = tensors[f"conv_dw_{k}/depthwise_kernel"] * factor
        weights[f"layers.{k}.0.0.bias"] = tensors[f"conv_dw_{k}_bn/batchnorm_1/sub"].ravel()
        weights[f"layers.{k}.1.0.weight"] = tensors[f"conv_pw_{k}/convolution/merged_input"]
        weights[f"layers.{k}.1.0.bias"] = tensors[f"conv_pw_{k}_bn/batchnorm_1/sub"].ravel()
    return {f"backbone.{name}": np.ascontiguousarray(value, np.float32) for name, value in weights.items()}


def write_trunk(weights: Weights, path: Path, about: Mapping[str, str]) -> None:
    """Write weights as an ONNX file of initializers alone, whole or not at all."""
    initializers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    names = [helper.make_tensor_value_info(n, TensorProto.FLOAT, w.shape) for n, w in weights.items()]
    model = helper.make_model(helper.make_graph([], "trunk", [], names, initializers))
    helper.set_model_props(model, dict(about))
    with whole_file(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def read_about(path: Path) -> dict[str, str]:
    """What a file of weights says of its origin; empty where it says nothing."""
    return {entry.key: entry.value for entry in onnx.load(path, load_external_data=False).metadata_props}
