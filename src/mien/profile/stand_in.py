"""Copies of a model whose tensors have a shape and no numbers, so that a forward pass costs nothing."""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
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
_ATOMS = frozenset({bool, int, float, str})
_TABLES = frozenset({dict, OrderedDict, set})
_WAYS_TO_COPY = frozenset({"__deepcopy__", "__getstate__", "__reduce__", "__reduce_ex__"})


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
    if level != "real" and any(isinstance(v, torch.ScriptObject) for m in model.modules() for v in vars(m).values()):
        raise NotImplementedError("packed weights have more than a shape")
    if level == "meta":
        return StandIn(_copy(model, _to_meta), _to_meta, lambda: _entered(torch.device("meta")))
    if level == "fake":
        mode = FakeTensorMode(allow_non_fake_inputs=True)

        def place(tensor: Tensor) -> Tensor:
            return mode.from_tensor(_plain(tensor))

        return StandIn(_copy(model, place), place, lambda: _entered(mode))
    sparse = [tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.layout != torch.strided]
    return StandIn(deepcopy(model, {id(tensor): tensor.clone() for tensor in sparse}).eval(), torch.clone, _entered)


@contextmanager
def _entered(*contexts: Any) -> Iterator[None]:
    # The fused kernels of attention hide their products.
    fast = torch.backends.mha.get_fastpath_enabled()
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(_without_compilers())
        for context in contexts:
            stack.enter_context(context)
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)


@contextmanager
def _without_compilers() -> Iterator[None]:
    """Compiled parts run as they are written; a compiler that was never imported stays so."""
    flex = sys.modules.get("torch.nn.attention.flex_attention")
    switch = "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG"
    before = getattr(flex, switch, None)
    with ExitStack() as stack:
        if "torch._dynamo" in sys.modules:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        if before is not None:
            setattr(flex, switch, True)
            stack.callback(setattr, flex, switch, before)
        yield


def _plain(tensor: Tensor) -> Tensor:
    if tensor.layout != torch.strided or tensor.is_quantized:
        raise NotImplementedError("a sparse or quantized tensor has more than a shape")
    return tensor


def _to_meta(tensor: Tensor) -> Tensor:
    moved = torch.empty_strided(_plain(tensor).shape, tensor.stride(), dtype=tensor.dtype, device="meta")
    return nn.Parameter(moved, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else moved


def _copy(model: nn.Module, place: Callable[[Tensor], Tensor]) -> nn.Module:
    """Copy everything but numbers: `deepcopy` takes what its memo holds for a tensor instead of copying it.

    Modules are put into the memo as well, for `deepcopy` would take most of the time over their tables of hooks.
    """
    modules, memo = list(model.modules()), dict[int, Any]()
    kinds = {kind for kind in set(map(type, modules)) if _is_plain(kind)}
    plain = [module for module in modules if type(module) in kinds]
    for module in plain:
        memo[id(module)] = object.__new__(type(module))
    kept = [value for module in modules for value in vars(module).values() if not _is_light(value)]
    for tensor in tensors_in(kept):
        if id(tensor) not in memo:
            memo[id(tensor)] = place(tensor)
    for module in plain:
        state = {name: _copied(value, memo) for name, value in vars(module).items() if name != "_compiled_call_impl"}
        vars(memo[id(module)]).update(state)
    return deepcopy(model, memo).eval()


def _is_plain(kind: type) -> bool:
    """Whether its instances are copied by copying their attributes, as those of nn.Module are."""
    classes = kind.__mro__[: kind.__mro__.index(nn.Module)]
    return not any(_WAYS_TO_COPY & vars(base).keys() for base in classes)


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    if not _is_light(value):
        return deepcopy(value, memo)
    return memo.setdefault(id(value), type(value)()) if type(value) in _TABLES else value


def _is_light(value: Any) -> bool:
    """A number, a word, or a table with nothing in it."""
    return value is None or type(value) in _ATOMS or (type(value) in _TABLES and not value)


def tensors_in(argument: Any) -> Iterator[Tensor]:
    """All tensors in nested lists, tuples and dictionaries."""
    if isinstance(argument, Tensor):
        yield argument
    elif isinstance(argument, dict):
        for item in argument.values():
            yield from tensors_in(item)
    elif isinstance(argument, list | tuple | set):
        for item in argument:
            yield from tensors_in(item)
