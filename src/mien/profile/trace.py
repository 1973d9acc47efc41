"""From a torch module to its graph: every operator that runs is written down, with the module that called it.

A `TorchDispatchMode` sees what reaches ATen, so that functional calls, subclasses and shared layers are counted like
any other. It runs on meta tensors, which have shapes and no numbers; a model that needs numbers is run on fake tensors,
and then on real ones.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from mien.errors import InputError
from mien.profile.calls import Signature, shortcut, signature
from mien.profile.graph import COMPUTED, CONSTANT, INPUT, PARAMETER, Graph, Layer, Operation, Value
from mien.profile.stand_in import LEVELS, StandIn, stand_in, tensors_in


def trace(model: nn.Module, inputs: Sequence[Any]) -> Graph:
    """The graph of `model(*inputs)` in evaluation mode; the model is left as it is.

    Raises InputError, naming the module and the shapes that met, for inputs that it cannot take.

    >>> graph = trace(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), [torch.zeros(1, 3, 9, 9)])
    >>> [operation.name for operation in graph.operations]
    ['convolution', 'relu']
    """
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
            told = f"{recorder.where()} failed on {level} ones: {_line(error)}"
            notes = [f"Traced on {_AFTER[level]} tensors, since {told}"]
    shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors_in(list(inputs)))
    raise InputError(
        f"'input_size' must be one that the model can take. Got {shapes}; {recorder.where()} failed"
        f"{recorder.met()}: {_line(failure)}"
    ) from failure


_AFTER = {"meta": "fake", "fake": "real", "real": "no"}


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _run(copy: StandIn, inputs: Sequence[Any], recorder: "Recorder", notes: tuple[str, ...]) -> Graph:
    parameters, buffers = list(copy.model.parameters()), list(copy.model.buffers())
    with copy.context():
        placed = torch.utils._pytree.tree_map_only(Tensor, copy.place, list(inputs))
        given = tuple(recorder.value(tensor, INPUT) for tensor in tensors_in(placed))
        weights = {id(p): recorder.value(p, PARAMETER) for p in parameters}
        layers = recorder.watch(copy.model, weights)
        with recorder:
            out = copy.model(*placed)
    return Graph(
        inputs=given,
        outputs=tuple(recorder.value(tensor) for tensor in tensors_in(_plain(out))),
        operations=tuple(recorder.operations),
        layers=tuple(layers),
        parameters={value.id: value.numel for value in weights.values()},
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        weight_bytes=sum(tensor.numel() * tensor.element_size() for tensor in (*parameters, *buffers)),
        notes=notes,
    )


def _plain(out: Any) -> Any:
    """Outputs of any structure as a list of leaves."""
    return torch.utils._pytree.tree_leaves(out)


def _place(tensor: Tensor) -> int:
    place: int = tensor.untyped_storage()._cdata
    return place


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down the operators that run inside it. Values and tensors are kept, so that no identity is used twice."""

    def __init__(self, shapes_alone: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._shapes_alone = shapes_alone
        self.operations: list[Operation] = []
        self._values: dict[int, Value] = {}
        self._kept: list[Tensor] = []
        self._storages: dict[int, list[Tensor]] = {}
        self._stack: list[tuple[Layer, tuple[Any, ...]]] = []
        self._failed: tuple[str, Any] | None = None

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # or torch imports its compiler, which takes seconds, to keep it away from the method below

    def watch(self, model: nn.Module, weights: Mapping[int, Value]) -> list[Layer]:
        """A layer for each module, kept up to date while the model runs."""
        layers = []
        for path, module in model.named_modules():
            own = [weights[id(p)] for p in vars(module)["_parameters"].values() if p is not None]
            layers.append(Layer(path, type(module).__name__, {value.id: value.numel for value in own}))
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
        value = Value(len(self._kept), tuple(tensor.shape), tensor.element_size(), kind, storage)
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
        self._failed = func.__name__, (args, kwargs)
        out = shortcut(func, args, kwargs) if self._shapes_alone else func(*args, **kwargs)
        self._failed = None
        self._record(signature(func), args, kwargs, out)
        return out

    def _record(self, called: Signature, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        given = called.bound(args, kwargs)
        read, tensors = list(tensors_in(given)), list(tensors_in(out))
        if not read or not tensors:
            return
        attributes = {name: self._named(argument) for name, argument in given.items()}
        written = list(tensors_in([given[name] for name in called.written]))
        view = not written and all(_place(t) in self._storages for t in tensors)
        stale = [other for t in written for other in self._storages[_place(t)]]
        old = [(other, self.value(other)) for other in stale if not any(other is t for t in tensors)]
        before = () if written else {id(tensor) for tensor in read}
        outputs = tuple(self._new(tensor, COMPUTED) for tensor in tensors if id(tensor) not in before)
        name = called.name.rstrip("_") if written and not called.name.startswith("_") else called.name
        self._append(name, attributes, outputs, view)
        for other, value in old:  # a write through a view changes everything that shares its memory
            self._append("written", {"self": value, "source": outputs}, (self._new(other, COMPUTED),), True)

    def _named(self, argument: Any) -> Any:
        """An argument with values in the place of tensors."""
        if isinstance(argument, Tensor):
            return self.value(argument)
        return [self._named(one) for one in argument] if isinstance(argument, list | tuple) else argument

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
