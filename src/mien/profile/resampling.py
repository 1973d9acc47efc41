"""Fields through operators that change the number of positions: interpolation, adaptive pooling."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mien.profile.axes import Axis, resized, spread
from mien.profile.graph import Operation
from mien.profile.moves import Field, Look, Rule, each, source

Taps = tuple[Any, Any]
"""Positions read (T, P) by each of P new positions, and which of them count."""


def _upsample_nearest(operation: Operation, look: Look) -> Field:
    return resample(operation, look, nearest)


def _upsample_linear(operation: Operation, look: Look) -> Field:
    corners = bool(operation.attributes.get("align_corners"))
    return resample(operation, look, lambda n, m: neighbours(n, m, corners, (0, 1)))


def _upsample_cubic(operation: Operation, look: Look) -> Field:
    corners = bool(operation.attributes.get("align_corners"))
    return resample(operation, look, lambda n, m: neighbours(n, m, corners, (-1, 0, 1, 2)))


def _adaptive_pool(operation: Operation, look: Look) -> Field:
    return resample(operation, look, bins)


def nearest(before: int, after: int) -> Taps:
    """The one position that each new position copies."""
    taps = (np.arange(after) * before // after)[None]
    return taps, taps >= 0


def neighbours(before: int, after: int, corners: bool, reach: Sequence[int]) -> Taps:
    """The positions around each new position; only one where it falls on it."""
    place, unit = (2 * np.arange(after) + 1) * before - after, 2 * after
    if corners:
        place, unit = np.arange(after) * (before - 1), max(after - 1, 1)
    low = place // unit
    taps = low + np.array(reach)[:, None]
    return taps, (place % unit != 0) | (taps == low)


def bins(before: int, after: int) -> Taps:
    """Positions floor(p n / m) to ceil((p + 1) n / m) - 1 for each new position p of m."""
    low, high = np.arange(after) * before // after, -(-(np.arange(1, after + 1) * before) // after)
    taps = low + np.arange((high - low).max())[:, None]
    return taps, taps < high


def resample(operation: Operation, look: Look, taps_of: Callable[[int, int], Taps]) -> Field:
    """Another number of positions along the spatial dimensions; one position alone is global."""
    before, after = source(operation).shape, operation.outputs[0].shape

    def change(axis: Axis) -> Axis:
        for dim in range(2, len(before)):
            if after[dim] == 1:
                axis = spread(axis, [dim])
            elif after[dim] != before[dim]:
                axis = resized(axis, dim, *taps_of(before[dim], after[dim]))
        return axis

    return each(look(source(operation)), change)


RESAMPLING: dict[str, Rule] = {
    **dict.fromkeys((f"{kind}{n}d" for kind in ("upsample_nearest", "_upsample_nearest_exact") for n in (1, 2, 3)),
                    _upsample_nearest),
    **dict.fromkeys(("upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d"), _upsample_linear),
    "upsample_bicubic2d": _upsample_cubic,
    **dict.fromkeys((f"{start}adaptive_{kind}_pool{n}d" for start in ("", "_") for kind in ("avg", "max")
                     for n in (1, 2, 3)), _adaptive_pool),
}  # fmt: skip
