"""Writes into a part of a tensor: where a view lies in what shares its memory, and the fields after the write."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mien.profile.axes import Axis, Ints, nothing, settled
from mien.profile.graph import Operation
from mien.profile.moves import UNKNOWN, Field, Look, merge, tuned


@dataclass(frozen=True, slots=True)
class Part:
    """Where a view lies in a tensor: the entries along each dimension, and the dimension of the view that runs there.

    None stands for a dimension along which the view has one entry.
    """

    entries: tuple[slice, ...]
    dims: tuple[int | None, ...]

    def is_whole(self, shape: Sequence[int]) -> bool:
        """Whether the view is all of a tensor of this shape."""
        return all(entries == slice(0, side, 1) for entries, side in zip(self.entries, shape, strict=True))


def part_of(whole: Tensor, view: Tensor) -> Part | None:
    """Where a view lies in a tensor that shares its memory; None where it is no block of it.

    >>> x = torch.zeros(4, 6)
    >>> part_of(x, x[1:, ::2])
    Part(entries=(slice(1, 4, 1), slice(0, 5, 2)), dims=(0, 1))
    >>> part_of(x[:2], x) is None
    True
    """
    if whole.layout != torch.strided or view.layout != torch.strided or 0 in (*whole.shape, *view.shape):
        return None
    offset = int(view.storage_offset()) - int(whole.storage_offset())
    entries = [slice(0, 1, 1)] * whole.ndim
    dims: list[int | None] = [None] * whole.ndim
    left = {d for d in range(view.ndim) if view.shape[d] > 1}
    for dim in sorted(range(whole.ndim), key=lambda d: whole.stride(d), reverse=True):
        side, stride = whole.shape[dim], whole.stride(dim)
        if side == 1 or stride == 0:
            continue
        start, offset = divmod(offset, stride)
        axis = next((d for d in left if view.stride(d) >= stride and view.stride(d) % stride == 0
                    and view.stride(d) < side * stride), None)  # fmt: skip
        step, count = (view.stride(axis) // stride, view.shape[axis]) if axis is not None else (1, 1)
        last = start + (count - 1) * step
        if start < 0 or last >= side:
            return None
        entries[dim], dims[dim] = slice(start, last + 1, step), axis
        left -= {axis}
    return Part(tuple(entries), tuple(dims)) if not left and not offset else None


def are_apart(whole: Tensor, first: Tensor, other: Tensor) -> bool:
    """Whether two views of a tensor are known to have no entry in common.

    >>> x = torch.zeros(4, 6)
    >>> are_apart(x, x[:2], x[2:]), are_apart(x, x[:2], x[:, :1])
    (True, False)
    """
    parts = part_of(whole, first), part_of(whole, other)
    if parts[0] is None or parts[1] is None:
        return False
    pairs = zip(parts[0].entries, parts[1].entries, strict=True)
    return any(not set(range(a.start, a.stop, a.step)) & set(range(b.start, b.stop, b.step)) for a, b in pairs)


def written(operation: Operation, look: Look) -> Field:
    """A tensor after a write into memory that it shares, wholly or in part.

    Where a part of it was written, that part sees what was written, the rest what it saw before. Where it is a part of
    what was written, it sees what its own entries then see.
    """
    before, source = operation.attributes["self"], operation.attributes["source"]
    if operation.attributes.get("part") is not None:
        return _after_a_part(look(before), look(source), operation.attributes["part"], before.shape, source.shape)
    if operation.attributes.get("of") is not None:
        return {key: _cut(axis, operation.attributes["of"], len(before.shape)) for key, axis in look(source).items()}
    return merge([look(before), look(source)], len(before.shape)) if source.shape == before.shape else UNKNOWN


def _after_a_part(old: Field, new: Field, part: Part, before: Sequence[int], source: Sequence[int]) -> Field:
    moved = {key: _moved(axis, source, part) for key, axis in new.items()}
    if part.is_whole(before):
        return moved
    field, ndim = {}, len(before)
    for key in dict.fromkeys((*old, *moved)):
        known = old.get(key) or moved[key]
        axes = (old.get(key) or nothing(known, ndim), moved.get(key) or nothing(known, ndim))
        field[key] = placed(*axes, part.entries, before)
    return tuned(field)


def placed(old: Axis, new: Axis, entries: Sequence[slice], shape: Sequence[int]) -> Axis:
    """An axis of a tensor of this shape after the entries of a block are replaced."""
    partial = [dim for dim, side in enumerate(shape) if entries[dim] != slice(0, side, 1)]
    extents = [
        side if dim in partial or max(old.first.shape[dim], new.first.shape[dim]) > 1 else 1
        for dim, side in enumerate(shape)
    ]
    where = tuple(part if extent > 1 else slice(None) for part, extent in zip(entries, extents, strict=True))

    def put(values: Ints, other: Ints) -> Ints:
        array = np.broadcast_to(values, extents).copy()
        array[where] = other
        return array

    head = old if old.dim is not None else new
    first, last = put(old.first, new.first), put(old.last, new.last)
    aligned = old.aligned and new.aligned
    return settled(replace(head, first=first, last=last, whole=old.whole or new.whole, aligned=aligned))


def _moved(axis: Axis, shape: Sequence[int], part: Part) -> Axis:
    """An axis of the view with the dimensions of the tensor."""
    kept = [dim for dim in part.dims if dim is not None]
    gone = tuple(dim for dim in range(len(shape)) if dim not in kept)
    new = tuple(d for d, dim in enumerate(part.dims) if dim is None)

    def turn(array: Ints) -> Ints:
        array = array.transpose(*gone, *kept).reshape([array.shape[dim] for dim in kept])
        return np.expand_dims(array, new)

    dim = part.dims.index(axis.dim) if axis.dim in kept else None
    return replace(axis, first=turn(axis.first), last=turn(axis.last), dim=dim)


def _cut(axis: Axis, part: Part, ndim: int) -> Axis:
    """The entries of a part, with the dimensions of the view."""
    kept = [dim for dim in part.dims if dim is not None]
    rest = tuple(d for d, dim in enumerate(part.dims) if dim is None)
    order = sorted((d for d, dim in enumerate(part.dims) if dim is not None), key=lambda d: part.dims[d] or 0)

    def turn(array: Ints) -> Ints:
        array = array[tuple(e if n > 1 else slice(None) for e, n in zip(part.entries, array.shape, strict=True))]
        array = array.transpose(*rest, *order).reshape([array.shape[d] for d in order])
        return np.expand_dims(array, tuple(d for d in range(ndim) if d not in kept))

    dim = part.dims[axis.dim] if axis.dim is not None else None
    return settled(replace(axis, first=turn(axis.first), last=turn(axis.last), dim=dim))
