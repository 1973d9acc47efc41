"""Shapes of the values of an ONNX model: those asked for, those inferred, and those of one run on zeros."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx

from mien.errors import InputError, expect

Shapes = dict[str, tuple[tuple[int, ...], int]]
"""Shape and size of an entry in bytes by the name of a value."""


def inferred(graph: Any) -> Shapes:
    """What shape inference has found, where it is complete."""
    shapes: Shapes = {}
    for info in (*graph.value_info, *graph.input, *graph.output):
        tensor = info.type.tensor_type
        if tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim):
            shapes[info.name] = tuple(d.dim_value for d in tensor.shape.dim), itemsize(tensor.elem_type)
    return shapes


def itemsize(kind: int) -> int:
    """Bytes of an entry; texts count as one."""
    try:
        return int(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind)).itemsize) or 1
    except (KeyError, TypeError):
        return 1


def measured(model: Any) -> Shapes:
    """Shapes of all tensors in one run on zeros. Raises InputError where it fails."""
    from mien.ort import onnxruntime

    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    names = [name for node in model.graph.node for name in node.output if name]
    del whole.graph.output[:]
    whole.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    feeds = {
        info.name: np.zeros(
            [d.dim_value for d in info.type.tensor_type.shape.dim],
            onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type),
        )
        for info in real_inputs(model)
    }
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    try:
        run = onnxruntime.InferenceSession(whole.SerializeToString(), options, providers=["CPUExecutionProvider"])
        arrays = run.run(names, feeds)
    except Exception as error:
        shapes = [array.shape for array in feeds.values()]
        raise InputError(f"'input_size' must be one that the model can take. Got {shapes}; {error}") from error
    pairs = zip(names, arrays, strict=True)
    return {name: (array.shape, array.dtype.itemsize) for name, array in pairs if isinstance(array, np.ndarray)}


def real_inputs(model: Any) -> list[Any]:
    """Inputs that are not initializers as well."""
    stored = {tensor.name for tensor in model.graph.initializer}
    return [info for info in model.graph.input if info.name not in stored]


def resize(model: Any, shapes: Sequence[Sequence[int]] | None) -> None:
    """Write the sizes into the model, 1 for an open batch; forget what was inferred for others."""
    inputs = real_inputs(model)
    expected = f"a shape for each of {', '.join(info.name for info in inputs)}"
    expect(shapes is None or len(shapes) == len(inputs), "input_size", expected, shapes)
    for index, info in enumerate(inputs):
        tensor = info.type.tensor_type
        expect(info.type.HasField("tensor_type"), "model", f"one of tensors; its input {info.name!r} is another type",
               info.type.WhichOneof("value"))  # fmt: skip
        if not tensor.HasField("shape"):
            expect(bool(shapes), "input_size", f"given for {info.name!r}, whose shape the file leaves open", shapes)
            tensor.shape.dim.extend(onnx.TensorShapeProto.Dimension() for _ in (shapes or ())[index])
        dims = tensor.shape.dim
        wanted = list(shapes[index]) if shapes else [d.dim_value or (1 if k == 0 else 0) for k, d in enumerate(dims)]
        expect(len(wanted) == len(dims), "input_size", f"{len(dims)} numbers for {info.name!r}", wanted)
        expect(all(wanted), "input_size", f"given for {info.name!r}, whose shape the file leaves open", wanted)
        for dim, size in zip(dims, wanted, strict=True):
            dim.ClearField("dim_param")
            dim.dim_value = size
    if shapes:
        del model.graph.value_info[:]
        for info in model.graph.output:
            info.type.tensor_type.ClearField("shape")
