"""Theoretical receptive fields, by carrying the stretch of pixels that every entry sees through the graph.

A window (convolution, pooling) of kernel k, stride s, dilation d and padding p reads the positions
x s - p to x s - p + (k - 1) d; addition and concatenation take the union. Backwards over a chain this is the recurrence
RF = (RF - 1) s + (k - 1) d + 1. Borders are left out, as in Araujo, Norris & Sim, "Computing Receptive Fields of
Convolutional Neural Networks", Distill 2019. Global operations are named and not followed: the local field stands
beside them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from mien.profile.axes import Axis, everything, limited, picked, pixels, spread, transposed, union, window
from mien.profile.graph import Graph, Operation, Value
from mien.profile.moves import MOVES, UNKNOWN, Field, Look, Rule, each, merge, source
from mien.profile.operators import (
    ALONG,
    ATTENTION,
    BATCH_NORMS,
    FRESH,
    MAYBE_REDUCTIONS,
    REDUCTIONS,
    ROW_PRODUCTS,
    is_entrywise,
)
from mien.profile.picking import PICKING
from mien.profile.resampling import RESAMPLING
from mien.profile.reshape import reshaped
from mien.profile.windows import CONVOLUTIONS, POOLS, Windows, reached, sliding
from mien.profile.writes import written


@dataclass(frozen=True, slots=True)
class Receptive:
    """What a map sees of the input: a number for each spatial axis, in pixels.

    size: local field; stride: from one position to the next; padding: how far the first position reaches out of the
    picture. whole: along which axes it sees everything, by squeeze-excite, attention or global pooling besides.
    """

    size: tuple[int, ...]
    stride: tuple[Fraction, ...]
    padding: tuple[int, ...]
    whole: tuple[bool, ...]
    aligned: bool


def summary(field: Field, key: int = 0) -> Receptive | None:
    """The field along the axes of one input; None where the value depends on none."""
    axes = [axis for (number, _), axis in sorted(field.items()) if number == key]
    if not axes:
        return None
    return Receptive(
        tuple(axis.size for axis in axes),
        tuple(axis.stride for axis in axes),
        tuple(axis.padding for axis in axes),
        tuple(axis.whole for axis in axes),
        all(axis.aligned for axis in axes),
    )


def fields(graph: Graph) -> tuple[dict[int, Field], tuple[str, ...]]:
    """The field of each value by its id, and the operators without a rule, which count as global."""
    known: dict[int, Field] = {}
    for number, value in enumerate(graph.inputs):
        ndim = len(value.shape)
        known[value.id] = {(number, dim): pixels(value.shape[dim], dim, ndim) for dim in range(2, ndim)}
    unknown: dict[str, None] = {}
    doubtful: set[int] = set()
    for operation in graph.operations:
        given = {v.id: field for v in operation.inputs if (field := known.get(v.id))}
        if not given or operation.name in FRESH:
            continue
        is_write = operation.name == "written"
        if doubtful & given.keys() and not is_write:
            unknown["writes through views"] = None
        outputs = _outcome(operation, given)
        if outputs is None:
            outputs = [_all_of(given.values(), len(output.shape)) for output in operation.outputs]
            if is_write:  # it may be a view that nobody reads again
                doubtful.update(value.id for value in operation.outputs)
            elif any(axis.size for field in given.values() for axis in field.values()):
                unknown[operation.name] = None
        known.update({value.id: field for value, field in zip(operation.outputs, outputs, strict=False)})
    return known, tuple(unknown)


def _outcome(operation: Operation, given: Mapping[int, Field]) -> list[Field] | None:
    """The fields of the outputs; None where no rule knows them.

    What a rule has not asked for, such as a kernel that is computed from the picture, may reach every entry.
    """
    rule = RULES.get(operation.name, _entrywise if is_entrywise(operation.name) else None)
    asked: set[int] = set()

    def look(value: Any) -> Field:
        asked.update([value.id] if isinstance(value, Value) else [])
        return given.get(value.id, {}) if isinstance(value, Value) else {}

    try:
        outcome = UNKNOWN if rule is None else rule(operation, look)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError):
        outcome = UNKNOWN  # a call with arguments that the rule does not know
    if outcome is UNKNOWN:
        return None
    outputs = list(outcome) if isinstance(outcome, list) else [outcome] * len(operation.outputs)
    ndims = [len(output.shape) for output in operation.outputs]
    outputs += [_all_of(given.values(), n) for n in ndims[len(outputs) :]]  # such as statistics, indices
    if not all(map(_fits, operation.outputs, outputs)):
        return None
    others = [field for number, field in given.items() if number not in asked]
    if not others:
        return outputs
    return [merge([field, _all_of(others, n)], n) for n, field in zip(ndims, outputs, strict=False)]


def _fits(value: Value, field: Field) -> bool:
    """Whether the axes have the shape of a value, or one that broadcasts to it."""
    shapes = [axis.first.shape for axis in field.values()]
    return all(
        len(shape) == len(value.shape) and all(n in (1, side) for n, side in zip(shape, value.shape, strict=True))
        for shape in shapes
    )


def last_map(graph: Graph, known: dict[int, Field]) -> Value | None:
    """The last value in the order of computation that has positions along every axis of the first input."""
    wanted = len(graph.inputs[0].shape) - 2 if graph.inputs else 0
    for operation in reversed(graph.operations):
        for value in operation.outputs:
            axes = [axis for (number, _), axis in known.get(value.id, {}).items() if number == 0]
            local = [axis for axis in axes if axis.dim is not None and axis.size]
            if len(value.shape) >= 3 and 0 < wanted == len(local):
                return value
    return None


def _all_of(given: Iterable[Field], ndim: int) -> Field:
    return {key: everything(axis, ndim) for field in given for key, axis in field.items()}


def _entrywise(operation: Operation, look: Look) -> Field:
    output = operation.outputs[0]
    try:
        shape = np.broadcast_shapes(*(value.shape for value in operation.inputs))
    except ValueError:
        return UNKNOWN
    if shape != output.shape:
        return UNKNOWN
    given = [field for value in operation.inputs if (field := look(value))]
    if len(given) == 1 and len(next(iter(given[0].values())).first.shape) == len(shape):
        return given[0]
    return merge(given, len(shape))


def _copy(operation: Operation, look: Look) -> Field:
    return merge([look(operation.attributes["src"])], len(operation.outputs[0].shape))


def _slide(axis: Axis, geometry: Windows, extents: Sequence[int]) -> Axis:
    """Windows along the last dimensions; `extents`: of the output there."""
    start, move = axis.ndim - len(extents), transposed if geometry.transposed else window
    settings = zip(geometry.kernel, geometry.stride, geometry.dilation, geometry.padding, extents, strict=True)
    for dim, numbers in enumerate(settings, start):
        axis = move(axis, dim, *numbers)
    return axis


def _convolution(operation: Operation, look: Look) -> Field:
    geometry, extents = sliding(operation), operation.outputs[0].shape[2:]
    slid = each(look(operation.attributes["input"]), lambda axis: _slide(spread(axis, [1]), geometry, extents))
    if not geometry.transposed or (mask := reached(geometry, extents)).all():
        return slid
    return each(slid, lambda axis: limited(axis, mask))


def _pool(operation: Operation, look: Look) -> Field:
    geometry = sliding(operation)
    n = len(geometry.kernel)
    before, after = source(operation).shape[-n:], operation.outputs[0].shape[-n:]
    if "avg" in operation.name and min(geometry.kernel) >= 4 and geometry.kernel == before and max(after) == 1:
        # a mean over the whole map, written with its side
        return each(look(source(operation)), lambda axis: spread(axis, range(-n, 0)))
    return each(look(source(operation)), lambda axis: _slide(axis, geometry, after))


def _im2col(operation: Operation, look: Look) -> Field:
    geometry, before, output = sliding(operation), source(operation).shape, operation.outputs[0].shape
    sides = zip(before[2:], geometry.effective_kernel, geometry.stride, geometry.padding, strict=True)
    after = [(side + 2 * p - k) // s + 1 for side, k, s, p in sides]
    shape = (*output[:2], *after)
    return each(look(source(operation)), lambda axis: reshaped(_slide(axis, geometry, after), shape, output))


def _product(operation: Operation, look: Look) -> Field:
    """Matrix product: a row of the first sees what its columns saw, and all rows of the second."""
    *bias, first, second = operation.inputs[:3]
    ndim = len(operation.outputs[0].shape)
    return attend([look(first), *map(look, bias)], [look(second)], ndim)


def attend(queries: Sequence[Field], others: Sequence[Field], ndim: int) -> Field:
    """Rows of queries, contracted over their last dimension, with what is contracted over its last but one."""
    rows = [each(queries[0], lambda axis: spread(axis, [-1])), *queries[1:]] if queries[0] else list(queries[1:])
    columns = [each(field, lambda axis: spread(axis, [-2])) for field in others if field]
    if rows and rows[0] and columns:  # rows times columns would be a matrix of fields; what follows contracts it
        columns = [each(field, lambda axis: spread(axis, [-1])) for field in columns]
    return merge([field for field in (*rows, *columns) if field], ndim)


def _linear(operation: Operation, look: Look) -> Field:
    return each(look(operation.attributes["input"]), lambda axis: spread(axis, [-1]))


def _attention(operation: Operation, look: Look) -> list[Field]:
    query, key, value = (look(operation.attributes[name]) for name in ("query", "key", "value"))
    turned = each(key, lambda axis: spread(axis, [-2, -1]))
    return [attend([query], [turned, value], len(operation.outputs[0].shape))]


def _dims(operation: Operation, ndim: int) -> list[int]:
    given = operation.attributes.get("dim")
    listed = [given] if isinstance(given, int) else list(given or range(ndim))
    return sorted((d % ndim for d in listed), reverse=True)


def _reduce(operation: Operation, look: Look) -> Field:
    before = source(operation)
    dims = _dims(operation, len(before.shape))

    def change(axis: Axis) -> Axis:
        axis = spread(axis, dims)
        for dim in () if operation.attributes.get("keepdim") else dims:
            axis = picked(axis, dim, 0)
        return axis

    return each(look(before), change)


def _normalise(dims: Callable[[Operation, int], Sequence[int]], operation: Operation, look: Look) -> list[Field]:
    """Statistics over some dimensions, which every entry along them then sees."""
    ndim = len(source(operation).shape)
    along = dims(operation, ndim)
    return [each(look(source(operation)), lambda axis: union([axis, spread(axis, along)], ndim) if along else axis)]


def _layer_dims(operation: Operation, ndim: int) -> Sequence[int]:
    return range(ndim - len(operation.attributes["normalized_shape"]), ndim)


def _batch_dims(operation: Operation, ndim: int) -> Sequence[int]:
    trains = operation.attributes.get("training", operation.attributes.get("train"))
    return [d for d in range(ndim) if d != 1] if trains else []


RULES: dict[str, Rule] = {
    **MOVES, **RESAMPLING, **PICKING,
    **dict.fromkeys(CONVOLUTIONS, _convolution), **dict.fromkeys(POOLS, _pool), "im2col": _im2col,
    **dict.fromkeys(ROW_PRODUCTS, _product),
    "linear": _linear,
    **dict.fromkeys(ATTENTION, _attention),
    **dict.fromkeys(REDUCTIONS, _reduce),
    **dict.fromkeys(MAYBE_REDUCTIONS, lambda o, look: (_entrywise if "other" in o.attributes else _reduce)(o, look)),
    **dict.fromkeys(ALONG, partial(_normalise, _dims)),
    "native_layer_norm": partial(_normalise, _layer_dims),
    "native_group_norm": partial(_normalise, lambda operation, ndim: range(1, ndim)),
    **dict.fromkeys(BATCH_NORMS, partial(_normalise, _batch_dims)),
    "copy": _copy, "written": written,
}  # fmt: skip
