"""From a torch module to its graph: every operator that runs is written down, with the module that called it.

A `TorchDispatchMode` sees what reaches ATen, so that functional calls, subclasses and shared layers are counted like
any other. It runs on meta tensors, which have shapes and no numbers; a model that needs numbers is run on fake tensors,
and then on real ones.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from textwrap import shorten
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import HigherOrderOperator
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from mien.errors import InputError
from mien.profile.calls import Signature, is_composite, shortcut, signature
from mien.profile.cost import is_known
from mien.profile.graph import COMPUTED, CONSTANT, INPUT, PARAMETER, Graph, Layer, Operation, Value, values_in
from mien.profile.packed import Weights
from mien.profile.stand_in import LEVELS, StandIn, stand_in, tensors_in
from mien.profile.writes import are_apart, part_of


def trace(model: nn.Module, inputs: Sequence[Any]) -> Graph:
    """The graph of `model(*inputs)` in evaluation mode; the model is left as it is.

    Raises InputError, naming the module and the shapes that met, for inputs that it cannot take.

    >>> graph = trace(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), [torch.zeros(1, 3, 9, 9)])
    >>> [operation.name for operation in graph.operations]
    ['convolution', 'relu']
    """
    with torch.inference_mode(False):  # within it composite operators stay whole
        return _trace(model, inputs)


def _trace(model: nn.Module, inputs: Sequence[Any]) -> Graph:
    notes: list[str] = []
    for level in LEVELS:
        if level == "real" and any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
            break
        recorder = Recorder(shapes_alone=level == "meta")
        try:
            return _run(stand_in(model, level), inputs, recorder, tuple(notes))
        except InputError:
            raise
        except Exception as error:
            failure = error
            reason = f"{recorder.where()} failed on {level} ones: {_line(error)}"
            notes = [f"Traced on {_AFTER[level]} tensors, since {reason}"]
    shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors_in(list(inputs)))
    blamed = "'input_size' must be one that the model can take"
    if not isinstance(failure, _OF_SHAPES) or isinstance(failure, NotImplementedError):
        blamed = "'model' must be one that runs here on inputs of the given shapes"
    raise InputError(
        f"{blamed}. Got {shapes}; {recorder.where()} failed{recorder.met()}: {_line(failure)}"
    ) from failure


_OF_SHAPES = (RuntimeError, ValueError, IndexError, TypeError, AssertionError)
"""What torch and modules raise for inputs that do not fit, besides what else they do."""
_AFTER = {"meta": "fake", "fake": "real", "real": "no"}


def _line(error: Exception) -> str:
    return shorten((str(error).strip() or type(error).__name__).splitlines()[0], 160, placeholder=" ...")


def _run(copy: StandIn, inputs: Sequence[Any], recorder: "Recorder", notes: tuple[str, ...]) -> Graph:
    parameters, buffers = list(copy.model.parameters()), list(copy.model.buffers())
    with copy.context():
        placed = torch.utils._pytree.tree_map_only(Tensor, copy.place, list(inputs))
        given = tuple(recorder.value(tensor, INPUT) for tensor in tensors_in(placed))
        weights = {id(p): recorder.value(p, PARAMETER) for p in parameters}
        layers = recorder.watch(copy.model, weights)
        with Paddings(), recorder:
            out = copy.model(*placed)
    stored = [*parameters, *recorder.packed.tensors()]
    weights |= {id(tensor): recorder.value(tensor, PARAMETER) for tensor in recorder.packed.tensors()}
    return Graph(
        inputs=given,
        outputs=tuple(recorder.value(tensor) for tensor in tensors_in(_plain(out))),
        operations=tuple(recorder.operations),
        layers=tuple(layers),
        parameters={value.id: value.numel for value in weights.values()},
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        weight_bytes=sum(tensor.numel() * tensor.element_size() for tensor in (*stored, *buffers)),
        notes=notes,
    )


def _plain(out: Any) -> Any:
    """Outputs of any structure as a list of leaves."""
    return torch.utils._pytree.tree_leaves(out)


def _place(tensor: Tensor) -> int:
    if tensor.layout != torch.strided:
        return id(tensor)
    place: int = tensor.untyped_storage()._cdata
    return place


class Paddings(TorchFunctionMode):
    """Makes circular padding one operator with a rule: it is made of writes, which say nothing of a border."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call a function, or padding of the same shape."""
        kwargs = kwargs or {}
        if func is nn.functional.pad and "circular" in (*args[2:3], kwargs.get("mode")) and _fits(*args, **kwargs):
            args, kwargs = args[:2], {**kwargs, "mode": "replicate"}
        return func(*args, **kwargs)


