"""Fields through operators that change the number of positions: interpolation, adaptive pooling."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from mien.profile.axes import Axis, resized, spread
from mien.profile.graph import Operation
from mien.profile.moves import Field, Look, Rule, each, source

Taps = tuple[Any, Any]
"""Positions read (T, P) by each of P new positions, and which of them count."""
Reader = Callable[[int, int, float | None], Taps]
"""Taps of the extents before and after, and of the old positions from one new one to the next, if given."""


def _interpolation(reach: Sequence[int]) -> Rule:
    """Interpolation between the positions around each new one."""

    def rule(operation: Operation, look: Look) -> Field:
        corners = bool(operation.attributes.get("align_corners"))
        return resample(operation, look, lambda n, m, scale: neighbours(n, m, corners, reach, scale))

    return rule


def _smooth(reach: int) -> Rule:
    """Interpolation whose filter widens where the map gets smaller (antialias)."""

    def rule(operation: Operation, look: Look) -> Field:
        corners = bool(operation.attributes.get("align_corners"))
        return resample(operation, look, lambda n, m, scale: filtered(n, m, corners, reach, scale))

    return rule


def nearest(before: int, after: int, scale: float | None = None) -> Taps:
    """The one position that each new position copies; in single precision where a scale is given, as torch does."""
    if scale is None:
        taps = np.arange(after) * before // after
    else:
        taps = np.floor(np.arange(after, dtype=np.float32) * np.float32(scale)).astype(np.int64)
    taps = np.minimum(taps, before - 1)[None]
    return taps, taps >= 0


def nearest_exact(before: int, after: int, scale: float | None = None) -> Taps:
    """The position in whose middle the middle of a new position lies.

    >>> nearest(5, 3)[0].tolist(), nearest_exact(5, 3)[0].tolist()
    ([[0, 1, 3]], [[0, 2, 4]])
    """
    if scale is None:
        taps = (2 * np.arange(after) + 1) * before // (2 * after)
    else:
        taps = np.floor((np.arange(after, dtype=np.float32) + np.float32(0.5)) * np.float32(scale)).astype(np.int64)
    taps = np.minimum(taps, before - 1)[None]
    return taps, taps >= 0


def neighbours(before: int, after: int, corners: bool, reach: Sequence[int], scale: float | None = None) -> Taps:
    """The positions around each new position; only one where it falls on it."""
    if scale is not None and not corners:
        exact = (np.arange(after) + 0.5) * scale - 0.5
        taps = np.floor(exact).astype(np.int64) + np.array(reach)[:, None]
        return taps, (exact % 1 != 0) | (taps == exact)
    place, unit = (2 * np.arange(after) + 1) * before - after, 2 * after
    if corners:
        place, unit = np.arange(after) * (before - 1), max(after - 1, 1)
    low = place // unit
    taps = low + np.array(reach)[:, None]
    return taps, (place % unit != 0) | (taps == low)


def filtered(before: int, after: int, corners: bool, reach: int, scale: float | None = None) -> Taps:
    """The positions under a filter that is as wide as a new position, or as an old one where these are wider."""
    if corners:
        scale = (before - 1) / max(after - 1, 1)
    scale = before / after if scale is None else scale
    middle, width = (np.arange(after) + 0.5) * scale, reach * max(scale, 1.0)
    low, high = (np.floor(middle + end + 0.5).astype(np.int64) for end in (-width, width))
    taps = low + np.arange((high - low).max())[:, None]
    return taps, taps < high


def bins(before: int, after: int, scale: float | None = None) -> Taps:
    """Positions floor(p n / m) to ceil((p + 1) n / m) - 1 for each new position p of m."""
    low, high = np.arange(after) * before // after, -(-(np.arange(1, after + 1) * before) // after)
    taps = low + np.arange((high - low).max())[:, None]
    return taps, taps < high


def resample(operation: Operation, look: Look, taps_of: Reader) -> Field:
    """Another number of positions along the spatial dimensions; one position alone is global."""
    before, after = source(operation).shape, operation.outputs[0].shape
    scales = _scales(operation, len(before) - 2)

    def change(axis: Axis) -> Axis:
        for dim, scale in enumerate(scales, 2):
            if after[dim] == 1:
                axis = spread(axis, [dim])
            elif after[dim] != before[dim] or scale is not None:
                ratio = None if scale is None else Fraction(scale).limit_denominator(4096)
                axis = resized(axis, dim, *taps_of(before[dim], after[dim], scale), ratio)
        return axis

    return each(look(source(operation)), change)


def _scales(operation: Operation, n: int) -> list[float | None]:
    """Old positions from one new one to the next, where a scale factor was given that is not the ratio of extents."""
    given = operation.attributes
    names = {1: ["scales"], 2: ["scales_h", "scales_w"], 3: ["scales_d", "scales_h", "scales_w"]}[n]
    before, after = source(operation).shape[2:], operation.outputs[0].shape[2:]
    scales: list[float | None] = []
    for name, old, new in zip(names, before, after, strict=True):
        factor = given.get(name)
        scales.append(1 / factor if factor and old * factor != new and not given.get("align_corners") else None)
    return scales


RESAMPLING: dict[str, Rule] = {
    **dict.fromkeys((f"upsample_nearest{n}d" for n in (1, 2, 3)), partial(resample, taps_of=nearest)),
    **dict.fromkeys((f"_upsample_nearest_exact{n}d" for n in (1, 2, 3)), partial(resample, taps_of=nearest_exact)),
    **dict.fromkeys(("upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d"), _interpolation((0, 1))),
    "upsample_bicubic2d": _interpolation((-1, 0, 1, 2)),
    "_upsample_bilinear2d_aa": _smooth(1), "_upsample_bicubic2d_aa": _smooth(2), "_upsample_lanczos2d_aa": _smooth(3),
    **dict.fromkeys((f"{start}adaptive_{kind}_pool{n}d" for start in ("", "_") for kind in ("avg", "max")
                     for n in (1, 2, 3)), partial(resample, taps_of=bins)),
}  # fmt: skip
