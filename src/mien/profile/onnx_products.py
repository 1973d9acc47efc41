"""ONNX nodes that multiply matrices, as operations of ATen: products of all kinds, attention, recurrent layers."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mien.errors import expect
from mien.profile.graph import Value
from mien.profile.onnx_arguments import Arguments, Result, sliding


def conv(
    node: Arguments, places: tuple[int, int, int | None] = (0, 1, 2), transposed: bool = False
) -> Iterator[Result]:
    """A convolution with its input, weight and bias at these places."""
    x, weight = node.required(places[0]), node.required(places[1])
    groups = node.attributes.get("group", 1)
    fits = x.shape[1] == (weight.shape[0] if transposed else weight.shape[1] * groups)
    met = f"{x.shape} and {weight.shape} with {groups} groups in {node.node.name!r}"
    expect(fits, "input_size", "one that the model can take", met)
    bias = None if places[2] is None else node.given(places[2])
    arguments = {"input": x, "weight": weight, "bias": bias, "transposed": transposed}
    yield "convolution", {**arguments, **sliding(node, weight.shape[2:])}, node.outputs


def _fused_conv(node: Arguments) -> Iterator[Result]:
    """A convolution with an activation, and with a sum before it."""
    more = node.given(3)
    if more is None:
        yield from conv(node)
        return
    result = node.fresh(node.outputs[0].shape)
    for name, arguments, _ in conv(node):
        yield name, arguments, [result]
    yield "add", {"self": result, "other": more}, node.outputs


def _gemm(node: Arguments, places: tuple[int, int, int] = (0, 1, 2)) -> Iterator[Result]:
    a, b, c = node.required(places[0]), node.required(places[1]), node.given(places[2])
    if node.attributes.get("transA"):
        turned = node.fresh(a.shape[::-1])
        yield "t", {"self": a}, [turned]
        a = turned
    yield ("mm" if c is None else "addmm"), {**({} if c is None else {"self": c}), "mat1": a, "mat2": b}, node.outputs


def _matmul(node: Arguments, places: tuple[int, int] = (0, 1), bias: int | None = None) -> Iterator[Result]:
    a, b = (node.required(place) for place in places)
    if node.attributes.get("transA"):
        turned = node.fresh((*a.shape[:-2], a.shape[-1], a.shape[-2]))
        yield "transpose", {"self": a, "dim0": -2, "dim1": -1}, [turned]
        a = turned
    added = None if bias is None else node.given(bias)
    if added is None:
        yield "matmul", {"self": a, "other": b}, node.outputs
    else:
        yield "addmm", {"self": added, "mat1": a, "mat2": b}, node.outputs


def _packed(node: Arguments) -> Iterator[Result]:
    """A weight (N, K) in few bits."""
    yield "linear", {"input": node.first, "weight": node.required(1), "bias": node.given(5)}, node.outputs


def _recurrent(node: Arguments) -> Iterator[Result]:
    arguments = {
        "input": node.first, "weights": [node.required(1), node.required(2)], "bias": node.given(3),
        "initial": [value for place in (5, 6) if (value := node.given(place)) is not None], "matrix_ndim": 3,
    }  # fmt: skip
    yield "recurrent", arguments, node.outputs


def _mixture(node: Arguments) -> Iterator[Result]:
    """Of all experts each row meets the k best."""
    weights = [value for value in node.values[2:] if value is not None and len(value.shape) == 3]
    yield "mixture", {"input": node.first, "weights": weights, "k": node.attributes.get("k", 1)}, node.outputs


class _Einsum(nn.Module):
    def __init__(self, equation: str) -> None:
        super().__init__()
        self.equation = equation

    def forward(self, *operands: Tensor) -> Tensor:
        """The sum."""
        return torch.einsum(self.equation, *operands)


def _einsum(node: Arguments) -> Iterator[Result]:
    """What torch makes of the equation."""
    from mien.profile.trace import trace

    operands = [node.required(place) for place in range(len(node.values))]
    graph = trace(_Einsum(node.attributes["equation"].decode()), [torch.empty(v.shape) for v in operands])
    known = {inner.id: outer for inner, outer in zip(graph.inputs, operands, strict=True)}
    known |= {inner.id: outer for inner, outer in zip(graph.outputs, node.outputs, strict=True)}
    if not graph.operations:
        yield "identity", {"self": node.first}, node.outputs
    for operation in graph.operations:
        for value in (*operation.inputs, *operation.outputs):
            known.setdefault(value.id, node.fresh(value.shape))
        given = {name: _swapped(argument, known) for name, argument in operation.attributes.items()}
        yield operation.name, given, [known[value.id] for value in operation.outputs]


def _swapped(argument: Any, known: Mapping[int, Value]) -> Any:
    if isinstance(argument, Value):
        return known[argument.id]
    return [_swapped(item, known) for item in argument] if isinstance(argument, list | tuple) else argument


def _attention(node: Arguments) -> Iterator[Result]:
    """Queries, keys and values (N, T, C), or (N, heads, T, C), and what was kept of earlier keys and values."""
    attributes = node.attributes
    heads = attributes.get("q_num_heads", attributes.get("num_heads", 1))
    others = attributes.get("kv_num_heads", heads) or heads
    past = (4, 5) if attributes.get("q_num_heads") or node.node.domain in ("", "ai.onnx") else (3, 4)
    past = past if node.node.op_type != "MultiHeadAttention" else (6, 7)
    parts = [node.required(place) for place in range(3)]
    yield from _attend(node, parts, (heads, others, others), [node.given(place) for place in past])


def _projected_attention(node: Arguments) -> Iterator[Result]:
    """Attention of one input (N, T, C) with the weight (C, 3 C') of its projections."""
    weight, x = node.required(1), node.first
    width, heads = weight.shape[-1] // 3, node.attributes["num_heads"]
    projected = node.fresh((*x.shape[:-1], 3 * width))
    yield "linear", {"input": x, "weight": weight, "bias": node.given(2)}, [projected]
    parts = []
    for k in range(3):
        parts.append(node.fresh((*x.shape[:-1], width)))
        cut = {"dim": 2, "start": k * width, "end": (k + 1) * width, "step": 1}
        yield "slice", {"self": projected, **cut}, [parts[-1]]
    yield from _attend(node, parts, (heads, heads, heads), [None, None])


def _attend(node: Arguments, parts: list[Value], heads: tuple[int, ...], past: list[Value | None]) -> Iterator[Result]:
    ready = []
    for part, number, earlier in zip(parts, heads, [None, *past], strict=True):
        if len(part.shape) == 3:
            n, rows, width = part.shape
            split, turned = (
                node.fresh((n, rows, number, width // number)),
                node.fresh((n, number, rows, width // number)),
            )
            yield "view", {"self": part}, [split]
            yield "permute", {"self": split, "dims": [0, 2, 1, 3]}, [turned]
            part = turned
        if earlier is not None:
            longer = node.fresh((*part.shape[:2], part.shape[2] + earlier.shape[2], part.shape[3]))
            yield "cat", {"tensors": [earlier, part], "dim": 2}, [longer]
            part = longer
        ready.append(part)
    query, key, value = ready
    mixed = node.fresh((*query.shape[:-1], value.shape[-1]))
    yield "scaled_dot_product_attention", {"query": query, "key": key, "value": value}, [mixed]
    if len(node.outputs[0].shape) == 4:
        yield "identity", {"self": mixed}, node.outputs[:1]
        return
    back = node.fresh((mixed.shape[0], mixed.shape[2], mixed.shape[1], mixed.shape[3]))
    yield "permute", {"self": mixed, "dims": [0, 2, 1, 3]}, [back]
    yield "view", {"self": back}, node.outputs[:1]


def _any_attention(node: Arguments) -> Iterator[Result]:
    is_projected = node.node.domain == "com.microsoft" and node.node.op_type == "Attention"
    whole = all(value is not None and len(value.shape) in (3, 4) for value in node.given_all(0, 1, 2))
    if is_projected:
        yield from _projected_attention(node)
    elif whole:
        yield from _attention(node)
    else:  # queries, keys and values packed into one
        yield f"onnx::{node.node.op_type}", {"input": node.first}, node.outputs


PRODUCT_NODES: dict[str, Callable[[Arguments], Iterator[Result]]] = {
    "Conv": conv, "FusedConv": _fused_conv, "ConvInteger": lambda node: conv(node, (0, 1, None)),
    "QLinearConv": lambda node: conv(node, (0, 3, 8)), "ConvTranspose": lambda node: conv(node, transposed=True),
    **dict.fromkeys(("Gemm", "FusedGemm"), _gemm), "QGemm": lambda node: _gemm(node, (0, 3, 6)),
    **dict.fromkeys(("MatMul", "MatMulInteger", "FusedMatMul", "TransposeMatMul", "FusedMatMulActivation"), _matmul),
    "QLinearMatMul": lambda node: _matmul(node, (0, 3)), "GemmFastGelu": lambda node: _matmul(node, bias=2),
    "MatMulIntegerToFloat": lambda node: _matmul(node, bias=6),
    "DynamicQuantizeMatMul": lambda node: _matmul(node, bias=4),
    **dict.fromkeys(("MatMulNBits", "MatMulBnb4"), _packed),
    **dict.fromkeys(("LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"), _recurrent), "MoE": _mixture, "Einsum": _einsum,
    **dict.fromkeys(("Attention", "MultiHeadAttention", "GroupQueryAttention"), _any_attention),
}  # fmt: skip
