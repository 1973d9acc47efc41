"""RobustPCA keeps scikit-learn's contract and explains new rows in spite of gross errors."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from tests.lowrank.problems import distance, gross_errors

from mien.errors import InputError
from mien.lowrank import ConvergenceWarning, RobustPCA
from mien.lowrank.pursuit import Method

METHODS = ("ialm", "ealm", "admm", "apg", "projections")
MORE_CHECKS = (
    "check_dataframe_column_names_consistency",
    "check_get_feature_names_out_error",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_global_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_set_output_transform_polars",
)


@pytest.mark.parametrize(
    "method",
    [pytest.param(method, marks=[pytest.mark.slow] * (method in ("ealm", "admm", "apg"))) for method in METHODS],
)
def test_contract_of_scikit_learn(method: Method) -> None:
    checks = pytest.importorskip("sklearn.utils.estimator_checks", reason="the contract is scikit-learn's")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Estimator RobustPCA does not inherit")
        warnings.simplefilter("ignore", ConvergenceWarning)
        results = checks.check_estimator(RobustPCA(method=method), on_fail=None, on_skip=None)
    assert len(results) > 30
    assert not [(one["check_name"], one["exception"]) for one in results if one["status"] not in ("passed", "skipped")]


@pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names:UserWarning")
@pytest.mark.parametrize("check", MORE_CHECKS)
def test_names_and_tables_of_scikit_learn(check: str) -> None:
    checks = pytest.importorskip("sklearn.utils.estimator_checks", reason="the contract is scikit-learn's")
    pytest.importorskip("polars" if "polars" in check else "pandas", reason="the tables are theirs")
    getattr(checks, check)("RobustPCA", RobustPCA())


def test_needs_no_scikit_learn() -> None:
    code = "import sys; sys.modules['sklearn'] = None; from mien.lowrank import RobustPCA; RobustPCA().fit([[1.0, 2]])"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("missing", [False, True])
def test_new_rows_are_explained(missing: bool) -> None:
    low_rank, sparse = gross_errors(150, 120, 4, 0.1)
    model = RobustPCA().fit((low_rank + sparse)[:100])
    assert model.rank_ == 4
    assert model.converged_
    X = (low_rank + sparse)[100:]
    if missing:
        X[:, ::10] = np.nan
    found, rest = model.split(X)
    assert distance(found, low_rank[100:]) < 1e-3
    known = ~np.isnan(X)
    np.testing.assert_allclose((found + rest)[known], X[known])
    assert not rest[~known].any()
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), found)


def test_training_rows_have_the_scores_of_their_low_rank_part() -> None:
    low_rank, sparse = gross_errors(80, 70, 3, 0.1)
    model = RobustPCA()
    scores = model.fit_transform(low_rank + sparse)
    np.testing.assert_allclose(scores, model.low_rank_ @ model.components_.T, atol=1e-5)
    np.testing.assert_allclose(model.components_ @ model.components_.T, np.eye(3), atol=1e-10)
    assert model.get_feature_names_out().tolist() == ["robustpca0", "robustpca1", "robustpca2"]
    assert RobustPCA(2).fit(low_rank + sparse).components_.shape == (2, 70)


def test_nothing_of_low_rank() -> None:
    model = RobustPCA().fit(np.eye(30))
    assert model.rank_ == 0
    assert model.transform(np.eye(30)).shape == (30, 0)


def test_options() -> None:
    model = RobustPCA(lam=0.1).set_params(method="admm", max_iter=7)
    assert repr(model) == "RobustPCA(n_components=None, lam=0.1, method='admm', tol=None, max_iter=7)"
    assert RobustPCA(**model.get_params()).get_params() == model.get_params()
    with pytest.raises(InputError, match="among n_components, lam"):
        model.set_params(rho=2)


@pytest.mark.parametrize("X", [[1.0, 2.0], [[1j]], np.zeros((3, 0)), [[np.inf]], [["a"]]])
def test_refused(X: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        RobustPCA().fit(X)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="fitted first"):
        RobustPCA().transform([[1.0]])
