"""An ONNX node with its values, and the windows that it slides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mien.errors import InputError
from mien.profile.graph import Value

Result = tuple[str, dict[str, Any], Sequence[Value]]
"""Name of the operation, its arguments, its outputs."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """A node with its values. number: a constant input as whole numbers; fresh: a value between two operations."""

    node: Any
    attributes: dict[str, Any]
    values: Sequence[Value | None]
    outputs: Sequence[Value]
    number: Callable[[str], list[int] | None]
    fresh: Callable[[Sequence[int]], Value]

    @property
    def first(self) -> Value:
        """The first input."""
        return self.required(0)

    def required(self, place: int) -> Value:
        """The input at a place. Raises InputError where the file has none, or none of a known shape."""
        value = self.given(place)
        if value is None:
            raise InputError(
                f"'model' must give {self.node.op_type} {self.node.name!r} its input {place} with a shape. Got none."
            )
        return value

    def given(self, place: int) -> Value | None:
        """The input at a place; None where it is left out."""
        return self.values[place] if place < len(self.values) else None

    def listed(self, name: str, index: int) -> list[int] | None:
        """Whole numbers that are an attribute in old and an input in new versions of an operator."""
        if name in self.attributes:
            return [int(n) for n in self.attributes[name]]
        return self.number(self.node.input[index]) if index < len(self.node.input) else None

    def given_all(self, *places: int) -> list[Value | None]:
        """The inputs at these places, None for those left out."""
        return [self.given(place) for place in places]


def _pads(node: Arguments, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """Padding before the first position of each axis."""
    n, auto = len(kernel), node.attributes.get("auto_pad", b"NOTSET")
    if not auto.startswith(b"SAME"):
        return list(node.attributes.get("pads", [0] * n))[:n]
    sides = zip(node.first.shape[2:], node.outputs[0].shape[2:], kernel, stride, dilation, strict=True)
    needed = [max(0, (after - 1) * s + (k - 1) * d + 1 - before) for before, after, k, s, d in sides]
    return [(n + (auto == b"SAME_LOWER")) // 2 for n in needed]


def sliding(node: Arguments, kernel: Sequence[int]) -> dict[str, Any]:
    """Stride, dilation and padding of a window over the first input."""
    n = len(kernel)
    stride, dilation = (list(node.attributes.get(name, [1] * n)) for name in ("strides", "dilations"))
    return {"stride": stride, "dilation": dilation, "padding": _pads(node, kernel, stride, dilation)}
