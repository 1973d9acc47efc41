"""The module tree of a graph, with the counts of each module summed over what is in it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mien.profile.cost import Cost, cost
from mien.profile.graph import Graph, Layer
from mien.profile.moves import Field
from mien.profile.receptive_field import Receptive, summary


@dataclass(frozen=True, slots=True)
class Module:
    """One module with everything in it. Shared parameters count once in each module that holds them.

    output: shape of what its last call gave first; receptive: what that sees of the first input.
    """

    path: str
    kind: str
    parameters: int
    cost: Cost
    calls: int
    output: tuple[int, ...] | None
    receptive: Receptive | None
    children: tuple["Module", ...]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit(".", 1)[-1]

    def walk(self, depth: int | None = None) -> Iterator[tuple[int, "Module"]]:
        """This module and those in it, each after its parent, with their depth; `depth` is where to stop."""
        yield 0, self
        if depth is None or depth > 0:
            for child in self.children:
                for level, module in child.walk(None if depth is None else depth - 1):
                    yield level + 1, module

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists."""
        receptive = self.receptive
        return {
            "path": self.path,
            "kind": self.kind,
            "parameters": self.parameters,
            **counts(self.cost),
            "calls": self.calls,
            "output": None if self.output is None else list(self.output),
            "receptive_field": None if receptive is None else list(receptive.size),
            "effective_stride": None if receptive is None else [plain(stride) for stride in receptive.stride],
            "children": [child.to_dict() for child in self.children],
        }


def counts(total: Cost) -> dict[str, int]:
    """The counts of a cost by name."""
    return {
        "macs": total.macs,
        "flops": total.flops,
        "multiplications": total.multiplications,
        "additions": total.additions,
        "additions_without_bias": total.additions_without_bias,
        "elementwise": total.elementwise,
        "activations": total.activations,
        "bytes": total.bytes,
    }


def plain(number: Any) -> int | float:
    """A fraction as a whole number where it is one."""
    return int(number) if number == int(number) else float(number)


def tree(graph: Graph, fields: Mapping[int, Field]) -> Module:
    """The root of the module tree."""
    costs: dict[str, Cost] = defaultdict(Cost)
    for operation in graph.operations:
        costs[operation.module] += cost(operation)
    inside: dict[str, list[Layer]] = defaultdict(list)
    for layer in graph.layers:
        if layer.path:
            inside[layer.path.rpartition(".")[0]].append(layer)
    seen = {id(field): field for layer in graph.layers if (field := _field(layer, fields))}
    summaries = {key: summary(field) for key, field in seen.items()}
    receptive = {layer.path: summaries.get(id(_field(layer, fields))) for layer in graph.layers}
    return _module(graph.layers[0], inside, costs, receptive)[0]


def _field(layer: Layer, fields: Mapping[int, Field]) -> Field | None:
    return fields.get(layer.output.id) if layer.output else None


def _module(
    layer: Layer,
    inside: Mapping[str, list[Layer]],
    costs: Mapping[str, Cost],
    receptive: Mapping[str, Receptive | None],
) -> tuple[Module, dict[int, int]]:
    parameters, total, children = dict(layer.parameters), costs.get(layer.path, Cost()), []
    for below in inside.get(layer.path, ()):
        child, theirs = _module(below, inside, costs, receptive)
        children.append(child)
        parameters |= theirs
        total += child.cost
    shape, size = layer.output.shape if layer.output else None, sum(parameters.values())
    module = Module(layer.path, layer.kind, size, total, layer.calls, shape, receptive[layer.path], tuple(children))
    return module, parameters
