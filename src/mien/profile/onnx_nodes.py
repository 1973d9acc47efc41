"""ONNX nodes as operations of ATen: one small translation an operator, the name in lower case where there is none."""

from collections.abc import Callable, Iterator

from mien.profile.onnx_arguments import Arguments, Result, sliding
from mien.profile.onnx_products import PRODUCT_NODES


def translate(node: Arguments) -> Iterator[Result]:
    """The operations of a node."""
    rule = NODES.get(node.node.op_type)
    if rule and node.outputs and node.node.domain in DOMAINS:
        yield from rule(node)
    elif node.outputs:
        named = {str(k): value for k, value in enumerate(node.values) if value is not None}
        name = NAMES.get(node.node.op_type, node.node.op_type.lower())
        if node.node.domain not in DOMAINS:
            name = f"{node.node.domain}::{node.node.op_type}"
        yield name, named, node.outputs


def _pool(node: Arguments) -> Iterator[Result]:
    kernel = list(node.attributes["kernel_shape"])
    kind = "max" if node.node.op_type == "MaxPool" else "avg"
    yield (
        f"{kind}_pool{len(kernel)}d",
        {"self": node.first, "kernel_size": kernel, **sliding(node, kernel)},
        node.outputs,
    )


def _global_pool(node: Arguments) -> Iterator[Result]:
    dims = list(range(2, len(node.first.shape)))
    yield "mean", {"self": node.first, "dim": dims, "keepdim": True}, node.outputs


def _reduce(node: Arguments) -> Iterator[Result]:
    arguments = {"self": node.first, "dim": node.listed("axes", 1), "keepdim": node.attributes.get("keepdims", 1)}
    yield "mean", arguments, node.outputs


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
    elif (picks := node.given(1)) is not None:
        indices = [None] * (axis % max(len(node.first.shape), 1)) + [picks]
        yield "index", {"self": node.first, "indices": indices}, node.outputs


def _gather_elements(node: Arguments) -> Iterator[Result]:
    dim = node.attributes.get("axis", 0)
    yield "gather", {"self": node.first, "dim": dim, "index": node.given(1)}, node.outputs


def _along(name: str, default: int) -> Callable[[Arguments], Iterator[Result]]:
    """An operator along the axis of an attribute, or of its second input."""

    def rule(node: Arguments) -> Iterator[Result]:
        second = node.number(node.node.input[1]) if name == "cumsum" else None
        dim = second[0] if second else node.attributes.get("axis", default)
        yield name, {"self": node.first, "dim": dim, "keepdim": node.attributes.get("keepdims", 1)}, node.outputs

    return rule


def _map_norm(node: Arguments) -> Iterator[Result]:
    """Statistics over the positions of a map."""
    scale, bias = node.given_all(1, 2)
    yield "native_group_norm", {"input": node.first, "weight": scale, "bias": bias}, node.outputs


def _skip_norm(node: Arguments) -> Iterator[Result]:
    result = node.fresh(node.first.shape)
    yield "add", {"self": node.first, "other": node.given(1)}, [result]
    shape = result.shape[-1:]
    yield "native_layer_norm", {"input": result, "normalized_shape": shape, "weight": node.given(2)}, node.outputs[:1]


def _tile(node: Arguments) -> Iterator[Result]:
    repeats = node.number(node.node.input[1])
    yield ("tile" if repeats is None else "repeat"), {"self": node.first, "repeats": repeats}, node.outputs


def _quantized_concat(node: Arguments) -> Iterator[Result]:
    """Each tensor is followed by its scale and its zero."""
    parts = [value for value in node.values[2::3] if value is not None]
    yield "cat", {"tensors": parts, "dim": node.attributes["axis"]}, node.outputs


def _pad(node: Arguments) -> Iterator[Result]:
    pads = node.listed("pads", 1) or []
    n = len(pads) // 2
    pairs = [side for k in reversed(range(n)) for side in (pads[k], pads[k + n])]
    yield "constant_pad_nd", {"self": node.first, "pad": pairs}, node.outputs


def _resize(node: Arguments) -> Iterator[Result]:
    mode, n = node.attributes.get("mode", b"nearest"), len(node.first.shape) - 2
    place = node.attributes.get("coordinate_transformation_mode", b"half_pixel")
    start = (
        "_upsample_nearest_exact" if b"half_pixel" in place and node.node.op_type == "Resize" else "upsample_nearest"
    )
    names = {b"nearest": f"{start}{n}d", b"cubic": "upsample_bicubic2d"}
    linear = {1: "upsample_linear1d", 2: "upsample_bilinear2d", 3: "upsample_trilinear3d"}.get(n, "upsample_bilinear2d")
    corners = node.attributes.get("coordinate_transformation_mode") == b"align_corners"
    yield names.get(mode, linear), {"self": node.first, "align_corners": corners}, node.outputs


def _shuffle(node: Arguments) -> Iterator[Result]:
    up = node.node.op_type == "DepthToSpace"
    name, factor = ("pixel_shuffle", "upscale_factor") if up else ("pixel_unshuffle", "downscale_factor")
    yield name, {"self": node.first, factor: node.attributes["blocksize"]}, node.outputs


NAMES = {
    "BatchNormalization": "_native_batch_norm_legit_no_training", "Identity": "identity", "Dropout": "identity",
    "Sum": "add", "Mean": "add", "Max": "maximum", "Min": "minimum", "GridSample": "grid_sampler_2d",
    "Cast": "_to_copy", "QuantizeLinear": "quantize", "DequantizeLinear": "dequantize",
}  # fmt: skip
REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")
DOMAINS = ("", "ai.onnx", "com.microsoft")
NODES: dict[str, Callable[[Arguments], Iterator[Result]]] = {
    **PRODUCT_NODES,
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool", "QLinearAveragePool"), _pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "QLinearGlobalAveragePool"), _global_pool),
    **dict.fromkeys((f"Reduce{kind}" for kind in REDUCTIONS), _reduce),
    "ArgMax": _along("argmax", 0), "ArgMin": _along("argmin", 0), "CumSum": _along("cumsum", 0),
    "TopK": _along("topk", -1),
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _view),
    "Transpose": _transpose, "Concat": _concat, "Split": _split, "Softmax": _softmax, "LogSoftmax": _softmax,
    **dict.fromkeys(("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"), _layer_norm),
    **dict.fromkeys(("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"), _skip_norm),
    **dict.fromkeys(("InstanceNormalization", "GroupNormalization"), _map_norm),
    "Expand": _expand, "Slice": _slice, "Gather": _gather, "GatherElements": _gather_elements, "Pad": _pad,
    "Tile": _tile, "QLinearConcat": _quantized_concat,
    **dict.fromkeys(("Resize", "Upsample"), _resize), "DepthToSpace": _shuffle, "SpaceToDepth": _shuffle,
}  # fmt: skip
