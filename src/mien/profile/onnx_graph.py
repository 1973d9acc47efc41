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
import onnx.inliner
from onnx import numpy_helper

from mien.errors import InputError, MediaError
from mien.profile.graph import COMPUTED, CONSTANT, INPUT, PARAMETER, Graph, Layer, Operation, Value
from mien.profile.onnx_arguments import Arguments
from mien.profile.onnx_nodes import translate
from mien.profile.onnx_shapes import Shapes, inferred, itemsize, measured, real_inputs, resize
from mien.profile.onnx_subgraphs import SUBGRAPHS
from mien.profile.operators import NO_FIELD_RULE


def read_onnx(path: Path, shapes: Sequence[Sequence[int]] | None = None) -> Graph:
    """The graph of a file; `shapes`: of its inputs, where the file leaves them open or other ones are wanted.

    Raises MediaError for a file that is no ONNX model, InputError for sizes that are missing or that do not fit.
    """
    try:
        model = onnx.load(str(path))
    except Exception as error:
        raise MediaError(f"{str(path)!r} cannot be read as an ONNX model: {error}") from error
    if not model.graph.node:
        raise MediaError(f"{str(path)!r} cannot be read as an ONNX model: it is empty, or has no operator.")
    resize(model, shapes)
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    try:
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except Exception as error:
        raise InputError(f"'input_size' must be one that the model can take. Got {shapes}; {error}") from error
    shapes_of = inferred(model.graph)
    if any(name and name not in shapes_of for node in model.graph.node for name in node.output):
        shapes_of |= measured(model)
    return Reader(model, shapes_of).graph()


class Reader:
    """One pass over the nodes of a model with inferred shapes."""

    def __init__(self, model: Any, shapes: Shapes) -> None:
        self._model = model
        self._ids = count()
        self._values: dict[str, Value] = {}
        self._shapes = shapes
        self._constants: dict[str, Any] = {tensor.name: tensor for tensor in model.graph.initializer}
        self._constants |= {tensor.values.name: tensor for tensor in model.graph.sparse_initializer}
        self._settings: set[str] = set()
        self._owners: dict[str, str] = {}
        self._layers: dict[str, Layer] = {"": Layer("", "ONNX")}
        self.operations: list[Operation] = []
        self.notes: dict[str, None] = {}

    def graph(self) -> Graph:
        """The whole graph."""
        inputs = tuple(self.value(info.name, INPUT) for info in real_inputs(self._model))
        self.read(self._model.graph)
        weights = {v.id: v for v in self._values.values() if v.kind == PARAMETER}
        outputs = [info.name for info in self._model.graph.output]
        for info in self._model.graph.output:
            if not info.type.HasField("tensor_type"):
                self.notes[f"The output {info.name!r} is no tensor: it has no shape of its own."] = None
        return Graph(
            inputs=inputs,
            outputs=tuple(self.value(name) for name in outputs if name in self._shapes or self.is_stored(name)),
            operations=tuple(self.operations),
            layers=tuple(self._layers.values()),
            parameters={v.id: v.numel for v in weights.values()},
            trainable=sum(v.numel for v in weights.values()),
            weight_bytes=sum(v.nbytes for v in weights.values()),
            notes=(
                "Parameters are the weights stored in the file; normalisations may be folded into them.",
                *self.notes,
            ),
        )

    def read(self, graph: Any) -> None:
        """All nodes of a graph, or of one inside a node."""
        self._settings |= {
            name for node in graph.node if node.op_type in ("Resize", "Upsample") for name in node.input[1:]
        }
        for node in graph.node:
            self._read(node)

    def _read(self, node: Any) -> None:
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        if node.op_type == "Constant":
            kinds = ("value", "value_ints", "value_floats", "value_int", "value_float", "sparse_value")
            self._constants[node.output[0]] = next((attributes[k] for k in kinds if k in attributes), None)
            return
        if node.op_type in ("Cast", "DequantizeLinear", "Identity") and self.is_stored(node.input[0]):
            # a weight that is kept in fewer bits stays that weight
            self._values[node.output[0]] = self.value(node.input[0])
            self._owners[node.output[0]] = self._owners.get(node.input[0], node.input[0])
            return
        if node.op_type in SUBGRAPHS:
            SUBGRAPHS[node.op_type](self, node, attributes)
            return
        if node.op_type in ("MatMulNBits", "MatMulBnb4") and self.is_stored(node.input[1]):
            self._unpack(node.input[1], attributes)
        if node.op_type in SEQUENCES:
            self._values |= {name: self.fresh(()) for name in node.output if not self.has_shape(name)}
        path = module_of(node) or self._owner(node)
        values = [self.value(name) if name and self.has_shape(name) else None for name in node.input]
        outputs = [self.value(name, COMPUTED) for name in node.output if name and self.has_shape(name)]
        context = Arguments(node, attributes, values, outputs, self.number, self.fresh)
        for name, arguments, results in translate(context) if outputs else _nameless(node):
            view = name in ("view", "permute", "slice", "select", "expand", "split", "identity")
            self.operations.append(Operation(name, arguments, tuple(results), path, view))
        self._note(path, values, outputs)

    def _unpack(self, name: str, attributes: dict[str, Any]) -> None:
        """A weight of which several entries lie in a byte."""
        number, bits = next(self._ids), attributes.get("bits", 4)
        self._values[name] = Value(number, (attributes["N"], attributes["K"]), bits / 8, PARAMETER, number)

    def _owner(self, node: Any) -> str:
        """The module that the first weight of a node belongs to, by the name of the weight."""
        names = [self._owners.get(name, name) for name in node.input]
        weights = [name for name in names if self.is_stored(name) and "." in name]
        return weights[0].rpartition(".")[0] if weights else ""

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

    def is_stored(self, name: str) -> bool:
        """Whether a value is a constant of the file."""
        return self._constants.get(name) is not None

    def has_shape(self, name: str) -> bool:
        """Whether the shape of a value is known; that of a sequence is not."""
        return name in self._values or name in self._shapes or self.is_stored(name)

    def bind(self, name: str, value: Value) -> None:
        """Another name for a value."""
        self._values[name] = value

    def within(self, graph: Any) -> None:
        """Learn the shapes and the constants of a graph inside a node, whose names another one may have had."""
        for name in {name for node in graph.node for name in node.output}:
            self._values.pop(name, None)
            self._constants.pop(name, None)
        self._shapes |= inferred(graph)
        self._constants |= {tensor.name: tensor for tensor in graph.initializer}

    def value(self, name: str, kind: str = CONSTANT) -> Value:
        """The value of a name; one not seen before is a stored one, or new and of this kind."""
        if name in self._values:
            return self._values[name]
        if self.is_stored(name):
            shape, size, is_weight, entries = stored(self._constants[name])
            kind = PARAMETER if is_weight and name not in self._settings else CONSTANT
        else:
            (shape, size), entries = self._shapes[name], None
        number = next(self._ids)
        self._values[name] = Value(number, tuple(shape), size, kind, number, entries)
        return self._values[name]

    def number(self, name: str) -> list[int] | None:
        """A constant input as a list of whole numbers; None where it is computed."""
        if not name or not self.is_stored(name):
            return None
        return [int(n) for n in np.ravel(array_of(self._constants[name]))]


