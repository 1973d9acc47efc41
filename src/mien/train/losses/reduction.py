"""What all losses share: which entries count and how much, the mean over them, and the module twins."""

from collections.abc import Callable, Sequence
from functools import reduce, wraps
from inspect import signature
from math import isnan
from typing import Any, Literal, NamedTuple, Self, TypeVar, cast

import torch
from torch import Tensor, nn

from mien.errors import InputError

Reduction = Literal["mean", "sum", "none"]
HALVES = (torch.float16, torch.bfloat16)
_Function = TypeVar("_Function", bound=Callable[..., Tensor])


class Entries(NamedTuple):
    """Which entries of a loss are kept (None: all) and what each weighs (None: 1)."""

    kept: Tensor | None
    weight: Tensor | None

    @classmethod
    def of(cls, shape: torch.Size, known: Tensor | None, weight: Tensor | None, mask: Tensor | None) -> Self:
        """Entries of a loss of this shape: known, not masked, and of a weight other than 0."""
        if known is None and weight is None and mask is None:
            return cls(None, None)
        kept = known
        if mask is not None:
            kept = _and(kept, _spread_over("mask", mask, shape).bool())
        if weight is not None:
            weight = _spread_over("weight", weight, shape)
            kept = _and(kept, weight != 0)
        return cls(None if kept is None else _none_if_all(kept), weight)

    def clean(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """The tensors with zeros in the entries that are not kept: whatever stands there has no gradient."""
        kept = self.kept
        if kept is None:
            return tensors
        return tuple(torch.where(_more_dimensions(kept, each.ndim), each, 0) for each in tensors)

    def reduce(self, loss: Tensor, reduction: Reduction) -> Tensor:
        """'mean' is sum(weight * loss) / sum(weight), or 0 when no entry is kept; 'none' keeps the shape."""
        check_reduction(reduction)
        kept, weight = self
        if kept is not None:
            loss = torch.where(kept, loss, 0)
        if weight is not None:
            weight = weight.to(loss.dtype) if kept is None else torch.where(kept, weight.to(loss.dtype), 0)
            loss = weight * loss
        if reduction == "none":
            return loss
        if reduction == "sum" or not loss.numel():
            return loss.sum()
        if kept is None and weight is None:
            # mean() writes out a gradient of the loss's size, a division is one step more: small or large decides.
            return loss.mean() if loss.numel() < 4096 else loss.sum() / loss.numel()
        total = torch.sum(kept if weight is None else weight)  # type: ignore[arg-type]
        return loss.sum() / torch.where(total == 0, 1, total)


def check_reduction(reduction: str) -> None:
    """Raise InputError for a reduction that does not exist."""
    if reduction not in ("mean", "sum", "none"):
        raise InputError(f"'reduction' must be 'mean', 'sum' or 'none'. Got {reduction!r}.")


def check_shape(name: str, tensor: Tensor, expected: Sequence[int]) -> None:
    """Raise InputError where a silent broadcast would compare every entry with every other one."""
    if tensor.shape != torch.Size(expected):
        raise InputError(f"{name!r} must be of shape {tuple(expected)}. Got {tuple(tensor.shape)}.")


def known_numbers(target: Tensor) -> Tensor | None:
    """Where a target is not NaN; None where that is everywhere."""
    # One NaN makes the sum NaN, which is found sooner than each.
    if not target.is_floating_point() or (is_readable(target) and not isnan(target.sum().item())):
        return None
    return ~target.isnan()


def is_readable(tensor: Tensor) -> bool:
    """Whether values can be looked at: not on a GPU, where that waits, nor while torch compiles, exports or maps."""
    if tensor.device.type != "cpu" or torch.compiler.is_compiling():
        return False
    return torch._C._functorch.peek_interpreter_stack() is None


def full_precision(loss: _Function) -> _Function:
    """A loss that computes and sums halves in float32; of halves it is one itself, but for autocast."""
    names = list(signature(loss).parameters)
    inputs = names[: names.index("target") + 1]

    @wraps(loss)
    def computed(*args: Any, **named: Any) -> Tensor:
        given = {**dict(zip(names, args, strict=False)), **named}
        kinds = [v.dtype for k, v in given.items() if k in inputs and isinstance(v, Tensor) and v.is_floating_point()]
        result = loss(*map(to_full, args), **{name: to_full(value) for name, value in named.items()})
        kind = reduce(torch.promote_types, kinds) if kinds else result.dtype
        return result.to(kind) if kind in HALVES and not torch.is_autocast_enabled(result.device.type) else result

    return cast(_Function, computed)


def refuse(loss: Tensor, wrong: Tensor, target: Tensor, expected: str) -> Tensor:
    """The loss; InputError where a target is wrong, or NaN in its place where that cannot be looked at."""
    if not is_readable(wrong):
        return torch.where(wrong, torch.nan, loss)
    if bool(wrong.any()):
        raise InputError(f"'target' must be {expected}. Got {target[wrong][0].item():g}.")
    return loss


def to_full(value: Any) -> Any:
    """float32 instead of a tensor of halves; anything else as it is."""
    return value.float() if isinstance(value, Tensor) and value.dtype in HALVES else value


def pair(preds: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Predictions and target of one shape, in their common dtype."""
    check_shape("target", target, preds.shape)
    dtype = torch.promote_types(preds.dtype, target.dtype)
    return preds.to(dtype), target.to(dtype)


class Loss(nn.Module):
    """Module form of a loss function: options at construction, tensors in the call.

    An option that is a tensor is a buffer, so that it moves with the module; a parameter or a module is registered.
    """

    def __init__(self, function: Callable[..., Tensor], reduction: Reduction, **options: Any) -> None:
        super().__init__()
        check_reduction(reduction)
        self.function, self.reduction, self.options = function, reduction, tuple(options)
        for name, value in options.items():
            if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
                self.register_buffer(name, value, persistent=False)
            else:
                setattr(self, name, value)

    def forward(self, *tensors: Tensor, **named: Any) -> Tensor:
        """The function of these tensors with the options of the module; weight, mask and other options by name."""
        options = {name: getattr(self, name) for name in self.options}
        return self.function(*tensors, **{**options, "reduction": self.reduction, **named})

    def extra_repr(self) -> str:
        """Options by name."""
        options = {name: getattr(self, name) for name in (*self.options, "reduction")}
        return ", ".join(f"{name}={_short(value)}" for name, value in options.items())


def _short(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"Tensor{tuple(value.shape)}"
    return getattr(value, "__name__", type(value).__name__) if callable(value) else repr(value)


def _and(first: Tensor | None, second: Tensor) -> Tensor:
    return second if first is None else first & second


def _none_if_all(kept: Tensor) -> Tensor | None:
    return None if is_readable(kept) and bool(kept.all()) else kept


def _more_dimensions(tensor: Tensor, ndim: int) -> Tensor:
    return tensor.reshape(tensor.shape + (1,) * (ndim - tensor.ndim))


def _spread_over(name: str, tensor: Tensor, shape: torch.Size) -> Tensor:
    """One value an entry; with fewer dimensions than the loss, one a face: (B,) counts for rows of (B, K)."""
    spread = _more_dimensions(tensor, max(len(shape), tensor.ndim))
    fits = spread.ndim == len(shape) and all(a in (1, b) for a, b in zip(spread.shape, shape, strict=True))
    if not fits:
        raise InputError(f"{name!r} must be of shape {tuple(shape)} or of its first sizes. Got {tuple(tensor.shape)}.")
    return spread.expand(shape)
