"""Calls of ATen's operators: their arguments by name, and short ways to the shapes of what they give."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

SAME = frozenset((
    "relu", "hardswish", "hardsigmoid", "hardtanh", "leaky_relu", "elu", "gelu", "silu", "mish", "sigmoid", "tanh",
))  # fmt: skip
"""They give a tensor like their first argument."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Name of an operator; its arguments with their defaults; those that it writes to."""

    name: str
    arguments: tuple[tuple[str, Any], ...]
    written: tuple[str, ...]

    @property
    def plain(self) -> str:
        """The name without the underscore of an operator that writes to its input."""
        return self.name.removesuffix("_") if self.written else self.name

    def bound(self, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """All arguments of a call by their names."""
        given = {name: kwargs.get(name, default) for name, default in self.arguments[len(args) :]}
        return {name: argument for (name, _), argument in zip(self.arguments, args, strict=False)} | given


@cache
def signature(func: Any) -> Signature:
    """The signature of an operator, from its schema.

    >>> signature(torch.ops.aten.add_.Tensor)
    Signature(name='add_', arguments=(('self', None), ('other', None), ('alpha', 1)), written=('self',))
    """
    arguments = func._schema.arguments
    defaults = [(a.name, a.default_value if a.has_default_value() else None) for a in arguments]
    written = [a.name for a in arguments if a.alias_info is not None and a.alias_info.is_write]
    return Signature(func._schema.name.removeprefix("aten::"), tuple(defaults), tuple(written))


def is_composite(func: Any) -> bool:
    """Whether an operator is made of others, into which `func.decompose` takes it apart."""
    if func.namespace == "prim":  # questions to a tensor, which the dispatcher does not know
        return False
    return bool(func.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd))


def shortcut(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What an operator gives on meta tensors; torch takes up to a millisecond to decompose a normalisation.

    >>> shortcut(torch.ops.aten.relu.default, (torch.zeros(2, 3, device="meta"),), {}).shape
    torch.Size([2, 3])
    """
    called = signature(func)
    if called.name.rstrip("_") in SAME and isinstance(args[0], Tensor):
        return args[0] if called.written else torch.empty_like(args[0])
    if called.name == "native_batch_norm" and not args[5]:
        return torch.empty_like(args[0]), torch.empty_like(args[3]), torch.empty_like(args[4])
    return func(*args, **kwargs)
