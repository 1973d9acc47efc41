"""How many products and sums an operator computes: one rule for each kind that multiplies matrices."""

from collections.abc import Callable, Iterable
from math import prod

from mien.profile.graph import Operation, Value, values_in
from mien.profile.operators import ATTENTION, MATRIX_PRODUCTS
from mien.profile.packed import RECURRENT
from mien.profile.windows import CONVOLUTIONS, is_transposed, kernel_of, sliding

Products = tuple[int, int, bool]
"""Multiplications, sums that they go into, and whether a bias is added."""


def _convolution(operation: Operation) -> Products:
    x, weight, output = operation.inputs[0], kernel_of(operation), operation.outputs[0]
    biased = any(operation.attributes.get(name) is not None for name in ("bias", "B"))
    if not is_transposed(operation):
        return output.numel * prod(weight.shape[1:]), output.numel, biased
    geometry = sliding(operation)
    settings = zip(x.shape[2:], geometry.kernel, geometry.stride, geometry.dilation, strict=True)
    reached = prod(len({i * s + j * d for i in range(side) for j in range(k)}) for side, k, s, d in settings)
    # Each input is spread over k * k outputs: counted before the padding is cut off, as FlopCounterMode does.
    return x.numel * prod(weight.shape[1:]), reached * output.shape[0] * output.shape[1], biased


def _convolution_over_time(operation: Operation) -> Products:
    """Layout (T, N, C), kernels (k, C_in, C_out)."""
    output = operation.outputs[0].numel
    return output * prod(operation.attributes["weight"].shape[:2]), output, operation.attributes["bias"] is not None


def _product(operation: Operation) -> Products:
    first, second = operation.inputs[-2:]
    output = operation.outputs[0].numel
    biased = len(operation.inputs) > 2
    if first.entries is not None:  # sparse: each entry meets every column
        return first.entries * prod(second.shape[1:]), output, biased
    if second.entries is not None:
        return second.entries * prod(first.shape[:-1]), output, biased
    return output * first.shape[-1], output, biased


def _scaled_product(operation: Operation) -> Products:
    """The first two inputs are multiplied, the others scale."""
    output = operation.outputs[0].numel
    return output * operation.inputs[0].shape[-1], output, operation.attributes.get("bias") is not None


def _summed_products(operation: Operation) -> Products:
    batches, _, inner = operation.inputs[-2].shape
    output = operation.outputs[0].numel
    return batches * inner * output, output, True


def _outer(operation: Operation) -> Products:
    return operation.outputs[0].numel, operation.outputs[0].numel, True


def _grouped(operation: Operation) -> Products:
    """Products of groups, as in a mixture of experts: rows or columns that are split among groups meet one each."""
    first, second = operation.inputs[:2]
    output, biased = operation.outputs[0], operation.attributes.get("bias") is not None
    if len(first.shape) == len(second.shape) == 2:  # the inner dimension is split: all groups share its products
        return first.numel * second.shape[-1], output.numel, biased
    return output.numel * first.shape[-1], output.numel, biased


def _linear(operation: Operation) -> Products:
    """The last dimension of the input against a weight in any layout."""
    output, given = operation.outputs[0].numel, operation.attributes
    biased = any(given.get(name) is not None for name in ("bias", "B", "bias_opt"))
    return output * operation.inputs[0].shape[-1], output, biased


def _trilinear(operation: Operation) -> Products:
    """A bilinear form: one multiply-accumulate for each entry of the weight that an output sums over."""
    output, given = operation.outputs[0].numel, operation.attributes
    summed = {d % 4 for d in given["sumdim"]}
    sides: dict[int, int] = {}
    for name in ("1", "2", "3"):
        shape = list(given[f"i{name}"].shape)
        for dim in sorted(given[f"expand{name}"]):
            shape.insert(dim, 1)
        for dim, side in enumerate(shape):
            sides[dim] = max(side, sides.get(dim, 1))
    return output * prod(sides[dim] for dim in summed), output, False


