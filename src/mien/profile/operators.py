"""Names of operators that share a rule, and which are known to compute entry by entry.

A name that stands in no rule is unknown: its products are not counted and its field is taken for global, and the
report names it.
"""

from functools import cache

import torch

ATTENTION = (
    *(f"_scaled_dot_product_{kind}_attention" for kind in ("flash", "efficient", "cudnn")),
    "_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_fused_attention_overrideable",
    "scaled_dot_product_attention", "flex_attention",
)  # fmt: skip
ROW_PRODUCTS = ("mm", "bmm", "addmm", "baddbmm", "matmul", "_int_mm", "_addmm_activation")
MATRIX_PRODUCTS = (*ROW_PRODUCTS, "mv", "addmv", "dot", "vdot")
REDUCTIONS = (
    "mean", "sum", "amax", "amin", "var", "std", "prod", "norm", "linalg_vector_norm", "any", "all", "logsumexp",
    "argmax", "argmin", "var_mean", "std_mean", "median", "nanmedian", "nansum", "count_nonzero", "mode", "kthvalue",
    "aminmax", "_is_all_true", "_is_any_true",
)  # fmt: skip
MAYBE_REDUCTIONS = ("max", "min")
"""Of one tensor a reduction, of two tensors entry by entry."""
ALONG = (
    "_softmax", "softmax", "_log_softmax", "log_softmax", "_safe_softmax", "cumsum", "cumprod", "cummax", "cummin",
    "sort", "logcumsumexp",
)  # fmt: skip
"""Same shape, but each entry depends on all along a dimension."""
BATCH_NORMS = ("native_batch_norm", "_native_batch_norm_legit", "batch_norm")
NORMALISATIONS = (
    *BATCH_NORMS, "_native_batch_norm_legit_no_training", "native_layer_norm", "native_group_norm", "instance_norm",
    "_fused_rms_norm",
)  # fmt: skip
FRESH = (
    "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like", "randint_like",
    "new_zeros", "new_ones", "new_empty", "new_empty_strided", "new_full", "fill", "zero",
    "uniform", "exponential", "random",
    "shape", "size", "range", "constantofshape", "randomnormallike", "randomuniformlike", "eyelike",
)  # fmt: skip
"""They take the shape of a tensor and nothing that is in it."""
COPIES = (
    "clone", "_to_copy", "contiguous", "detach", "alias", "lift", "lift_fresh", "_conj", "resolve_conj", "resolve_neg",
    "real", "imag", "identity", "written", "copy",
)  # fmt: skip
"""They compute nothing."""
ENTRYWISE = frozenset((
    *COPIES, "normal", "bernoulli",
    "hardswish", "prelu", "_prelu_kernel", "log_sigmoid_forward", "native_dropout", "dropout", "threshold",
    "floor_divide", "tril", "triu", "bucketize", "isin", "complex", "polar", "rrelu_with_noise", "masked_fill",
    "quantize_per_tensor", "quantize_per_channel", "dequantize", "int_repr", "quantize", "fake_quantize",
    "fake_quantize_per_tensor_affine_cachemask", "fake_quantize_per_channel_affine_cachemask",
    "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams",
    *(f"quantized::{kind}" for kind in (
        "add", "add_relu", "mul", "mul_relu", "add_scalar", "add_scalar_relu", "mul_scalar", "mul_scalar_relu", "relu6",
        "sigmoid", "hardswish", "leaky_relu", "elu", "celu", "clamp", "prelu", "threshold", "dropout",
    )),
    # of ONNX, where the name is another one
    "trilu", "and", "or", "xor", "not", "equal", "greater", "greaterorequal", "less", "lessorequal", "bitwiseand",
    "bitwiseor", "bitwisexor", "bitwisenot", "bitshift", "mod", "leakyrelu", "thresholdedrelu", "swish", "shrink",
    "softsign", "castlike", "dynamicquantizelinear", "fastgelu", "quickgelu", "biasgelu", "biassplitgelu", "biasadd",
    "quantizelinear", "dequantizelinear", "qlinearadd", "qlinearmul", "qlinearsigmoid", "qlinearleakyrelu",
))  # fmt: skip
"""Entry by entry, and not marked so by torch."""
NO_FIELD_RULE = frozenset((
    "scatter", "scatter_add", "scatter_reduce", "index_put", "_index_put_impl", "_unsafe_index_put", "index_add",
    "index_copy", "index_fill", "index_reduce", "masked_scatter", "put", "take", "masked_select", "nonzero",
    "nonzero_static", "unique_consecutive", "unique_dim", "_unique2", "col2im", "as_strided", "as_strided_scatter",
    "renorm", "searchsorted", "histc", "histogram", "bincount", "multinomial", "repeat_interleave", "to_dense",
    "_to_dense", "_to_sparse", "_coalesce", "coalesce", "_indices", "_values", "values", "crow_indices", "col_indices",
    "max_unpool2d", "max_unpool3d", "fractional_max_pool2d", "fractional_max_pool3d", "slice_scatter", "select_scatter",
    "diagonal_scatter", "diag_embed", "diagonal", "trace", "_pack_padded_sequence", "_pad_packed_sequence",
    "_embedding_bag", "_embedding_bag_forward_only", "view_as_real", "view_as_complex", "mse_loss", "smooth_l1_loss",
    "huber_loss", "nll_loss_forward", "nll_loss2d_forward", "binary_cross_entropy", "soft_margin_loss", "_weight_norm",
    "_weight_norm_interface", "linalg_cross", "_choose_qparams_per_tensor", "quantized::cat",
    "quantized::cat_relu", "affine_grid_generator", "equal", "_local_scalar_dense", "_assert_async",
    # of ONNX
    "gathernd", "gatherelements", "scatterelements", "scatternd", "nonmaxsuppression", "roialign", "maxroipool",
    "reversesequence", "compress", "unique", "onehot", "stringnormalizer", "maxunpool", "hardmax",
    "lpnormalization", "meanvariancenormalization", "lrn", "lppool", "centercroppad", "rotaryembedding",
    "sequenceconstruct", "sequenceat", "splittosequence", "concatfromsequence", "sequenceempty", "sequenceinsert",
    "sequenceerase", "sequencelength", "optional", "optionalgetelement", "optionalhaselement",
))  # fmt: skip
"""They multiply no matrices; what they read depends on numbers, or on more than shapes: taken for global."""


@cache
def is_entrywise(name: str) -> bool:
    """Whether an operator computes each entry from those at the same place alone, by torch's own tags.

    >>> is_entrywise("relu"), is_entrywise("cummax"), is_entrywise("linalg_inv_ex")
    (True, False, False)
    """
    return name in ENTRYWISE or (name not in MAYBE_REDUCTIONS and _is_pointwise(name))


def _is_pointwise(name: str) -> bool:
    packet = None if "::" in name else getattr(torch.ops.aten, name, None)
    overloads = packet.overloads() if packet is not None else ()
    return any(torch.Tag.pointwise in getattr(packet, overload).tags for overload in overloads)
