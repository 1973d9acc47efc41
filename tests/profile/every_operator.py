"""Calls of all operators that torch lists for its dispatcher, and what their outputs depend on, found by trying."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

SIDE = 4
SHAPE = (1, 2, SIDE, SIDE)
NOT_HERE = (
    "_nested", "_sparse", "sparse_", "_cudnn", "cudnn", "miopen", "_test", "_fused", "_foreach", "_amp", "_validate",
    "_cslt", "_weight", "_dyn_quant", "_mkldnn", "mkldnn", "set", "_resize", "resize", "record_stream", "_philox",
    "_embedding", "embedding_", "_use", "_make", "_cufft", "_nnpack", "_flash", "_efficient", "_triton", "_mps",
    "_scaled", "_grouped", "quantize", "_quantize", "fbgemm", "_transform", "_native_multi", "_ctc", "_dirichlet",
    "segment", "_segment", "_convert", "_compute", "_jagged", "_padded", "_pack", "_pad_packed", "_spdiags", "rnn",
    "lstm", "gru", "_thnn", "_lstm", "_values", "_indices", "_coalesce", "_histogram", "_unpack", "_wrapped", "_neg",
    "_to_sparse", "to_sparse", "to_mkldnn", "_convolution_double", "_backward", "pin_memory", "_pin", "_print",
    "_choose_qparams", "_empty", "_remove_batch", "_add_batch", "_functional", "_sobol", "_rowwise", "_saturate",
    "_version", "_local_scalar", "_assert", "_async", "_spsolve", "_to_cpu", "to_padded", "_propagate", "geqrf",
    "ormqr", "_linalg_check", "_unsafe_masked", "_lazy", "_fw_primal", "_copy_from", "_chunk_cat", "_has", "sym_",
    "q_", "int_repr", "_reshape_from", "_mixed", "_int_mm", "_cdist_backward", "_pdist_backward", "ctc_loss",
    "_masked_scale", "from_file", "batch_norm_", "_batch_norm", "_native_batch_norm", "native_batch_norm", "empty",
    "new_empty", "max_unpool", "_slow_conv", "slow_conv", "conv_tbc", "_euclidean", "_trilinear", "fractional",
    "_log_softmax_backward", "_softmax_backward", "ccol", "crow", "col_ind", "row_ind", "copy_sparse", "coalesce",
    "is_", "_is", "_shape_as", "lu_unpack", "linalg_ldl", "_index_put",
)  # fmt: skip
"""Operators of other layouts, devices and passes, or that need arguments that no schema tells."""
PADDINGS = ("reflection_pad", "replication_pad", "_pad_enum", "pad", "_pad_circular")
"""Taken for more of the same input, by convention."""
VALUES: dict[str, Any] = {"int": 1, "SymInt": 1, "Scalar": 2.0, "float": 0.5, "bool": False, "number": 2.0}
NAMED: dict[str, Any] = {
    "dim": 2, "dim0": 2, "dim1": 3, "dimension": 2, "dims": [2, 3], "axis": 2, "kernel_size": [2, 2], "k": 2,
    "sections": 2, "split_size": 2, "repeats": [1, 1, 2, 1], "shifts": [1], "output_size": [2, 2], "r": 2, "n": 1,
    "upscale_factor": 1, "downscale_factor": 2, "groups": 1, "num_groups": 1, "start": 1, "end": 3, "step": 1,
    "normalized_shape": [SIDE], "split_sizes": [1, 3], "pad": [1, 1, 1, 1], "padding": [1, 1, 1, 1], "stride": [1, 1],
    "dilation": [1, 1], "index": 1, "maxnorm": 0.5, "p": 2.0, "N": 1, "C": 2, "HxW": SIDE * SIDE, "group": 1,
}  # fmt: skip


def calls() -> Iterator[tuple[str, Callable[[Tensor], Any]]]:
    """Name and call of each operator whose arguments a schema tells, with constants for all tensors but the first."""
    torch.manual_seed(0)
    for name in sorted(torch._C._dispatch_get_all_op_names()):
        base, _, overload = name.removeprefix("aten::").partition(".")
        if not name.startswith("aten::") or base.startswith(NOT_HERE) or base.endswith(("_", "backward")):
            continue
        func = getattr(getattr(torch.ops.aten, base, None), overload or "default", None)
        if func is not None and (call := _call(func)) is not None:
            yield name, call


def _call(func: Any) -> Callable[[Tensor], Any] | None:
    schema = func._schema
    if schema.is_mutable or not schema.arguments or "Tensor" not in str(schema.arguments[0].type):
        return None
    listed = "[]" in str(schema.arguments[0].type) or "List" in str(schema.arguments[0].type)
    given: dict[str, Any] = {}
    for argument in schema.arguments[1:]:
        if argument.has_default_value() and argument.name not in ("dim", "dims"):
            continue
        value = _value(str(argument.type), argument.name)
        if value is NotImplemented:
            return None
        given[argument.name] = value
    first = schema.arguments[0].name
    return lambda x: func(**{first: [x, x * 2] if listed else x}, **given)


def _value(kind: str, name: str) -> Any:
    if name in NAMED and NAMED[name] is not None:
        found = NAMED[name]
        return (
            found if ("List" in kind) == isinstance(found, list) else (found[0] if isinstance(found, list) else [found])
        )
    if kind.startswith("Optional"):
        return None
    if kind == "Tensor":
        if name in ("index", "indices"):
            return torch.zeros(SHAPE, dtype=torch.long)
        return (
            (torch.rand(SHAPE, dtype=torch.float64) > 0.5) if name == "mask" else torch.rand(SHAPE, dtype=torch.float64)
        )
    if kind.startswith("List"):
        return [1, 1] if "nt" in kind else NotImplemented
    return VALUES.get(kind, NotImplemented)


def first_tensor(out: Any) -> Tensor | None:
    """The first output that is a plain tensor of numbers."""
    leaves = [leaf for leaf in torch.utils._pytree.tree_leaves(out) if isinstance(leaf, Tensor)]
    plain = leaves and leaves[0].layout == torch.strided and not leaves[0].is_complex() and leaves[0].numel()
    return leaves[0] if plain else None


@torch.no_grad()
def dependence(call: Callable[[Tensor], Any], x: Tensor, axis: int) -> Tensor | None:
    """(..., SIDE): whether each entry of the output changes when a row of the input does; None where the shape does."""
    outs = []
    for row in range(-1, SIDE):
        moved = x.clone()
        if row >= 0:
            moved.select(axis, row).mul_(1.37)
        torch.manual_seed(0)
        out = first_tensor(call(moved))
        if out is None or (outs and out.shape != outs[0].shape):
            return None
        outs.append(out.double().nan_to_num(7.0, 8.0, 9.0))
    return torch.stack([out != outs[0] for out in outs[1:]], -1)
