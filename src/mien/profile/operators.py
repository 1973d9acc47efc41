"""Names of operators that share a rule."""

ATTENTION = (
    *(f"_scaled_dot_product_{kind}_attention" for kind in ("flash", "efficient", "cudnn", "fused")),
    "_scaled_dot_product_flash_attention_for_cpu",
    "scaled_dot_product_attention",
)
MATRIX_PRODUCTS = ("mm", "bmm", "addmm", "baddbmm", "matmul")
REDUCTIONS = (
    "mean", "sum", "amax", "amin", "max", "min", "var", "std", "prod", "norm", "linalg_vector_norm", "any", "all",
    "logsumexp", "argmax", "argmin", "var_mean", "median", "count_nonzero",
)  # fmt: skip
ALONG = ("_softmax", "softmax", "_log_softmax", "log_softmax", "cumsum", "cumprod", "sort", "logcumsumexp")
"""Same shape, but each entry depends on all along a dimension."""
BATCH_NORMS = ("native_batch_norm", "_native_batch_norm_legit", "batch_norm")
NORMALISATIONS = (
    *BATCH_NORMS, "_native_batch_norm_legit_no_training", "native_layer_norm", "native_group_norm", "instance_norm",
)  # fmt: skip
FRESH = (
    "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like",
    "new_zeros", "new_ones", "new_empty", "new_full", "fill", "zero", "bernoulli",
    "shape", "size", "range", "constantofshape",
)  # fmt: skip
"""They take the shape of a tensor and nothing that is in it."""
BLIND = (
    "index", "gather", "scatter", "index_put", "grid_sampler_2d", "grid_sampler_3d", "topk", "take", "masked_select",
    "col2im", "as_strided",
)  # fmt: skip
"""What they read depends on numbers, or on more than shapes: taken for global."""
