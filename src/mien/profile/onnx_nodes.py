"""ONNX nodes as operations of ATen: one small translation an operator, the name in lower case where there is none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mien.errors import expect
from mien.profile.graph import Value

Result = tuple[str, dict[str, Any], Sequence[Value]]
"""Name of the operation, its arguments, its outputs."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """A node with its values. number: a constant input as whole numbers; fresh: a value between two operations."""

    node: Any
    attributes: dict[str, Any]
    values: Sequence[Value | None]
    outputs: Sequence[Value]
    number: Callable[[str], list[int] | None]
    fresh: Callable[[Sequence[int]], Value]

    @property
    def first(self) -> Value:
        """The first input."""
        found = self.values[0]
        assert found is not None
        return found

    def listed(self, name: str, index: int) -> list[int] | None:
        """Whole numbers that are an attribute in old and an input in new versions of an operator."""
        if name in self.attributes:
            return [int(n) for n in self.attributes[name]]
        return self.number(self.node.input[index]) if index < len(self.node.input) else None

    def given(self, *indices: int) -> list[Value | None]:
        """The inputs of these numbers, None for those left out."""
        return [self.values[k] if k < len(self.values) else None for k in indices]


def translate(node: Arguments) -> Iterator[Result]:
    """The operations of a node."""
    rule = NODES.get(node.node.op_type)
    if rule:
        yield from rule(node)
    elif node.outputs:
        named = {str(k): value for k, value in enumerate(node.values) if value is not None}
        name = NAMES.get(node.node.op_type, node.node.op_type.lower())
        yield name, named, node.outputs


def _pads(node: Arguments, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """Padding before the first position of each axis."""
    n, auto = len(kernel), node.attributes.get("auto_pad", b"NOTSET")
    if not auto.startswith(b"SAME"):
        return list(node.attributes.get("pads", [0] * n))[:n]
    sides = zip(node.first.shape[2:], node.outputs[0].shape[2:], kernel, stride, dilation, strict=True)
    needed = [max(0, (after - 1) * s + (k - 1) * d + 1 - before) for before, after, k, s, d in sides]
    return [(n + (auto == b"SAME_LOWER")) // 2 for n in needed]


def _sliding(node: Arguments, kernel: Sequence[int]) -> dict[str, Any]:
    n = len(kernel)
    stride, dilation = (list(node.attributes.get(name, [1] * n)) for name in ("strides", "dilations"))
    return {"stride": stride, "dilation": dilation, "padding": _pads(node, kernel, stride, dilation)}


def _conv(node: Arguments, places: tuple[int, int, int] = (0, 1, 2), transposed: bool = False) -> Iterator[Result]:
    x, weight, bias = node.given(*places)
    assert x is not None
    assert weight is not None
    groups = node.attributes.get("group", 1)
    fits = x.shape[1] == (weight.shape[0] if transposed else weight.shape[1] * groups)
    met = f"{x.shape} and {weight.shape} with {groups} groups in {node.node.name!r}"
    expect(fits, "input_size", "one that the model can take", met)
    arguments = {"input": x, "weight": weight, "bias": bias, "transposed": transposed}
    yield "convolution", {**arguments, **_sliding(node, weight.shape[2:])}, node.outputs


def _pool(node: Arguments) -> Iterator[Result]:
    kernel = list(node.attributes["kernel_shape"])
    kind = "max" if node.node.op_type == "MaxPool" else "avg"
    yield (
        f"{kind}_pool{len(kernel)}d",
        {"self": node.first, "kernel_size": kernel, **_sliding(node, kernel)},
        node.outputs,
    )


def _global_pool(node: Arguments) -> Iterator[Result]:
    dims = list(range(2, len(node.first.shape)))
    yield "mean", {"self": node.first, "dim": dims, "keepdim": True}, node.outputs


def _reduce(node: Arguments) -> Iterator[Result]:
    arguments = {"self": node.first, "dim": node.listed("axes", 1), "keepdim": node.attributes.get("keepdims", 1)}
    yield "mean", arguments, node.outputs


def _gemm(node: Arguments) -> Iterator[Result]:
    a, b, c = node.given(0, 1, 2)
    if node.attributes.get("transA") and a is not None:
        turned = node.fresh(a.shape[::-1])
        yield "t", {"self": a}, [turned]
        a = turned
    yield ("mm" if c is None else "addmm"), {**({} if c is None else {"self": c}), "mat1": a, "mat2": b}, node.outputs


def _matmul(node: Arguments) -> Iterator[Result]:
    yield "matmul", {"self": node.values[0], "other": node.values[1]}, node.outputs


def _view(node: Arguments) -> Iterator[Result]:
    yield "view", {"self": node.first}, node.outputs


def _transpose(node: Arguments) -> Iterator[Result]:
    order = node.attributes.get("perm", list(range(len(node.first.shape)))[::-1])
    yield "permute", {"self": node.first, "dims": list(order)}, node.outputs


def _concat(node: Arguments) -> Iterator[Result]:
    yield "cat", {"tensors": list(node.values), "dim": node.attributes["axis"]}, node.outputs


def _split(node: Arguments) -> Iterator[Result]:
    yield "split", {"self": node.first, "dim": node.attributes.get("axis", 0)}, node.outputs


def _softmax(node: Arguments) -> Iterator[Result]:
    yield "softmax", {"self": node.first, "dim": node.attributes.get("axis", -1)}, node.outputs


def _layer_norm(node: Arguments) -> Iterator[Result]:
    axis = node.attributes.get("axis", -1)
    yield "native_layer_norm", {"input": node.first, "normalized_shape": node.first.shape[axis:]}, node.outputs


def _expand(node: Arguments) -> Iterator[Result]:
    yield "expand", {"self": node.first}, node.outputs


def _slice(node: Arguments) -> Iterator[Result]:
    starts, ends = node.listed("starts", 1), node.listed("ends", 2)
    axes, steps = node.listed("axes", 3), node.listed("steps", 4)
    if starts is None or ends is None:
        yield "index", {"self": node.first}, node.outputs
        return
    value, shape = node.first, list(node.first.shape)
    axes = axes or list(range(len(starts)))
    for k, (start, end, axis) in enumerate(zip(starts, ends, axes, strict=True)):
        step = steps[k] if steps else 1
        shape[axis] = len(range(*slice(start, end, step).indices(shape[axis])))
        result = node.outputs[0] if k + 1 == len(axes) else node.fresh(shape)
        yield "slice", {"self": value, "dim": axis, "start": start, "end": end, "step": step}, [result]
        value = result


def _gather(node: Arguments) -> Iterator[Result]:
    index, axis = node.number(node.node.input[1]), node.attributes.get("axis", 0)
    picks_one = index is not None and len(index) == 1 and len(node.outputs[0].shape) < len(node.first.shape)
    if picks_one and index is not None:
        yield "select", {"self": node.first, "dim": axis, "index": index[0]}, node.outputs
    else:
        yield "index", {"self": node.first}, node.outputs


def _pad(node: Arguments) -> Iterator[Result]:
    pads = node.listed("pads", 1) or []
    n = len(pads) // 2
    pairs = [side for k in reversed(range(n)) for side in (pads[k], pads[k + n])]
    yield "constant_pad_nd", {"self": node.first, "pad": pairs}, node.outputs


def _resize(node: Arguments) -> Iterator[Result]:
    mode, n = node.attributes.get("mode", b"nearest"), len(node.first.shape) - 2
    names = {b"nearest": f"upsample_nearest{n}d", b"cubic": "upsample_bicubic2d"}
    linear = {1: "upsample_linear1d", 2: "upsample_bilinear2d", 3: "upsample_trilinear3d"}.get(n, "upsample_bilinear2d")
    corners = node.attributes.get("coordinate_transformation_mode") == b"align_corners"
    yield names.get(mode, linear), {"self": node.first, "align_corners": corners}, node.outputs


def _shuffle(node: Arguments) -> Iterator[Result]:
    up = node.node.op_type == "DepthToSpace"
    name, factor = ("pixel_shuffle", "upscale_factor") if up else ("pixel_unshuffle", "downscale_factor")
    yield name, {"self": node.first, factor: node.attributes["blocksize"]}, node.outputs


NAMES = {
    "BatchNormalization": "_native_batch_norm_legit_no_training", "Identity": "identity", "Dropout": "identity",
    "Cast": "_to_copy", "QuantizeLinear": "quantize", "DequantizeLinear": "dequantize",
}  # fmt: skip
REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")
NODES: dict[str, Callable[[Arguments], Iterator[Result]]] = {
    "Conv": _conv, "ConvInteger": _conv, "ConvTranspose": lambda node: _conv(node, transposed=True),
    "QLinearConv": lambda node: _conv(node, (0, 3, 8)),
    **dict.fromkeys(("MaxPool", "AveragePool"), _pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), _global_pool),
    **dict.fromkeys((f"Reduce{kind}" for kind in REDUCTIONS), _reduce),
    "Gemm": _gemm, "MatMul": _matmul, "MatMulInteger": _matmul,
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _view),
    "Transpose": _transpose, "Concat": _concat, "Split": _split, "Softmax": _softmax, "LogSoftmax": _softmax,
    "LayerNormalization": _layer_norm, "Expand": _expand, "Slice": _slice, "Gather": _gather, "Pad": _pad,
    "Resize": _resize, "DepthToSpace": _shuffle, "SpaceToDepth": _shuffle,
}  # fmt: skip
