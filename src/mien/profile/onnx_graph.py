"""An ONNX file as a graph: nodes become operations with the names and arguments of ATen.

Shapes are those of ONNX shape inference at the given input sizes, and where it stops those of one run on zeros.
Parameters are the initializers that hold weights; what an exporter folded into others is no longer there. Modules come
from the names that PyTorch's exporters give to nodes.
"""

import ast
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from mien.errors import InputError, MediaError, expect
from mien.profile.graph import COMPUTED, CONSTANT, INPUT, PARAMETER, Graph, Layer, Operation, Value
from mien.profile.onnx_nodes import Arguments, translate


def read_onnx(path: Path, shapes: Sequence[Sequence[int]] | None = None) -> Graph:
    """The graph of a file; `shapes`: of its inputs, where the file leaves them open or other ones are wanted.

    Raises MediaError for a file that is no ONNX model, InputError for sizes that are missing or that do not fit.
    """
    try:
        model = onnx.load(str(path))
    except Exception as error:
        raise MediaError(f"{str(path)!r} cannot be read as an ONNX model: {error}") from error
    _resize(model, shapes)
    try:
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except Exception as error:
        raise InputError(f"'input_size' must be one that the model can take. Got {shapes}; {error}") from error
    shapes_of = inferred(model)
    if any(name and name not in shapes_of for node in model.graph.node for name in node.output):
        shapes_of |= measured(model)
    return _Reader(model, shapes_of).graph()


Shapes = dict[str, tuple[tuple[int, ...], int]]
"""Shape and size of an entry in bytes by the name of a value."""


def inferred(model: Any) -> Shapes:
    """What shape inference has found, where it is complete."""
    found: Shapes = {}
    for one in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        tensor = one.type.tensor_type
        if tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim):
            item = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)).itemsize
            found[one.name] = tuple(d.dim_value for d in tensor.shape.dim), item
    return found


