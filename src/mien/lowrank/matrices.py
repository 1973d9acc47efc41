"""What a person gives as a matrix or as an option, checked."""

import sys
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.errors import InputError, Words, expect

Array = NDArray[Any]


def as_array(X: ArrayLike, name: str = "X") -> Array:
    """The array, with NaN for what is masked, None or `pandas.NA`; raises InputError for text among objects."""
    if isinstance(X, np.ma.MaskedArray):
        hidden, values = np.ma.getmaskarray(X), as_array(X.data, name)
        return np.where(hidden, values.dtype.type(np.nan) if values.dtype.kind == "f" else np.nan, values)
    values = np.asarray(X)
    if values.dtype != object:
        return values
    expect(not any(isinstance(entry, (str, bytes)) for entry in values.flat), name, "of real numbers", Words("text"))
    pandas = sys.modules.get("pandas")
    absent = np.array([entry is None for entry in values.flat], bool).reshape(values.shape)
    missing = pandas.isna(values) if pandas else absent
    return np.asarray(np.where(missing, np.nan, values).astype(np.float64))


def as_matrix(X: ArrayLike, name: str = "X", finite: bool = True) -> Array:
    """The matrix as float32 or float64; raises InputError where it is no real matrix, empty or infinite.

    Missing entries (NaN, masked, None, `pandas.NA`) are NaN; unless `finite` is False they are refused too.
    """
    X = as_array(X, name)
    expect(X.dtype.kind in "fiub", name, "a matrix of real numbers", X.dtype.name)
    expect(X.ndim == 2 and X.size > 0, name, "a matrix (m, n) with at least one entry", X.shape)
    X = X.astype(np.float32 if X.dtype in (np.float16, np.float32) else np.float64, copy=False)
    if np.isinf(X).any():
        raise InputError(f"{name!r} must be finite. Got infinite entries.")
    if finite and np.isnan(X).any():
        raise InputError(f"{name!r} must be finite. Got NaN entries or masked ones.")
    return X


def fill_missing(X: Array, observed: ArrayLike | None = None) -> tuple[Array, Array | None]:
    """X with 0 for NaN and for what is not `observed`, and 1 or 0 for observed or not; None where all is."""
    missing = np.isnan(X)
    if observed is not None:
        seen = np.asarray(observed)
        fits = seen.dtype == bool and seen.shape == X.shape
        expect(fits, "observed", f"booleans {X.shape}", Words(f"{seen.dtype} {seen.shape}"))
        missing |= ~seen
    if missing.all():
        raise InputError("'X' must be observed somewhere. Got no observed entry.")
    if not missing.any():
        return X, None
    return np.where(missing, X.dtype.type(0), X), (~missing).astype(X.dtype)


def expect_number(
    value: Any, name: str, expected: str = "a number above 0", above: float = 0.0, below: float = np.inf
) -> None:
    """Raise InputError unless the value is one real number between two that it may not equal.

    >>> expect_number("auto", "lam")
    Traceback (most recent call last):
    ...
    mien.errors.InputError: 'lam' must be a number above 0. Got 'auto'.
    """
    number = np.asarray(value)
    expect(number.ndim == 0 and number.dtype.kind in "fiu" and above < value < below, name, expected, value)


def expect_count(value: Any, name: str, expected: str = "a whole number above 0", most: float = np.inf) -> None:
    """Raise InputError unless the value is a whole number from 1 to `most`."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    expect(whole and 1 <= value <= most, name, expected, value)
