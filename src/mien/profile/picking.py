"""Fields through operators that pick entries by numbers: along what they pick, an entry may see all of them."""

from dataclasses import replace

import numpy as np

from mien.profile.axes import Axis, Ints, picked, spread, union
from mien.profile.graph import Operation, Value
from mien.profile.moves import UNKNOWN, Field, Look, Rule, each, source


def _index(operation: Operation, look: Look) -> Field:
    """Indices pick along their dimensions; those that are not one after the other go to the front."""
    before, indices = source(operation).shape, operation.attributes.get("indices") or ()
    dims = [d for d, index in enumerate(indices) if isinstance(index, Value)]
    shapes = [index.shape for index in indices if isinstance(index, Value)]
    if not dims:
        return UNKNOWN
    inserted = np.broadcast_shapes(*shapes)
    place = dims[0] if dims == list(range(dims[0], dims[-1] + 1)) else 0
    kept = [side for d, side in enumerate(before) if d not in dims]
    if (*kept[:place], *inserted, *kept[place:]) != operation.outputs[0].shape:
        return UNKNOWN  # a mask picks as many entries as it has

    def pick(axis: Axis) -> Axis:
        axis = spread(axis, dims)
        for dim in reversed(dims):
            axis = picked(axis, dim, 0)
        return _opened(axis, place, len(inserted))

    return each(look(source(operation)), pick)


def _opened(axis: Axis, place: int, count: int) -> Axis:
    """More dimensions of extent 1 at a place."""
    new = tuple(range(place, place + count))
    dim = axis.dim if axis.dim is None or axis.dim < place else axis.dim + count
    return replace(axis, first=np.expand_dims(axis.first, new), last=np.expand_dims(axis.last, new), dim=dim)


def _along(operation: Operation, look: Look) -> list[Field]:
    """Any entry along one dimension; the others stay, or their first ones do."""
    shape, output = source(operation).shape, operation.outputs[0].shape
    dim = operation.attributes.get("dim", -1) % max(len(shape), 1)

    def pick(axis: Axis) -> Axis:
        axis = spread(axis, [dim])
        for d, side in enumerate(output):
            if d != dim and side < shape[d]:
                axis = picked(axis, d, slice(0, side))
        return axis

    return [each(look(source(operation)), pick)] * len(operation.outputs)


def _embedding(operation: Operation, look: Look) -> Field:
    return each(look(operation.attributes["indices"]), lambda axis: _opened(axis, axis.ndim, 1))


def _halves(operation: Operation, look: Look) -> Field:
    """One half of the channels gates the other (GLU)."""
    shape = source(operation).shape
    dim = operation.attributes.get("dim", -1) % len(shape)
    half = shape[dim] // 2
    ends = slice(0, half), slice(half, None)
    return each(look(source(operation)), lambda axis: union([picked(axis, dim, e) for e in ends], axis.ndim))


def _channels(operation: Operation, look: Look) -> Field:
    """Channels in another order."""
    return each(look(source(operation)), lambda axis: spread(axis, [1]))


def _unfold(operation: Operation, look: Look) -> Field:
    """Windows along one dimension; the positions within them become the last one."""
    given = operation.attributes
    size, step = given["size"], given["step"]
    dim = given["dimension"] % len(source(operation).shape)
    starts = np.arange(operation.outputs[0].shape[dim]) * step

    def cut(axis: Axis) -> Axis:
        if axis.first.shape[dim] == 1:
            return _opened(axis, axis.ndim, 1)
        taps = starts[:, None] + np.arange(size)

        def take(array: Ints) -> Ints:
            return np.moveaxis(array.take(taps, axis=dim), dim + 1, -1)

        return replace(axis, first=take(axis.first), last=take(axis.last), stride=axis.stride * step, period=1)

    return each(look(source(operation)), cut)


PICKING: dict[str, Rule] = {
    **dict.fromkeys(("index", "_unsafe_index"), _index),
    **dict.fromkeys(("gather", "index_select", "topk"), _along),
    "embedding": _embedding, "glu": _halves, "unfold": _unfold,
    **dict.fromkeys(("native_channel_shuffle", "channel_shuffle"), _channels),
}  # fmt: skip
