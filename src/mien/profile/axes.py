"""Along one axis of the input: which stretch of pixels each entry of a tensor sees.

`first` and `last` are integer arrays that broadcast to the shape of the tensor: entry p sees the pixels first[p] to
last[p], counted as if the input had no border, so that they may lie outside it. Each entry has its own field,
exact also where fields differ from one position to the next, as after a transposed convolution.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
NOTHING = 2**40
"""`first` of an entry that sees no pixel; its `last` is minus that."""


@dataclass(frozen=True, slots=True)
class Axis:
    """How the entries of a tensor see one axis of the input.

    dim: dimension of the tensor that runs along it, None if there is none. stride: pixels from one position to the next
    there, on average. period: after so many positions the field is the same again, `period * stride` pixels further.
    whole: some entry sees everything, by a global operation; `first` and `last` leave such paths out. aligned: whatever
    was added or concatenated had the same stride and the same centres.
    """

    first: Ints
    last: Ints
    stride: Fraction = Fraction(1)
    period: int = 1
    dim: int | None = None
    whole: bool = False
    aligned: bool = True

    @property
    def size(self) -> int:
        """Pixels that an entry sees at most; 0 where nothing local is left."""
        return max(0, int((self.last - self.first).max(initial=-1)) + 1)

    @property
    def padding(self) -> int:
        """How far the field of the first position reaches out of the input."""
        return -int(self.first.min()) if self.size else 0

    @property
    def ndim(self) -> int:
        """Dimensions of the tensor."""
        return self.first.ndim


def pixels(extent: int, dim: int, ndim: int) -> Axis:
    """The input itself: entry p sees pixel p."""
    line = np.arange(extent).reshape([extent if d == dim else 1 for d in range(ndim)])
    return Axis(line, line, dim=dim)


def everything(axis: Axis, ndim: int) -> Axis:
    """An entry that sees all, and nothing local."""
    shape = (1,) * ndim
    return replace(axis, first=np.full(shape, NOTHING), last=np.full(shape, -NOTHING), dim=None, whole=True)


def nothing(axis: Axis, ndim: int) -> Axis:
    """An entry that sees no pixel, such as a learned token."""
    return replace(everything(axis, ndim), whole=False, aligned=True)


def gather(axis: Axis, dim: int, taps: Ints, valid: NDArray[np.bool_] | None = None) -> Axis:
    """Entry p sees what the entries taps[:, p] (T, P) saw together.

    Those outside go on as the inside does along the axis itself, and see nothing where another dimension ends.
    """
    extent, tail = axis.first.shape[dim], (1,) * (axis.ndim - dim - 1)
    if axis.dim == dim:
        inside, moved = _inside(axis, taps, extent)
    else:
        inside, moved = np.clip(taps, 0, extent - 1), None
        valid = (inside == taps) if valid is None else valid & (inside == taps)
    first, last = axis.first.take(inside, axis=dim), axis.last.take(inside, axis=dim)
    if moved is not None:
        low, high = (shift.reshape(*taps.shape, *tail) for shift in moved)
        first, last = first + low, last + high
    if valid is not None:
        mask = valid.reshape(*valid.shape, *tail)
        first, last = np.where(mask, first, NOTHING), np.where(mask, last, -NOTHING)
    return replace(axis, first=first.min(axis=dim), last=last.max(axis=dim))


def _inside(axis: Axis, taps: Ints, extent: int) -> tuple[Ints, tuple[Ints, Ints] | None]:
    """Entries whose fields are those of the taps but for a shift, and the shift of both ends; None where there is none.

    Where a whole period does not fit into the tensor, the shift is that of the stride, rounded outwards.
    """
    if taps.min() >= 0 and taps.max() < extent:
        return taps, None
    if axis.period > extent:
        inside = np.clip(taps, 0, extent - 1)
        pixels = (taps - inside) * axis.stride.numerator
        return inside, (pixels // axis.stride.denominator, -(-pixels // axis.stride.denominator))
    low = -(np.minimum(taps, 0) // axis.period)
    high = (np.maximum(taps, extent - 1) - extent + axis.period) // axis.period
    inside = np.clip(taps + (low - high) * axis.period, 0, extent - 1)
    shift = (high - low) * int(axis.period * axis.stride)
    return inside, (shift, shift)


def follows(axis: Axis, dim: int) -> bool:
    """Whether the axis of the input runs along this dimension."""
    return axis.dim == dim or axis.first.shape[dim] > 1


def window(axis: Axis, dim: int, kernel: int, stride: int, dilation: int, padding: int, extent: int) -> Axis:
    """Position p reads p * stride - padding + j * dilation for j below the kernel."""
    same = (kernel, stride, padding, extent) == (1, 1, 0, axis.first.shape[dim])
    if same or not follows(axis, dim):
        return axis
    taps = np.arange(extent) * stride - padding + np.arange(kernel)[:, None] * dilation
    period = axis.period // gcd(axis.period, stride)
    return replace(gather(axis, dim, taps), stride=axis.stride * stride, period=period)


def transposed(axis: Axis, dim: int, kernel: int, stride: int, dilation: int, padding: int, extent: int) -> Axis:
    """Position p reads every i with p = i * stride - padding + j * dilation for a j below the kernel."""
    if not follows(axis, dim):
        return axis
    reach = np.arange(extent) + padding - np.arange(kernel)[:, None] * dilation
    spread_out = gather(axis, dim, reach // stride, reach % stride == 0)
    return replace(spread_out, stride=axis.stride / stride, period=axis.period * stride)


def limited(axis: Axis, reached: NDArray[np.bool_]) -> Axis:
    """Only the entries that are reached (of the last dimensions) see anything."""
    return replace(axis, first=np.where(reached, axis.first, NOTHING), last=np.where(reached, axis.last, -NOTHING))


def resized(
    axis: Axis, dim: int, taps: Ints, valid: NDArray[np.bool_] | None = None, ratio: Fraction | None = None
) -> Axis:
    """Another number of positions over the same stretch; position p reads taps[:, p] where valid.

    ratio: old positions from one new position to the next, where it is not that of the extents.
    """
    if not follows(axis, dim):
        return axis
    ratio = ratio or Fraction(axis.first.shape[dim], taps.shape[1])
    period = ratio.denominator * axis.period // gcd(axis.period, ratio.numerator)
    return replace(gather(axis, dim, taps, valid), stride=axis.stride * ratio, period=period)


def spread(axis: Axis, dims: Sequence[int]) -> Axis:
    """Every entry sees what all entries along some dimensions saw; these are kept with extent 1."""
    dims = tuple(d % axis.ndim for d in dims)
    if not any(follows(axis, d) for d in dims):
        return axis
    first, last = axis.first.min(axis=dims, keepdims=True), axis.last.max(axis=dims, keepdims=True)
    if max(first.shape, default=1) == 1 or _reaches_all(axis, dims):
        return everything(axis, axis.ndim)
    return settled(replace(axis, first=first, last=last, dim=None if axis.dim in dims else axis.dim))


def _reaches_all(axis: Axis, dims: tuple[int, ...]) -> bool:
    """Whether the entries along these dimensions lie all over the input, in steps that leave nothing out but the rest.

    So it is among the patches of a grid, and not within a window. Left out is less than a step.
    """
    rest = tuple(d for d in range(axis.ndim) if d not in dims)
    lanes = axis.first.transpose(*rest, *dims).reshape(*(axis.first.shape[d] for d in rest), -1)
    lanes = lanes.reshape(-1, lanes.shape[-1])
    lanes = lanes[(lanes < NOTHING).any(axis=1)]
    if not lanes.size:
        return False
    lanes = np.sort(np.where(lanes < NOTHING, lanes, lanes.min(axis=1, keepdims=True)), axis=1)
    left_out = (lanes.max() - lanes.min()) - (lanes[:, -1] - lanes[:, 0]).min()
    gaps = np.diff(lanes, axis=1).max(axis=1, initial=0)
    return bool(left_out < gaps.min())


def settled(axis: Axis) -> Axis:
    """Find again which dimension runs along the axis, and the stride if it is the same everywhere."""
    varied = [d for d, extent in enumerate(axis.first.shape) if extent > 1]
    if len(varied) != 1:
        return replace(axis, dim=None) if varied else axis
    steps = np.diff([axis.first.ravel(), axis.last.ravel()])
    if (steps == steps[0, 0]).all() and steps[0, 0] > 0:
        return replace(axis, dim=varied[0], stride=Fraction(int(steps[0, 0])), period=1)
    return replace(axis, dim=varied[0])


def lifted(axis: Axis, ndim: int) -> Axis:
    """The axis of a tensor with ones put before its shape, as broadcasting does."""
    more = ndim - axis.ndim
    if not more:
        return axis
    shape = (1,) * more + axis.first.shape
    dim = None if axis.dim is None else axis.dim + more
    return replace(axis, first=axis.first.reshape(shape), last=axis.last.reshape(shape), dim=dim)


def union(axes: Sequence[Axis], ndim: int) -> Axis:
    """What tensors saw that are added or concatenated along channels."""
    axes = [lifted(axis, ndim) for axis in axes]
    head = next((axis for axis in axes if axis.dim is not None), axes[0])
    if all(axis is axes[0] for axis in axes):
        return axes[0]
    first, last = axes[0].first, axes[0].last
    for axis in axes[1:]:
        first, last = np.minimum(first, axis.first), np.maximum(last, axis.last)
    local = [axis for axis in axes if axis.size]
    centres = [axis.first + axis.last for axis in local]
    same = all(np.array_equal(centre, centres[0]) for centre in centres)
    same = same and len({axis.stride for axis in local}) <= 1
    whole, aligned = any(axis.whole for axis in axes), same and all(axis.aligned for axis in axes)
    period = lcm(*(axis.period for axis in axes))
    return replace(head, first=first, last=last, period=period, whole=whole, aligned=aligned)


def joined(axes: Sequence[Axis], dim: int, extents: Sequence[int]) -> Axis:
    """Tensors one after the other along a dimension."""
    if not any(follows(axis, dim) for axis in axes):
        return union(axes, axes[0].ndim)
    shape = np.broadcast_shapes(*(tuple(np.delete(axis.first.shape, dim)) for axis in axes))

    def whole_line(array: Ints, extent: int) -> Ints:
        return np.broadcast_to(array, (*shape[:dim], extent, *shape[dim:]))

    pairs = list(zip(axes, extents, strict=True))
    first = np.concatenate([whole_line(axis.first, extent) for axis, extent in pairs], axis=dim)
    last = np.concatenate([whole_line(axis.last, extent) for axis, extent in pairs], axis=dim)
    head = next(axis for axis in axes if follows(axis, dim))
    whole, aligned = any(axis.whole for axis in axes), all(axis.aligned for axis in axes)
    return settled(replace(head, first=first, last=last, whole=whole, aligned=aligned))


def permuted(axis: Axis, dims: Sequence[int]) -> Axis:
    """Dimensions in another order."""
    order = [d % axis.ndim for d in dims]
    dim = None if axis.dim is None else order.index(axis.dim)
    return replace(axis, first=axis.first.transpose(order), last=axis.last.transpose(order), dim=dim)


def picked(axis: Axis, dim: int, index: Any, stride: int = 1) -> Axis:
    """Entries of a dimension by a NumPy index: an integer takes the dimension away, anything else keeps it."""
    if not follows(axis, dim):
        index = 0 if isinstance(index, int) else slice(None)
    where = (slice(None),) * dim + (index,)
    kept, gone = axis.dim, isinstance(index, int)
    if gone and kept is not None:
        kept = None if kept == dim else kept - (kept > dim)
    moved = replace(axis, first=axis.first[where], last=axis.last[where], dim=kept)
    if gone or axis.dim != dim:
        return moved
    period = axis.period // gcd(axis.period, stride)
    return settled(replace(moved, stride=axis.stride * stride, period=period))
