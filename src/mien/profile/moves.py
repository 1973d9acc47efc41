"""Fields through operators that move entries and compute nothing: reshape, permute, slice, concatenate, pad."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from mien.profile.axes import (
    Axis,
    gather,
    joined,
    lifted,
    nothing,
    permuted,
    picked,
    settled,
    union,
)
from mien.profile.graph import Operation, Value
from mien.profile.reshape import periodic, reshaped

Key = tuple[int, int]
"""Number of the input, and its dimension."""
Field = dict[Key, Axis]
Look = Callable[[Any], Field]
"""The field of a value; empty for a weight, a constant or None."""
Rule = Callable[[Operation, Look], Field | list[Field]]
"""The field of the first output, or one for each of them."""


UNKNOWN: Field = {}
"""What a rule gives where it does not know; told apart by identity."""


def merge(given: Sequence[Field], ndim: int) -> Field:
    """The union of fields along each axis."""
    keys = {key: None for field in given for key in field}
    return {key: union([field[key] for field in given if key in field], ndim) for key in keys}


def each(field: Field, change: Callable[[Axis], Axis]) -> Field:
    """The same change of every axis."""
    return {key: change(axis) for key, axis in field.items()}


def tuned(field: Field) -> Field:
    """Strides found anew after a reshape, but not where positions of two axes lie in one dimension, as in tokens."""
    dims = [(number, axis.dim) for (number, _), axis in field.items()]
    return {key: periodic(axis) if dims.count((key[0], axis.dim)) == 1 else axis for key, axis in field.items()}


def source(operation: Operation) -> Value:
    """The first argument, whatever it is called."""
    return operation.inputs[0]


def _reshape(operation: Operation, look: Look) -> Field:
    before = source(operation)
    return tuned(each(look(before), lambda axis: reshaped(axis, before.shape, operation.outputs[0].shape)))


def _permute(operation: Operation, look: Look) -> Field:
    given, ndim = operation.attributes, len(source(operation).shape)
    order = list(range(ndim))
    if "dims" in given:
        order = [d % ndim for d in given["dims"]]
    elif ndim > 1:
        first, second = (given[name] % ndim if name in given else k for k, name in enumerate(("dim0", "dim1")))
        order[first], order[second] = order[second], order[first]
    return each(look(source(operation)), lambda axis: permuted(axis, order))


def _expand(operation: Operation, look: Look) -> Field:
    return each(look(source(operation)), lambda axis: lifted(axis, len(operation.outputs[0].shape)))


def _repeat(operation: Operation, look: Look) -> Field:
    repeats = operation.attributes["repeats"]

    def tile(axis: Axis) -> Axis:
        axis = lifted(axis, len(repeats))
        times = [n if extent > 1 else 1 for n, extent in zip(repeats, axis.first.shape, strict=True)]
        return settled(replace(axis, first=np.tile(axis.first, times), last=np.tile(axis.last, times)))

    return each(look(source(operation)), tile)


def _slice(operation: Operation, look: Look) -> Field:
    given = operation.attributes
    step = given["step"] or 1
    part = slice(given["start"], given["end"], step)
    dim = given["dim"] % len(source(operation).shape)
    return each(look(source(operation)), lambda axis: picked(axis, dim, part, step))


def _select(operation: Operation, look: Look) -> Field:
    dim = operation.attributes["dim"] % len(source(operation).shape)
    return each(look(source(operation)), lambda axis: picked(axis, dim, operation.attributes["index"]))


def _split(operation: Operation, look: Look) -> list[Field]:
    before, pieces, start = source(operation), [], 0
    dim = operation.attributes["dim"] % len(before.shape)
    for output in operation.outputs:
        part = slice(start, start + output.shape[dim])
        pieces.append(each(look(before), lambda axis, part=part: picked(axis, dim, part)))  # type: ignore[misc]
        start += output.shape[dim]
    return pieces


def _unbind(operation: Operation, look: Look) -> list[Field]:
    before = source(operation)
    dim = operation.attributes["dim"] % len(before.shape)
    return [each(look(before), lambda axis, k=k: picked(axis, dim, k)) for k in range(before.shape[dim])]  # type: ignore[misc]


def _cat(operation: Operation, look: Look) -> Field:
    parts: Sequence[Value] = operation.attributes["tensors"]
    return join([look(part) for part in parts], operation.attributes["dim"], [part.shape for part in parts])


def _stack(operation: Operation, look: Look) -> Field:
    parts: Sequence[Value] = operation.attributes["tensors"]
    dim = operation.attributes["dim"] % len(operation.outputs[0].shape)
    shapes = [(*part.shape[:dim], 1, *part.shape[dim:]) for part in parts]
    fields = [
        each(look(part), lambda axis, part=part, shape=shape: reshaped(axis, part.shape, shape))  # type: ignore[misc]
        for part, shape in zip(parts, shapes, strict=True)
    ]
    return join(fields, dim, shapes)


def join(fields: Sequence[Field], dim: int, shapes: Sequence[Sequence[int]]) -> Field:
    """Concatenate along a dimension; a tensor without a field is one that sees nothing."""
    kept = [(field, shape) for field, shape in zip(fields, shapes, strict=True) if tuple(shape) != (0,)]
    field: Field = {}
    for key in {key: None for field, _ in kept for key in field}:
        known = next(field[key] for field, _ in kept if key in field)
        ndim = len(kept[0][1])
        axes = [field[key] if key in field else nothing(known, ndim) for field, _ in kept]
        field[key] = joined(axes, dim % ndim, [shape[dim] for _, shape in kept])
    return field


def _flip(operation: Operation, look: Look) -> Field:
    before = source(operation)

    def turn(axis: Axis) -> Axis:
        for dim in operation.attributes["dims"]:
            axis = picked(axis, dim % len(before.shape), slice(None, None, -1))
        return axis

    return each(look(before), turn)


def _roll(operation: Operation, look: Look) -> Field:
    shifts, dims, shape = operation.attributes["shifts"], operation.attributes["dims"], source(operation).shape
    if not dims:
        return each(look(source(operation)), lambda axis: _rolled(axis, shifts, shape))

    def turn(axis: Axis) -> Axis:
        first, last = np.roll(axis.first, shifts, dims), np.roll(axis.last, shifts, dims)
        return replace(axis, first=first, last=last)

    return each(look(source(operation)), turn)


def _rolled(axis: Axis, shifts: Any, shape: Sequence[int]) -> Axis:
    """Without dimensions the entries move row by row, from the end of one to the start of the next."""
    flat = (prod(shape),)
    first, last = (np.roll(np.broadcast_to(ends, shape).ravel(), shifts) for ends in (axis.first, axis.last))
    return reshaped(replace(axis, first=first, last=last, dim=None), flat, shape)


def _pad(operation: Operation, look: Look) -> Field:
    """Padding, of any kind, is taken for more of the same input."""
    amounts, ndim = operation.attributes.get("pad", operation.attributes.get("padding")), len(source(operation).shape)

    def grow(axis: Axis) -> Axis:
        for k, (before, after) in enumerate(zip(amounts[::2], amounts[1::2], strict=True)):
            dim = ndim - 1 - k
            extent = source(operation).shape[dim]
            if axis.dim == dim or axis.first.shape[dim] > 1:
                axis = gather(axis, dim, np.arange(-before, extent + after)[None])
        return axis

    return each(look(source(operation)), grow)


def _pixel_shuffle(operation: Operation, look: Look) -> Field:
    r, before = operation.attributes["upscale_factor"], source(operation)
    *batch, c, h, w = before.shape
    b = len(batch)
    order = [*range(b + 1), b + 3, b + 1, b + 4, b + 2]

    def turn(axis: Axis) -> Axis:
        axis = reshaped(axis, before.shape, (*batch, c // r**2, r, r, h, w))
        return reshaped(permuted(axis, order), (*batch, c // r**2, h, r, w, r), operation.outputs[0].shape)

    return tuned(each(look(before), turn))


def _pixel_unshuffle(operation: Operation, look: Look) -> Field:
    r, before = operation.attributes["downscale_factor"], source(operation)
    *batch, c, h, w = before.shape
    b = len(batch)
    order = [*range(b + 1), b + 2, b + 4, b + 1, b + 3]

    def turn(axis: Axis) -> Axis:
        axis = reshaped(axis, before.shape, (*batch, c, h // r, r, w // r, r))
        return reshaped(permuted(axis, order), (*batch, c, r, r, h // r, w // r), operation.outputs[0].shape)

    return tuned(each(look(before), turn))


RESHAPE = ("view", "_unsafe_view", "reshape", "_reshape_alias", "flatten", "unflatten", "squeeze", "unsqueeze")
SPLITS = tuple(start + kind for start in ("", "unsafe_") for kind in ("split", "split_with_sizes", "chunk"))
PADS = ("constant_pad_nd", *(f"{kind}_pad{n}d" for kind in ("reflection", "replication") for n in (1, 2, 3)))
MOVES: dict[str, Rule] = {
    **dict.fromkeys(RESHAPE, _reshape),
    **dict.fromkeys(("permute", "transpose", "t"), _permute),
    **dict.fromkeys(("expand", "broadcast_to"), _expand),
    **dict.fromkeys(SPLITS, _split),
    **dict.fromkeys(PADS, _pad),
    "repeat": _repeat, "slice": _slice, "select": _select, "unbind": _unbind, "cat": _cat, "stack": _stack,
    "flip": _flip, "roll": _roll, "pixel_shuffle": _pixel_shuffle, "pixel_unshuffle": _pixel_unshuffle,
}  # fmt: skip
