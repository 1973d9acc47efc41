"""What scikit-learn expects of an estimator, kept without scikit-learn: names of columns, tables out, warnings.

Where scikit-learn is loaded, its own classes of errors and warnings are used, so that its users can catch them.
"""

import sys
import warnings
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mien.errors import InputError, expect
from mien.lowrank.matrices import Array, as_array, as_matrix

_CONTAINERS = ("default", "pandas", "polars")


class ConvergenceWarning(UserWarning):
    """A fit that stopped before it converged; where scikit-learn is loaded, also its warning of that name."""


def _with_sklearn(base: type[Any], name: str) -> type[Any]:
    """The class itself, or a class of both where scikit-learn is loaded."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), name, None)
    return type(name, (base, theirs), {}) if theirs else base


def warn_of_convergence(message: str) -> None:
    """Warn that a fit did not converge."""
    warnings.warn(message, _with_sklearn(ConvergenceWarning, "ConvergenceWarning"), stacklevel=3)


def expect_fitted(model: Any) -> None:
    """Raise InputError, which is scikit-learn's NotFittedError too, unless the model has components."""
    if not hasattr(model, "components_"):
        name = type(model).__name__
        raise _with_sklearn(InputError, "NotFittedError")(f"{name!r} must be fitted first: call fit.")


def column_names(X: Any) -> Array | None:
    """Names (p,) of the columns of a table; None where it has none, or numbers."""
    names = np.asarray(X.columns, object) if hasattr(X, "columns") and hasattr(X, "shape") else np.zeros(0, object)
    texts = sum(isinstance(name, str) for name in names)
    if 0 < texts < len(names):
        types = sorted({type(name).__qualname__ for name in names})
        message = "Feature names are only supported if all input features have string names, but your input has"
        raise TypeError(f"{message} {types}. Call X.columns = X.columns.astype(str).")
    return names if texts else None


def check_names(model: Any, X: Any) -> None:
    """Raise InputError where a table has other columns than the fitted one, warn where only one of them has names."""
    known, given = getattr(model, "feature_names_in_", None), column_names(X)
    name = type(model).__name__
    if known is None or given is None:
        if given is not None:
            warnings.warn(f"X has feature names, but {name} was fitted without feature names", stacklevel=4)
        if known is not None:
            message = f"X does not have valid feature names, but {name} was fitted with feature names"
            warnings.warn(message, stacklevel=4)
    elif not np.array_equal(known, given):
        raise InputError("The feature names should match those that were passed during fit.\n" + _differ(known, given))


def _differ(known: Array, given: Array) -> str:
    unseen, missing = sorted(set(given) - set(known)), sorted(set(known) - set(given))
    if not unseen and not missing:
        return "Feature names must be in the same order as they were in fit.\n"
    parts = {"Feature names unseen at fit time": unseen, "Feature names seen at fit time, yet now missing": missing}
    return "".join(f"{title}:\n{_listed(names)}" for title, names in parts.items() if names)


def _listed(names: list[str], most: int = 5) -> str:
    return "".join(f"- {name}\n" for name in names[:most]) + "- ...\n" * (len(names) > most)


def expect_container(kind: Any) -> None:
    """Raise InputError unless `set_output` knows the kind."""
    expect(kind is None or kind in _CONTAINERS, "transform", f"one of {', '.join(_CONTAINERS)}, or None", kind)


def in_container(model: Any, X: Any, scores: Array) -> Any:
    """The scores (N, r) as `set_output` or scikit-learn's configuration asks: an array or a table."""
    kind = getattr(model, "_sklearn_output_config", {}).get("transform")
    if kind is None and "sklearn" in sys.modules:
        kind = import_module("sklearn").get_config()["transform_output"]
    if kind in (None, "default"):
        return scores
    expect_container(kind)
    frames, names = import_module(kind), model.get_feature_names_out().tolist()
    if kind == "polars":
        return frames.DataFrame(scores, schema=names, orient="row")
    index = X.index if isinstance(X, frames.DataFrame) else None
    return frames.DataFrame(scores, index=index, columns=names)


def as_rows(X: ArrayLike) -> Array:
    """The matrix in single or double precision, with the messages that scikit-learn's checks ask for."""
    if hasattr(X, "toarray"):
        raise InputError("'X' must be dense. Got a sparse matrix; call X.toarray().")
    X = as_array(X)
    if np.iscomplexobj(X):
        raise InputError("'X' must be real. Complex data not supported.")
    if X.ndim != 2:
        raise InputError(f"'X' must be a matrix (N, p). Got {X.shape}; Reshape your data with X.reshape(1, -1).")
    if not X.shape[1]:
        raise InputError(f"'X' has 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
    return as_matrix(X, finite=False)
