"""Structs of arrays that share their first axis: what is checked when they are made, and when two are equal."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from mien.errors import InputError


def check_columns(struct: Any, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise InputError unless all arrays of a struct share their first axis and have the shapes that are given."""
    count = len(struct.box) if np.ndim(struct.box) == 2 else 0
    for name, shape in shapes.items():
        value = getattr(struct, name)
        if value is None:
            continue
        if not isinstance(value, np.ndarray) or value.dtype.kind not in ("iu" if name == "track_id" else "fiu"):
            kind = f"{value.dtype} array" if isinstance(value, np.ndarray) else type(value).__name__
            wanted = "whole numbers" if name == "track_id" else "numbers"
            raise InputError(f"{name!r} must be a NumPy array of {wanted}. Got {kind}.")
        if value.shape != (count, *shape):
            expected = ", ".join(["N", *map(str, shape)]) + ("," if not shape else "")
            raise InputError(f"{name!r} must have the shape ({expected}) with N = {count} faces. Got {value.shape}.")
    for name, array in arrays_of(struct):
        if array.shape[:1] != (count,):
            raise InputError(f"{name!r} must hold one row for each of the {count} faces. Got the shape {array.shape}.")


def equal_columns(a: Any, b: Any) -> bool:
    """Whether two structs are of one type and hold the same values; NaN equals NaN.

    >>> from mien.faces import Quantity
    >>> equal_columns(Quantity(np.array([1.0, np.nan])), Quantity(np.array([1.0, np.nan])))
    True
    """
    if type(a) is not type(b):
        return False
    return all(_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))


def arrays_of(struct: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted name and value of every array in a struct, however deep."""
    for f in fields(struct):
        yield from _arrays(getattr(struct, f.name), f"{prefix}{f.name}")


def _arrays(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, np.ndarray):
        yield name, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _arrays(part, f"{name}.{key}")
    elif is_dataclass(value):
        yield from arrays_of(value, f"{name}.")


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f"))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    return bool(a == b)
