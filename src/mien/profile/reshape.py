"""An axis under another shape of the tensor: entries keep their order, row by row."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np

from mien.profile.axes import Axis, Ints, settled


def reshaped(axis: Axis, old: Sequence[int], new: Sequence[int]) -> Axis:
    """The same entries in row-major order under another shape."""
    if max(axis.first.shape, default=1) == 1:
        dim = axis.dim
        if dim is not None and (dim >= len(new) or new[dim] != 1 or prod(old[:dim]) != prod(new[:dim])):
            dim = None
        shape = (1,) * len(new)
        return replace(axis, first=axis.first.reshape(shape), last=axis.last.reshape(shape), dim=dim)
    first, last = _reshape(np.stack([axis.first, axis.last]), old, new)
    return settled(replace(axis, first=first, last=last, dim=None))


def periodic(axis: Axis) -> Axis:
    """Find stride and period where the field moves on by the same step every few positions, as after pixel shuffle."""
    if axis.dim is None or axis.first.size != axis.first.shape[axis.dim]:
        return axis
    ends = np.stack([axis.first.ravel(), axis.last.ravel()])
    for period in range(1, ends.shape[1] // 2 + 1):
        steps = ends[:, period:] - ends[:, :-period]
        if steps[0, 0] > 0 and (steps == steps[0, 0]).all():
            return replace(axis, stride=Fraction(int(steps[0, 0]), period), period=period)
    return axis


def _reshape(both: Ints, old: Sequence[int], new: Sequence[int]) -> Ints:
    """Reshape (2, *old) group by group of dimensions that only mix among themselves, the others not written out."""
    done = 1
    for i, j, k, l in _groups(old, new):  # noqa: E741
        both = _group(both, done, old[i:j], new[k:l])
        done += l - k
    return both


def _groups(old: Sequence[int], new: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Slices [i, j) of the old and [k, l) of the new dimensions with the same product."""
    groups = []
    i = k = 0
    while i < len(old) or k < len(new):
        j, l = min(i + 1, len(old)), min(k + 1, len(new))  # noqa: E741
        while (before := prod(old[i:j])) != (after := prod(new[k:l])) or j == i or l == k:
            if (before <= after or l == len(new)) and j < len(old):
                j += 1
            elif l < len(new):
                l += 1  # noqa: E741
            else:
                break
        groups.append((i, j, k, l))
        i, k = j, l
    return groups


def _group(both: Ints, start: int, old: Sequence[int], new: Sequence[int]) -> Ints:
    """Reshape the dimensions from `start` on that have the extents `old`; those that nothing varies along get 1."""
    stop = start + len(old)
    head, middle, tail = both.shape[:start], both.shape[start:stop], both.shape[stop:]
    if max(middle, default=1) == 1:
        return both.reshape(*head, *(1,) * len(new), *tail)
    both = np.broadcast_to(both, (*head, *old, *tail)).reshape(*head, *new, *tail)
    for d in range(start, start + len(new)):
        first = np.take(both, [0], axis=d)
        if both.shape[d] > 1 and (both == first).all():
            both = first
    return both
