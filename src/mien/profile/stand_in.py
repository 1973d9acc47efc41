"""Copies of a model whose tensors have a shape and no numbers, so that a forward pass costs nothing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.parameter import is_lazy

from mien.errors import InputError

LEVELS = ("meta", "fake", "real")
"""Ways to run a model, the cheapest first: shapes alone, shapes on devices, numbers."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """A model to run once and throw away, and what its tensors become in it."""

    model: nn.Module
    place: Callable[[Tensor], Tensor]
    context: Callable[[], AbstractContextManager[None]]


def stand_in(model: nn.Module, level: str) -> StandIn:
    """A copy in evaluation mode that shares no state with the model. Raises InputError for lazy parameters."""
    if any(is_lazy(p) for p in model.parameters()):
        raise InputError("'model' must have all its shapes. Got lazy parameters; run it once on a batch first.")
    if level == "meta":
        return StandIn(_copy(model, _to_meta), _to_meta, lambda: _entered(torch.device("meta")))
    if level == "fake":
        mode = FakeTensorMode(allow_non_fake_inputs=True)
        return StandIn(_copy(model, mode.from_tensor), mode.from_tensor, lambda: _entered(mode))
    return StandIn(deepcopy(model).eval(), Tensor.clone, _entered)


@contextmanager
def _entered(*contexts: Any) -> Iterator[None]:
    # The fused kernels of attention hide their products.
    fast = torch.backends.mha.get_fastpath_enabled()
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        for context in contexts:
            stack.enter_context(context)
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)


def _to_meta(tensor: Tensor) -> Tensor:
    moved = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")
    return nn.Parameter(moved, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else moved


def _copy(model: nn.Module, place: Callable[[Tensor], Tensor]) -> nn.Module:
    """Copy everything but numbers: `deepcopy` takes what its memo holds for a tensor instead of copying it."""
    memo: dict[int, Any] = {}
    for module in model.modules():
        for tensor in tensors_in(list(vars(module).values())):
            memo.setdefault(id(tensor), place(tensor))
    return deepcopy(model, memo).eval()


def tensors_in(found: Any) -> Iterator[Tensor]:
    """All tensors in nested lists, tuples and dictionaries."""
    if isinstance(found, Tensor):
        yield found
    elif isinstance(found, Mapping):
        yield from tensors_in(list(found.values()))
    elif isinstance(found, list | tuple | set):
        for one in found:
            yield from tensors_in(one)
