"""Robust PCA with the interface of scikit-learn's estimators, which need not be installed."""

import inspect
from importlib import import_module
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from mien.errors import InputError, Words, expect
from mien.lowrank.nuclear import Array, as_matrix, fill_missing
from mien.lowrank.pursuit import Method, principal_component_pursuit
from mien.lowrank.rows import explain_rows


class RobustPCA:
    """Principal components of the low-rank part of a matrix whose entries are perhaps grossly wrong.

    `fit` splits X (N, p) by `principal_component_pursuit` with the options of the same name. NaN is a missing entry. X
    is not centred: the mean is one more direction. Then there are `low_rank_`, `sparse_` (N, p), `components_`
    (rank, p), the right singular vectors of the low-rank part, at most `n_components` of them, `singular_values_`,
    `rank_`, `n_iter_`, `residual_`, `objective_`, `gap_`, `converged_`. `transform` explains new rows, robustly.
    Follows the estimator contract of scikit-learn; a wrong X or option raises InputError, a ValueError.
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
        rows, most = _rows(X), self.n_components
        fits = most is None or (isinstance(most, (int, np.integer)) and most > 0)
        expect(fits, "n_components", "None or a whole number above 0", most)
        found = principal_component_pursuit(rows, self.lam, self.method, tol=self.tol, max_iter=self.max_iter)
        self.low_rank_, self.sparse_, self.rank_ = found.low_rank, found.sparse, found.rank
        self.n_iter_, self.residual_, self.objective_ = max(1, found.iterations), found.residual, found.objective
        self.gap_, self.converged_, self.n_features_in_ = found.gap, found.converged, rows.shape[1]
        _, values, right = np.linalg.svd(found.low_rank, full_matrices=False)
        kept = found.rank if most is None else min(most, found.rank)
        self.components_, self.singular_values_ = right[:kept], values[:kept]
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Scores (N, rank) of rows (N, p): `min_c ||x - c V||_1` over the observed entries of each row."""
        return self._explain(X)[0]

    def split(self, X: ArrayLike) -> tuple[Array, Array]:
        """Low-rank part (N, p), missing entries filled in, and what it leaves (N, p), of new rows."""
        scores, rest = self._explain(X)
        return scores @ self.components_, rest

    def fit_transform(self, X: ArrayLike, y: Any = None) -> Array:
        """`fit(X).transform(X)`."""
        return self.fit(X).transform(X)

    def inverse_transform(self, X: ArrayLike) -> Array:
        """Rows (N, p) that have the scores X (N, rank)."""
        self._expect_fitted()
        return np.asarray(np.asarray(X) @ self.components_)

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Names of the scores: robustpca0, robustpca1, ..."""
        self._expect_fitted()
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
        self._expect_fitted()
        rows, seen = fill_missing(_rows(X))
        width = self.n_features_in_
        if rows.shape[1] != width:
            raise InputError(f"X has {rows.shape[1]} features, but RobustPCA is expecting {width} features as input.")
        return explain_rows(rows, self.components_.astype(rows.dtype), seen)

    def _expect_fitted(self) -> None:
        expect(hasattr(self, "components_"), "RobustPCA", "fitted first: call fit", Words("an unfitted one"))

    def __repr__(self) -> str:
        return f"RobustPCA({', '.join(f'{name}={value!r}' for name, value in self.get_params().items())})"

    def __sklearn_tags__(self) -> Any:
        # Only scikit-learn calls this, so it is there; the base install does without.
        utils = import_module("sklearn.utils")
        return utils.Tags(
            estimator_type=None,
            target_tags=utils.TargetTags(required=False),
            transformer_tags=utils.TransformerTags(preserves_dtype=["float64", "float32"]),
            input_tags=utils.InputTags(allow_nan=True),
        )


def _rows(X: ArrayLike) -> Array:
    """The matrix in single or double precision, with the messages that scikit-learn's checks ask for."""
    if hasattr(X, "toarray"):
        raise InputError("'X' must be dense. Got a sparse matrix; call X.toarray().")
    X = np.asarray(X)
    if np.iscomplexobj(X):
        raise InputError("'X' must be real. Complex data not supported.")
    if X.ndim != 2:
        raise InputError(f"'X' must be a matrix (N, p). Got {X.shape}; Reshape your data with X.reshape(1, -1).")
    if not X.shape[1]:
        raise InputError(f"'X' has 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
    return as_matrix(X.astype(np.float64) if X.dtype == object else X, finite=False)