def _fits(input: Tensor, pad: Sequence[int], *_: Any, **__: Any) -> bool:
    """Whether circular padding of these widths is allowed."""
    sides = [side for side in reversed(input.shape) for _ in range(2)]
    return all(width <= side for width, side in zip(pad, sides, strict=False))


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down the operators that run inside it. Values and tensors are kept, so that no identity is used twice."""

    def __init__(self, shapes_alone: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._shapes_alone = shapes_alone
        self.operations: list[Operation] = []
        self.packed = Weights()
        self._values: dict[int, Value] = {}
        self._kept: list[Tensor] = []
        self._storages: dict[int, list[Tensor]] = {}
        self._stack: list[tuple[Layer, tuple[Any, ...]]] = []
        self._failed: tuple[str, Any] | None = None

    supports_higher_order_operators = True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # or torch imports its compiler, which takes seconds, to keep it away from the method below

    def watch(self, model: nn.Module, weights: Mapping[int, Value]) -> list[Layer]:
        """A layer for each module, kept up to date while the model runs."""
        layers = []
        for path, module in model.named_modules():
            values = [weights[id(p)] for p in module.parameters(recurse=False)]
            layers.append(Layer(path, type(module).__name__, {value.id: value.numel for value in values}))
            vars(module)["forward"] = self._watched(module.forward, layers[-1])
        return layers

    def _watched(self, forward: Callable[..., Any], layer: Layer) -> Callable[..., Any]:
        """A forward that says when it runs. Hooks would do it as well, and more slowly."""

        @wraps(forward)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._stack.append((layer, (args, kwargs)))
            out = forward(*args, **kwargs)
            while self._stack.pop()[0] is not layer:  # a module whose error was caught is still there
                pass
            layer.calls += 1
            first = out if isinstance(out, Tensor) else next(tensors_in(_plain(out)), None)
            layer.output = None if first is None else self.value(first)
            return out

        return watched

    def value(self, tensor: Tensor, kind: str = CONSTANT) -> Value:
        """The value that a tensor has now; one not seen before is new, of this kind."""
        known = self._values.get(id(tensor))
        return known or self._new(tensor, kind)

    def _new(self, tensor: Tensor, kind: str) -> Value:
        sharing = self._storages.setdefault(_place(tensor), [])
        storage = self._values[id(sharing[0])].storage if sharing else len(self._kept)
        entries = None if tensor.layout == torch.strided else tensor._nnz()
        value = Value(len(self._kept), tuple(tensor.shape), tensor.element_size(), kind, storage, entries)
        if not any(tensor is other for other in sharing):
            sharing.append(tensor)
        self._kept.append(tensor)
        self._values[id(tensor)] = value
        return value

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operator and write it down."""
        kwargs = kwargs or {}
        self._failed = getattr(func, "__name__", str(func)), (args, kwargs)
        if isinstance(func, HigherOrderOperator):
            return self._record_higher(func, args, kwargs)
        called = signature(func)
        if not is_known(called.plain) and is_composite(func):
            with self:
                return func.decompose(*args, **kwargs)
        out = shortcut(func, args, kwargs) if self._shapes_alone else func(*args, **kwargs)
        self._failed = None
        self._record(called, args, kwargs, out)
        return out

    def _record_higher(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Attention with a function of the scores is the product that it is; others run on, seen from inside."""
        if func.name() != "flex_attention":
            with self:
                return func(*args, **kwargs)
        query, _, value = args[:3]
        out, scores = query.new_empty(*query.shape[:-1], value.shape[-1]), query.new_empty(query.shape[:-1])
        self._record(Signature(func.name(), (("query", None), ("key", None), ("value", None)), ()), args[:3], {}, out)
        self._failed = None
        return out, scores, scores

    def _record(self, called: Signature, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        name, given = self.packed.unpacked(called.plain, called.bound(args, kwargs))
        read, tensors = list(tensors_in(given)), list(tensors_in(out))
        if not read or not tensors:
            return
        attributes = {argument: self._named(value) for argument, value in given.items()}
        if name != called.plain and self._stack:  # a packed weight is a parameter of the module that runs it
            stored = (value for value in values_in(attributes) if value.kind == PARAMETER)
            self._stack[-1][0].parameters |= {value.id: value.numel for value in stored}
        written = list(tensors_in([given.get(name) for name in called.written]))
        view = not written and all(_place(t) in self._storages for t in tensors)
        stale = [other for t in written for other in self._storages[_place(t)]]
        old = [(other, self.value(other)) for other in stale if not any(other is t for t in tensors)]
        before = () if written else {id(tensor) for tensor in read}
        outputs = tuple(self._new(tensor, COMPUTED) for tensor in tensors if id(tensor) not in before)
        self._append(name, attributes, outputs, view)
        for other, value in old:  # a write through a view changes everything that shares its memory
            for tensor, output in zip(tensors, outputs, strict=False):
                self._write(other, value, tensor, output)

    def _write(self, other: Tensor, before: Value, tensor: Tensor, source: Value) -> None:
        """Write down what a write to one tensor does to another one that shares its memory."""
        sharing = self._storages[_place(tensor)]
        if not any(other is member for member in sharing) or are_apart(sharing[0], other, tensor):
            return
        arguments = {"self": before, "source": source, "part": part_of(other, tensor), "of": part_of(tensor, other)}
        self._append("written", arguments, (self._new(other, COMPUTED),), True)

    def _named(self, argument: Any) -> Any:
        """An argument with values in the place of tensors."""
        if isinstance(argument, Tensor):
            return self.value(argument, PARAMETER) if self.packed.holds(argument) else self.value(argument)
        return [self._named(item) for item in argument] if isinstance(argument, list | tuple) else argument

    def _append(self, name: str, attributes: Mapping[str, Any], outputs: tuple[Value, ...], view: bool) -> None:
        layer = self._stack[-1][0].path if self._stack else ""
        self.operations.append(Operation(name, attributes, outputs, layer, view))

    def where(self) -> str:
        """The module that runs now, in words."""
        if not self._stack:
            return "the model"
        layer, _ = self._stack[-1]
        return f"module {layer.path!r} ({layer.kind})" if layer.path else f"the model ({layer.kind})"

    def met(self) -> str:
        """The shapes that met in the operator that failed, or that the module was given."""
        given = self._stack[-1][1] if self._stack else ()
        name, arguments = self._failed or ("", given)
        tensors = tensors_in(arguments)
        shapes = " and ".join(str(tuple(tensor.shape)) for tensor in tensors)
        return f" where {shapes} met{' in ' + name if name else ''}" if shapes else ""
