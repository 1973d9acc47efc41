"""Robust PCA with the interface of scikit-learn's estimators, which need not be installed."""

import inspect
from importlib import import_module
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from mien.errors import InputError, expect
from mien.lowrank.conventions import (
    as_rows,
    check_names,
    column_names,
    expect_container,
    expect_fitted,
    in_container,
    warn_of_convergence,
)
from mien.lowrank.matrices import Array, as_array, expect_count, fill_missing
from mien.lowrank.projections import UNOBSERVED
from mien.lowrank.pursuit import Method, principal_component_pursuit
from mien.lowrank.rows import explain_rows


class RobustPCA:
    """Principal components of the low-rank part of a matrix whose entries are perhaps grossly wrong.

    `fit` splits X (N, p) by `principal_component_pursuit` with the options of the same name. NaN, `pandas.NA` and
    masked entries are missing. X is not centered: the mean is one more direction. Then there are `low_rank_`,
    `sparse_` (N, p), `components_` (rank, p), the right singular vectors of the low-rank part, at most
    `n_components` of them, `singular_values_`, `rank_`, `n_iter_`, `residual_`, `objective_`, `gap_`, `converged_`,
    and of a table with named columns `feature_names_in_`. `transform` explains new rows, robustly. A fit that does
    not converge warns with `ConvergenceWarning`. Follows the estimator contract of scikit-learn, `set_output`
    included; a wrong X or option raises InputError, a ValueError, and use before `fit` one that is scikit-learn's
    NotFittedError too.
    Source: Candes, Li, Ma & Wright (2011).

    >>> rng = np.random.default_rng(0)
    >>> clean = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 30))
    >>> X = clean + np.where(rng.random(clean.shape) < 0.05, 10, 0)
    >>> parts = RobustPCA().fit(X)
    >>> parts.rank_, bool(np.abs(parts.low_rank_ - clean).max() < 1e-4), parts.converged_
    (2, True, True)
    >>> new = 3 * clean[:1]
    >>> broken = np.where(np.arange(30) < 3, 100, new)
    >>> bool(np.abs(parts.inverse_transform(parts.transform(broken)) - new).max() < 1e-4)
    True
    """

    low_rank_: Array
    sparse_: Array
    components_: Array
    singular_values_: Array
    feature_names_in_: Array

    def __init__(
        self,
        n_components: int | None = None,
        *,
        lam: float | None = None,
        method: Method = "ialm",
        tol: float | None = None,
        max_iter: int = 1000,
    ) -> None:
        self.n_components = n_components
        self.lam = lam
        self.method = method
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Split X (N, p) and keep its components; y is ignored."""
        names, rows, most = column_names(X), as_rows(X), self.n_components
        if most is not None:
            expect_count(most, "n_components", "None or a whole number above 0")
        parts = principal_component_pursuit(rows, self.lam, self.method, tol=self.tol, max_iter=self.max_iter)
        self.low_rank_, self.sparse_, self.rank_ = parts.low_rank, parts.sparse, parts.rank
        self.n_iter_, self.residual_, self.objective_ = max(1, parts.iterations), parts.residual, parts.objective
        self.gap_, self.converged_, self.n_features_in_ = parts.gap, parts.converged, rows.shape[1]
        _, values, right = np.linalg.svd(parts.low_rank, full_matrices=False)
        kept = parts.rank if most is None else min(most, parts.rank)
        self.components_, self.singular_values_ = right[:kept], values[:kept]
        self._keep_names(names)
        if not parts.converged:
            advice = "take more iterations (max_iter) or another method"
            warn_of_convergence(f"RobustPCA did not converge in {parts.iterations} iterations: {advice}.")
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Scores (N, rank) of rows (N, p): `min_c ||x - c V||_1` over the observed entries of each row."""
        return in_container(self, X, self._explain(X)[0])

    def set_output(self, *, transform: str | None = None) -> Self:
        """Let `transform` return "pandas" or "polars" tables, or by "default" arrays; None changes nothing."""
        expect_container(transform)
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self

    def split(self, X: ArrayLike) -> tuple[Array, Array]:
        """Low-rank part (N, p), missing entries filled in, and what it leaves (N, p), of new rows."""
        scores, rest = self._explain(X)
        return scores @ self.components_, rest

    def fit_transform(self, X: ArrayLike, y: Any = None) -> Any:
        """`fit(X).transform(X)`."""
        return self.fit(X).transform(X)

    def inverse_transform(self, X: ArrayLike) -> Array:
        """Rows (N, p) that have the scores X (N, rank)."""
        expect_fitted(self)
        scores, rank = as_array(X), len(self.components_)
        expect(scores.ndim == 2 and scores.shape[1] == rank, "X", f"scores (N, {rank})", scores.shape)
        return np.asarray(scores @ self.components_)

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Names of the scores: robustpca0, robustpca1, ...; raises InputError for names that the rows did not have."""
        expect_fitted(self)
        if input_features is not None:
            given, known = np.asarray(input_features, object), getattr(self, "feature_names_in_", None)
            if len(given) != self.n_features_in_:
                wanted = f"input_features should have length equal to number of features ({self.n_features_in_})"
                raise InputError(f"{wanted}, got {len(given)}")
            if known is not None and not np.array_equal(known, given):
                raise InputError("input_features is not equal to feature_names_in_")
        return np.array([f"robustpca{i}" for i in range(len(self.components_))], object)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options and their values."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Change options; raises InputError where there is none of that name."""
        names = list(inspect.signature(type(self)).parameters)
        for name, value in params.items():
            expect(name in names, "params", f"among {', '.join(names)}", name)
            setattr(self, name, value)
        return self

    def _explain(self, X: ArrayLike) -> tuple[Array, Array]:
        expect_fitted(self)
        check_names(self, X)
        rows, seen = fill_missing(as_rows(X))
        if seen is not None and self.method == "projections":
            raise InputError(UNOBSERVED)
        width = self.n_features_in_
        if rows.shape[1] != width:
            raise InputError(f"X has {rows.shape[1]} features, but RobustPCA is expecting {width} features as input.")
        return explain_rows(rows, self.components_.astype(rows.dtype), seen)

    def _keep_names(self, names: Array | None) -> None:
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def __repr__(self) -> str:
        return f"RobustPCA({', '.join(f'{name}={value!r}' for name, value in self.get_params().items())})"

    def __sklearn_tags__(self) -> Any:
        # Only scikit-learn calls this, so it is there; the base install does without.
        utils = import_module("sklearn.utils")
        return utils.Tags(
            estimator_type=None,
            target_tags=utils.TargetTags(required=False),
            transformer_tags=utils.TransformerTags(preserves_dtype=["float64", "float32"]),
            input_tags=utils.InputTags(allow_nan=self.method != "projections"),
        )
