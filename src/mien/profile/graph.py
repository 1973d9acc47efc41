"""A network as a list of operations on values: what the counts and the fields are computed from.

Operations have the names and the arguments of ATen, wherever they come from, so that there is one rule for each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil, prod
from typing import Any

INPUT, PARAMETER, CONSTANT, COMPUTED = "input", "parameter", "constant", "computed"


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor at one moment. storage: number of the memory that it lies in, shared by views.

    itemsize: bytes an entry, below 1 where several are packed into a byte. entries: those that a sparse layout keeps.
    """

    id: int
    shape: tuple[int, ...]
    itemsize: float = 4
    kind: str = COMPUTED
    storage: int = -1
    entries: int | None = None

    @property
    def numel(self) -> int:
        """Number of entries."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return ceil((self.numel if self.entries is None else self.entries) * self.itemsize)


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of an operator.

    attributes: all arguments by the names of ATen's schema, with values in the place of tensors. module: path of the
    module that called it. view: it moves no data. times: how often a loop runs it. inputs: the values among the
    arguments.
    """

    name: str
    attributes: Mapping[str, Any]
    outputs: tuple[Value, ...]
    module: str = ""
    view: bool = False
    times: int = 1
    inputs: tuple[Value, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", tuple(values_in(self.attributes)))


@dataclass(slots=True)
class Layer:
    """A module of the tree: its path, class, own parameters, how often it was called, and what its last call gave."""

    path: str
    kind: str
    parameters: dict[int, int] = field(default_factory=dict)
    calls: int = 0
    output: Value | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """A forward pass. parameters: id -> entries, shared ones once; layers: every module, parents before children."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    operations: tuple[Operation, ...]
    layers: tuple[Layer, ...]
    parameters: Mapping[int, int]
    trainable: int
    weight_bytes: int
    notes: tuple[str, ...] = ()


def values_in(argument: Any) -> Iterator[Value]:
    """All values in nested lists, tuples and dictionaries."""
    if isinstance(argument, Value):
        yield argument
    elif isinstance(argument, dict):
        for item in argument.values():
            yield from values_in(item)
    elif isinstance(argument, list | tuple):
        for item in argument:
            yield from values_in(item)