def _attention(operation: Operation) -> Products:
    query, key, value = (operation.attributes[name] for name in ("query", "key", "value"))
    rows = prod(query.shape[:-1])
    scores, mixed = rows * key.shape[-2], rows * value.shape[-1]
    return scores * query.shape[-1] + mixed * key.shape[-2], scores + mixed, False


def _fused_attention(operation: Operation) -> Products:
    """A whole attention layer, or a whole transformer layer, in one operator: projections and both products."""
    given = operation.attributes
    query = given.get("query", given.get("src"))
    key = given.get("key", query)
    batch, rows, width = query.shape
    matrices = [v for name, v in given.items() if "weight" in name and isinstance(v, Value) and len(v.shape) == 2]
    scores = batch * given.get("num_head", given.get("num_heads", 1)) * rows * key.shape[1]
    sums = batch * rows * sum(v.shape[0] for v in matrices) + scores + query.numel
    return batch * rows * sum(v.numel for v in matrices) + 2 * batch * rows * key.shape[1] * width, sums, True


def _recurrent(operation: Operation) -> Products:
    """Every step multiplies all matrices of all gates, of both directions."""
    x = operation.inputs[0]
    rows = x.numel // x.shape[-1]
    matrices = list(_matrices(operation))
    sums = rows * sum(v.numel // v.shape[-1] for v in matrices)
    biased = operation.attributes.get("bias") is not None or any(len(v.shape) == 1 for v in operation.inputs[1:])
    return rows * sum(v.numel for v in matrices), sums, biased


def _mixture(operation: Operation) -> Products:
    """Each row meets k of the experts (E, rows, columns)."""
    x, weights = operation.inputs[0], operation.attributes["weights"]
    rows = x.numel // x.shape[-1] * operation.attributes["k"]
    return rows * sum(v.numel // v.shape[0] for v in weights), rows * sum(v.shape[1] for v in weights), False


def _matrices(operation: Operation) -> Iterable[Value]:
    states = {v.id for name in ("hx", "cx", "hx_", "cx_", "initial") for v in values_in(operation.attributes.get(name))}
    ndim = operation.attributes.get("matrix_ndim", 2)
    return (v for v in operation.inputs[1:] if len(v.shape) == ndim and v.id not in states)


def _distances(operation: Operation) -> Products:
    """Squared distances as |x|² - 2 x y + |y|², by one product over two more columns."""
    output = operation.outputs[0].numel
    return output * (operation.inputs[0].shape[-1] + 2), output, False


PRODUCTS: dict[str, Callable[[Operation], Products]] = {
    **dict.fromkeys(CONVOLUTIONS, _convolution), "conv_tbc": _convolution_over_time,
    **dict.fromkeys((*MATRIX_PRODUCTS, "_sparse_addmm"), _product),
    "addbmm": _summed_products, "addr": _outer, "_trilinear": _trilinear, "_euclidean_dist": _distances,
    **dict.fromkeys(("_scaled_mm", "_scaled_mm_v2"), _scaled_product),
    **dict.fromkeys(("_grouped_mm", "_scaled_grouped_mm", "_scaled_grouped_mm_v2"), _grouped),
    **dict.fromkeys((
        "linear", "mkldnn_linear", "mkldnn::_linear_pointwise", "mkl::_mkl_linear", "_weight_int8pack_mm",
        "_weight_int4pack_mm", "_weight_int4pack_mm_for_cpu", "_weight_int4pack_mm_with_scales_and_zeros",
        "_dyn_quant_matmul_4bit", "_mixed_dtypes_linear", "fbgemm_linear_fp16_weight", "fbgemm_linear_int8_weight",
        "fbgemm_linear_fp16_weight_fp32_activation", "fbgemm_linear_int8_weight_fp32_activation",
        "onednn::qlinear_pointwise", "_wrapped_quantized_linear_prepacked",
    ), _linear),
    **dict.fromkeys(ATTENTION, _attention),
    **dict.fromkeys(("_native_multi_head_attention", "_transformer_encoder_layer_fwd"), _fused_attention),
    **dict.fromkeys(("_cudnn_rnn", "miopen_rnn", "mkldnn_rnn_layer", "recurrent", *RECURRENT), _recurrent),
    "mixture": _mixture,
}  # fmt: skip