SEQUENCES = (
    "SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SequenceErase", "SplitToSequence", "SequenceMap",
    "Optional", "ZipMap",
)  # fmt: skip
"""They give no tensors, but lists of them."""


def _nameless(node: Any) -> list[tuple[str, dict[str, Any], tuple[Value, ...]]]:
    """A node whose outputs have no known shape: what it computes is not counted, unless it is known to be nothing."""
    name = node.op_type.lower()
    return [(name if name in NO_FIELD_RULE else f"onnx::{node.op_type}", {}, ())]


def array_of(constant: Any) -> Any:
    """A constant of a file as an array."""
    return numpy_helper.to_array(constant) if isinstance(constant, onnx.TensorProto) else np.asarray(constant)


def stored(constant: Any) -> tuple[tuple[int, ...], int, bool, int | None]:
    """Shape, bytes an entry, whether it may be a weight, and the entries kept where it is sparse.

    Weights are tensors of the file that are no whole numbers of several bytes; numbers on attributes are settings.
    """
    if isinstance(constant, onnx.SparseTensorProto):
        return tuple(constant.dims), itemsize(constant.values.data_type), True, int(constant.values.dims[0])
    array = array_of(constant)
    weight = array.dtype.kind not in "biu" or (array.dtype.kind != "b" and array.dtype.itemsize == 1)
    return array.shape, array.dtype.itemsize, weight and isinstance(constant, onnx.TensorProto), None


def module_of(node: Any) -> str:
    """The path of the module that a node comes from, by the conventions of both exporters of PyTorch.

    >>> module_of(onnx.helper.make_node("Relu", ["a"], ["b"], name="/layers/0/act/Relu"))
    'layers.0.act'
    """
    metadata = {entry.key: entry.value for entry in node.metadata_props}
    if "pkg.torch.onnx.name_scopes" in metadata:
        scopes = ast.literal_eval(metadata["pkg.torch.onnx.name_scopes"])
        return str(scopes[-2]) if len(scopes) > 1 else ""
    return ".".join(part for part in node.name.split("/")[:-1] if part) if node.name.startswith("/") else ""
