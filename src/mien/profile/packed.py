"""Operators of quantized modules, whose weights lie packed in objects, as those of ATen with tensors."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

PRODUCTS = ("quantized::conv", "quantized::linear")
RECURRENT = ("quantized_lstm", "quantized_gru")


class Weights:
    """The weights in packed objects, each unpacked once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, list[Tensor]]] = {}

    def tensors(self) -> list[Tensor]:
        """All weights and biases."""
        return [tensor for _, tensors in self._known.values() for tensor in tensors]

    def holds(self, tensor: Tensor) -> bool:
        """Whether a tensor is one of them."""
        return any(tensor is weight for weight in self.tensors())

    def unpacked(self, name: str, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Name and arguments in ATen; both as they are where no object tells its weight.

        >>> Weights().unpacked("quantized::add", {"qa": 1})
        ('quantized::add', {'qa': 1})
        """
        if name in RECURRENT:
            return name, {**given, "params": [tensor for cell in given["params"] for tensor in self._of(cell)]}
        holder = next((value for value in given.values() if isinstance(value, torch.ScriptObject)), None)
        if holder is None or not name.startswith(PRODUCTS) or not (stored := self._of(holder)):
            return name, given
        source = next(value for value in given.values() if isinstance(value, Tensor))
        arguments = {"input": source, "weight": stored[0], "bias": stored[1] if len(stored) > 1 else None}
        if "linear" in name:
            return "linear", arguments
        return "convolution", {**arguments, **_settings(holder, source.ndim - 2)}

    def _of(self, holder: Any) -> list[Tensor]:
        if id(holder) not in self._known:
            self._known[id(holder)] = holder, list(_opened(holder))
        return self._known[id(holder)][1]


def _opened(holder: Any) -> Iterator[Tensor]:
    """The weight and the bias of a layer, those of both layers of a recurrent cell; none of another packing."""
    try:
        parts = holder.unpack()[:2] if hasattr(holder, "unpack") else holder.__getstate__()[0][-1]
    except Exception:  # whatever another kind of object makes of the call
        return
    for part in parts:
        if isinstance(part, Tensor):
            yield part
        elif isinstance(part, torch.ScriptObject):
            yield from _opened(part)


def _settings(holder: Any, sides: int) -> Mapping[str, Any]:
    """One axis is packed as two, the second of which is meant."""
    settings = {key: list(getattr(holder, key)())[-sides:] for key in ("stride", "padding", "dilation")}
    return {**settings, "transposed": bool(holder.transpose())}
