"""ONNX operators with graphs inside: If, Loop, Scan. What runs inside is counted as often as it runs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from mien.profile.cost import cost
from mien.profile.graph import COMPUTED, Operation, Value


class Host(Protocol):
    """What reads the nodes of a graph, and can do so for one inside a node."""

    operations: list[Operation]
    notes: dict[str, None]

    def read(self, graph: Any) -> None:
        """Append all operations of a graph."""

    def within(self, graph: Any) -> None:
        """Learn the shapes and the constants of a graph inside a node."""

    def value(self, name: str, kind: str = ...) -> Value:
        """The value of a name."""

    def has_shape(self, name: str) -> bool:
        """Whether the shape of a value is known."""

    def bind(self, name: str, value: Value) -> None:
        """Another name for a value."""

    def number(self, name: str) -> list[int] | None:
        """A constant as whole numbers."""


def _if(host: Host, node: Any, attributes: dict[str, Any]) -> None:
    """The branch that a constant chooses, or else the one with more products, and a note."""
    branches = [attributes["then_branch"], attributes["else_branch"]]
    chosen = host.number(node.input[0])
    if chosen is not None:
        branches = [branches[0 if chosen[0] else 1]]
    else:
        host.notes[f"Of the branches of {node.name or 'If'!r} the one with more products is counted."] = None
    tried = [_inside(host, graph) for graph in branches]
    costs = [sum(cost(operation).macs for operation in operations) for operations in tried]
    best = costs.index(max(costs))
    host.operations.extend(tried[best])
    pairs = list(zip(node.output, (info.name for info in branches[best].output), strict=True))
    if any(not host.has_shape(inner) for _, inner in pairs):
        _unknown(host, node)
    for name, inner in pairs:
        if name and host.has_shape(inner):
            host.bind(name, host.value(inner))


def _loop(host: Host, node: Any, attributes: dict[str, Any]) -> None:
    """As many rounds as a constant says; with any other number of them one round is counted, and the loop named."""
    body, rounds = attributes["body"], host.number(node.input[0])
    stops = len(node.input) > 1 and node.input[1] and not _goes_on(body)
    if stops or rounds is None:
        _unknown(host, node)
        host.notes[f"How often {node.name or 'Loop'!r} runs depends on numbers: one round is counted."] = None
    host.within(body)
    for inner, outer in zip(body.input[2:], node.input[2:], strict=False):
        _take(host, inner.name, outer)
    _repeat(host, node, body, 1 if stops or rounds is None else rounds[0])


def _goes_on(body: Any) -> bool:
    """Whether a body gives its condition on as it is."""
    condition = body.output[0].name
    makers = [node for node in body.node if condition in node.output]
    return all(node.op_type in ("Identity", "Constant", "Cast") for node in makers)


def _scan(host: Host, node: Any, attributes: dict[str, Any]) -> None:
    """One round for each entry along the scanned axis."""
    body, scanned = attributes["body"], attributes["num_scan_inputs"]
    host.within(body)
    states = len(node.input) - scanned
    for inner, outer in zip(body.input[:states], node.input[:states], strict=True):
        _take(host, inner.name, outer)
    axes = attributes.get("scan_input_axes", [0] * scanned)
    rounds = host.value(node.input[states]).shape[axes[0]]
    _repeat(host, node, body, rounds)


def _take(host: Host, inner: str, outer: str) -> None:
    if not host.has_shape(inner) and host.has_shape(outer):
        host.bind(inner, host.value(outer))


def _repeat(host: Host, node: Any, body: Any, rounds: int) -> None:
    """The body so many times; what comes out may depend on all that goes in."""
    operations = [replace(operation, times=operation.times * rounds) for operation in _inside(host, body)]
    host.operations.extend(operations)
    inner = {value.id for operation in operations for value in operation.outputs}
    outer = {v.id: v for operation in operations for v in operation.inputs if v.id not in inner}
    read = [*outer.values(), *(host.value(name) for name in node.input if name and host.has_shape(name))]
    outputs = [host.value(name, COMPUTED) for name in node.output if name and host.has_shape(name)]
    host.operations.append(Operation(node.op_type.lower(), {"read": read}, tuple(outputs), view=True))


def _inside(host: Host, graph: Any) -> list[Operation]:
    """The operations of a graph inside a node, taken out of those of the host."""
    host.within(graph)
    for info in graph.input:
        if host.has_shape(info.name):
            host.value(info.name, COMPUTED)
    start = len(host.operations)
    host.read(graph)
    operations = host.operations[start:]
    del host.operations[start:]
    return operations


def _unknown(host: Host, node: Any) -> None:
    """Name the node among what is not counted."""
    host.operations.append(Operation(f"onnx::{node.op_type}", {}, ()))


SUBGRAPHS: dict[str, Callable[[Any, Any, dict[str, Any]], None]] = {"If": _if, "Loop": _loop, "Scan": _scan}