def measured(model: Any) -> Shapes:
    """Shapes of all values in one run on zeros. Raises InputError where it fails."""
    from mien.ort import onnxruntime

    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    names = [name for node in model.graph.node for name in node.output if name]
    del whole.graph.output[:]
    whole.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    feeds = {
        one.name: np.zeros(
            [d.dim_value for d in one.type.tensor_type.shape.dim],
            onnx.helper.tensor_dtype_to_np_dtype(one.type.tensor_type.elem_type),
        )
        for one in real_inputs(model)
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
    return {name: (array.shape, array.dtype.itemsize) for name, array in zip(names, arrays, strict=True)}


def real_inputs(model: Any) -> list[Any]:
    """Inputs that are not initializers as well."""
    stored = {one.name for one in model.graph.initializer}
    return [one for one in model.graph.input if one.name not in stored]


def _resize(model: Any, shapes: Sequence[Sequence[int]] | None) -> None:
    """Write the sizes into the model, 1 for an open batch; forget what was inferred for others."""
    inputs = real_inputs(model)
    expected = f"a shape for each of {', '.join(one.name for one in inputs)}"
    expect(shapes is None or len(shapes) == len(inputs), "input_size", expected, shapes)
    for index, one in enumerate(inputs):
        dims = one.type.tensor_type.shape.dim
        wanted = list(shapes[index]) if shapes else [d.dim_value or (1 if k == 0 else 0) for k, d in enumerate(dims)]
        expect(len(wanted) == len(dims), "input_size", f"{len(dims)} numbers for {one.name!r}", wanted)
        expect(all(wanted), "input_size", f"given for {one.name!r}, whose shape the file leaves open", wanted)
        for dim, size in zip(dims, wanted, strict=True):
            dim.ClearField("dim_param")
            dim.dim_value = size
    if shapes:
        del model.graph.value_info[:]
        for one in model.graph.output:
            one.type.tensor_type.ClearField("shape")


class _Reader:
    """One pass over the nodes of a model with inferred shapes."""

    def __init__(self, model: Any, shapes: Shapes) -> None:
        self._model = model
        self._ids = count()
        self._values: dict[str, Value] = {}
        self._shapes = shapes
        self._stored = {one.name for one in model.graph.initializer}
        self._owners: dict[str, str] = {}
        self._constants: dict[str, Any] = {one.name: one for one in model.graph.initializer}
        self._operations: list[Operation] = []
        self._layers: dict[str, Layer] = {"": Layer("", "ONNX")}

    def graph(self) -> Graph:
        """The whole graph."""
        inputs = tuple(self._value(one.name, INPUT) for one in real_inputs(self._model))
        for node in self._model.graph.node:
            self._read(node)
        weights = {v.id: v for v in self._values.values() if v.kind == PARAMETER}
        return Graph(
            inputs=inputs,
            outputs=tuple(self._value(one.name) for one in self._model.graph.output),
            operations=tuple(self._operations),
            layers=tuple(self._layers.values()),
            parameters={v.id: v.numel for v in weights.values()},
            trainable=sum(v.numel for v in weights.values()),
            weight_bytes=sum(v.nbytes for v in weights.values()),
            notes=("Parameters are the weights stored in the file; normalisations may be folded into them.",),
        )

    def _read(self, node: Any) -> None:
        attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        if node.op_type == "Constant":
            self._constants[node.output[0]] = attributes.get("value", attributes.get("value_ints"))
            return
        if node.op_type in ("Cast", "DequantizeLinear", "Identity") and node.input[0] in self._stored:
            # a weight that is kept in fewer bits stays that weight
            self._values[node.output[0]] = self._value(node.input[0])
            self._owners[node.output[0]] = self._owners.get(node.input[0], node.input[0])
            return
        path = module_of(node) or self._owner(node)
        values = [self._value(name) if name else None for name in node.input]
        outputs = [self._value(name, COMPUTED) for name in node.output if name]
        told = Arguments(node, attributes, values, outputs, self._number, self.fresh)
        for name, arguments, results in translate(told):
            view = name in ("view", "permute", "slice", "select", "expand", "split", "identity")
            self._operations.append(Operation(name, arguments, tuple(results), path, view))
        self._note(path, values, outputs)

    def _owner(self, node: Any) -> str:
        """The module that the first weight of a node belongs to, by the name of the weight."""
        names = [self._owners.get(name, name) for name in node.input]
        found = [name for name in names if name in self._stored and "." in name]
        return found[0].rpartition(".")[0] if found else ""

    def _note(self, path: str, values: Sequence[Value | None], outputs: Sequence[Value]) -> None:
        parts = path.split(".") if path else []
        for depth in range(len(parts) + 1):
            layer = self._layers.setdefault(".".join(parts[:depth]), Layer(".".join(parts[:depth]), ""))
            layer.calls, layer.output = 1, outputs[0] if outputs else None
        layer.parameters |= {v.id: v.numel for v in values if v is not None and v.kind == PARAMETER}

    def fresh(self, shape: Sequence[int]) -> Value:
        """A value between two operations of one node."""
        number = next(self._ids)
        return Value(number, tuple(shape), 4, COMPUTED, number)

    def _value(self, name: str, kind: str = CONSTANT) -> Value:
        if name in self._values:
            return self._values[name]
        if name in self._constants and self._constants[name] is not None:
            array = self._array(name)
            weight = array.dtype.kind not in "lbiu" or array.dtype.itemsize == 1
            shape, size = array.shape, array.dtype.itemsize
            kind = PARAMETER if weight and name in self._stored else CONSTANT
        else:
            shape, size = self._shapes[name]
        number = next(self._ids)
        self._values[name] = Value(number, tuple(shape), size, kind, number)
        return self._values[name]

    def _array(self, name: str) -> Any:
        found = self._constants[name]
        return numpy_helper.to_array(found) if isinstance(found, onnx.TensorProto) else np.asarray(found)

    def _number(self, name: str) -> list[int] | None:
        """A constant input as a list of whole numbers; None where it is computed."""
        if not name or self._constants.get(name) is None:
            return None
        return [int(n) for n in np.ravel(self._array(name))]


def module_of(node: Any) -> str:
    """The path of the module that a node comes from, by the conventions of both exporters of PyTorch.

    >>> module_of(onnx.helper.make_node("Relu", ["a"], ["b"], name="/layers/0/act/Relu"))
    'layers.0.act'
    """
    told = {one.key: one.value for one in node.metadata_props}
    if "pkg.torch.onnx.name_scopes" in told:
        scopes = ast.literal_eval(told["pkg.torch.onnx.name_scopes"])
        return str(scopes[-2]) if len(scopes) > 1 else ""
    return ".".join(part for part in node.name.split("/")[:-1] if part) if node.name.startswith("/") else ""
