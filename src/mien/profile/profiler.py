"""`profile`: any torch module, or a registered backbone by its name, to a report."""

from collections import defaultdict
from collections.abc import Sequence
from numbers import Integral
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mien.errors import InputError, expect
from mien.profile.cost import Cost, cost, peak_memory, uncounted
from mien.profile.from_file import module_of_file
from mien.profile.graph import PARAMETER, Graph, Value
from mien.profile.products import PRODUCTS
from mien.profile.receptive_field import fields, last_map, summary
from mien.profile.report import Report
from mien.profile.text import calls_text
from mien.profile.trace import trace
from mien.profile.tree import tree

Size = int | Sequence[int] | Sequence[Sequence[int]]
"""Side of a square picture, or a shape with its batch, or a shape for each input."""


def profile(
    model: nn.Module | str | PathLike[str],
    input_size: Size | None = None,
    *,
    inputs: Tensor | Sequence[Any] | None = None,
    name: str | None = None,
) -> Report:
    """Count a network and find its receptive field without computing it.

    model: a module; the name of a registered backbone, which is then the whole network of its paper with 1000 classes
    and no auxiliary heads; FILE.py:NAME of a module, a class or a function that gives one; or an .onnx file.
    input_size: side of an RGB picture, a shape (N, C, H, W), or a shape for each input; for a name the size of the
    paper, for a file its own, if not given. inputs: instead of a size, the argument of a call, or a list of them.
    Raises InputError for inputs that the model cannot take, naming the module and the shapes that met.

    >>> found = profile(nn.Conv2d(16, 32, 3, padding=1), (1, 16, 8, 8))
    >>> found.parameters, found.multiplications, found.additions, found.receptive_field
    (4640, 294912, 294912, (3, 3))
    """
    given = _listed(inputs)
    if isinstance(model, PathLike):
        model = fspath(model)
    if isinstance(model, str) and model.endswith(".onnx"):
        return _profile_onnx(Path(model), input_size, given, name)
    if isinstance(model, str):
        name, (model, side) = name or model.rpartition(":")[2], _named(model)
        input_size = side if input_size is None and given is None else input_size
    expect(isinstance(model, nn.Module), "model", "a torch module or the name of a backbone", model)
    if given is None:
        given = blanks(model, shapes_of(input_size))
    return report(trace(model, given), name or type(model).__name__)


def _listed(inputs: Tensor | Sequence[Any] | None) -> list[Any] | None:
    if inputs is None or isinstance(inputs, Tensor):
        return None if inputs is None else [inputs]
    expect(isinstance(inputs, Sequence) and not isinstance(inputs, str), "inputs", "a tensor or a list of them", inputs)
    return list(inputs)


def _profile_onnx(path: Path, size: Size | None, inputs: list[Any] | None, name: str | None) -> Report:
    from mien.profile.onnx_graph import read_onnx

    shapes = [tuple(x.shape) for x in inputs] if inputs is not None else None if size is None else shapes_of(size)
    return report(read_onnx(path, shapes), name or path.name)


def load_network(name: str) -> nn.Module:
    """A network with numbers, by the names of `profile`.

    Weights of a registered one are random, the same each time. Raises InputError for an ONNX file, which has no
    gradients.
    """
    if name.endswith(".onnx"):
        raise InputError(f"'model' must be a torch network where gradients are needed. Got {name!r}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return _named(name, "cpu")[0]


def _named(name: str, device: str = "meta") -> tuple[nn.Module, int | None]:
    """A module of a file, or a registered backbone, and the size of its input if it has one."""
    return (module_of_file(name), None) if ".py:" in name else _registered(name, device)


def _registered(name: str, device: str = "meta") -> tuple[nn.Module, int]:
    from mien.train.backbones.registry import create_backbone, create_classifier, find_network
    from mien.train.backbones.timm_models import PREFIX

    with torch.device(device):
        if name.startswith(PREFIX):
            return create_backbone(name), 224
        return create_classifier(name), find_network(name).size


def blanks(model: nn.Module, shapes: Sequence[Sequence[int]]) -> list[Tensor]:
    """Zeros of these shapes, of the type and on the device of the model's weights."""
    like = next((p for p in model.parameters() if p.is_floating_point()), torch.empty(0))
    return [torch.zeros(tuple(shape), dtype=like.dtype, device=like.device) for shape in shapes]


def shapes_of(size: Size | None) -> list[tuple[int, ...]]:
    """The shapes of all inputs. Raises InputError for a size that has none.

    >>> shapes_of(224), shapes_of((1, 3, 64, 48)), shapes_of([(1, 8), (1, 4)])
    ([(1, 3, 224, 224)], [(1, 3, 64, 48)], [(1, 8), (1, 4)])
    """
    expected = "the side of a picture, a shape such as (1, 3, 224, 224), or a list of shapes"
    if isinstance(size, (int, np.integer)):
        expect(int(size) >= 1, "input_size", expected, size)
        return [(1, 3, int(size), int(size))]
    listed = _items(size)
    shapes = [listed] if listed and isinstance(listed[0], Integral) else [_items(shape) for shape in listed]
    whole = [len(shape) > 0 and all(isinstance(n, Integral) and int(n) > 0 for n in shape) for shape in shapes]
    expect(bool(shapes) and all(whole), "input_size", expected, size)
    return [tuple(map(int, shape)) for shape in shapes]


def _items(given: Any) -> list[Any]:
    """What is in a list, a tuple or an array; nothing in anything else."""
    return list(given) if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str) else []


def report(graph: Graph, name: str) -> Report:
    """The report of a graph, wherever it comes from."""
    receptive_fields, unknown = fields(graph)
    by_operator: dict[str, Cost] = defaultdict(Cost)
    for operation in graph.operations:
        by_operator[operation.name] += cost(operation)
    mapped = last_map(graph, receptive_fields)
    notes = list(graph.notes)
    if unknown:
        notes.append(f"No rule for the receptive field of {', '.join(unknown)}: taken for global.")
    hidden = uncounted(graph.operations)
    if hidden:
        notes.append(f"No rule counts the products of {calls_text(hidden)}: MACs are those of all others.")
    return Report(
        name=name,
        input_shapes=tuple(value.shape for value in graph.inputs),
        output_shapes=tuple(value.shape for value in graph.outputs),
        parameters=sum(graph.parameters.values()),
        bias_parameters=_biases(graph),
        trainable=graph.trainable,
        weight_bytes=graph.weight_bytes,
        cost=sum(by_operator.values(), Cost()),
        by_operator=dict(sorted(by_operator.items(), key=lambda pair: (-pair[1].macs, -pair[1].elementwise))),
        peak_memory=peak_memory(graph.operations, graph.inputs, graph.outputs),
        receptive=summary(receptive_fields[mapped.id]) if mapped else None,
        feature_map=mapped.shape if mapped else None,
        modules=tree(graph, receptive_fields),
        uncounted=hidden,
        notes=tuple(notes),
        graph=graph,
        fields=receptive_fields,
    )


def _biases(graph: Graph) -> int:
    """Parameters that are added to the sums of convolutions and matrix products."""
    biases: dict[int, int] = {}
    for operation in graph.operations:
        if operation.name in PRODUCTS:
            given = operation.attributes
            bias = given.get("bias", given.get("self") if "addmm" in operation.name else None)
            if isinstance(bias, Value) and bias.kind == PARAMETER:
                biases[bias.storage] = bias.numel
    return sum(biases.values())
