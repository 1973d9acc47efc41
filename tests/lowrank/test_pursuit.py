"""Every method finds the parts of made-up matrices, reaches the optimum, and says when it has not."""

from functools import cache

import numpy as np
import pytest
from tests.lowrank.problems import Array, distance, gross_errors

from mien.errors import InputError
from mien.lowrank import nuclear_norm, principal_component_pursuit, stable_pursuit
from mien.lowrank.pursuit import Method

CONVEX: tuple[Method, ...] = ("ialm", "ealm", "admm", "apg")
METHODS: tuple[Method, ...] = (*CONVEX, "projections")
TABLE = [(500, 0.05, 1.1e-6), (500, 0.1, 1.2e-6), (1000, 0.05, 1.2e-6), (1000, 0.1, 2.4e-6), (2000, 0.05, 1.2e-6)]
TABLE += [(2000, 0.1, 2.4e-6)]


@pytest.mark.parametrize("method", ["ialm", "projections"])
@pytest.mark.parametrize(
    ("n", "share", "published"), [pytest.param(*row, marks=[pytest.mark.slow] * (row[0] > 500)) for row in TABLE]
)
def test_table_1_of_candes(n: int, share: float, published: float, method: Method) -> None:
    low_rank, sparse = gross_errors(n, n, n // 20, share)
    found = principal_component_pursuit(low_rank + sparse, method=method)
    assert found.converged
    assert found.rank == n // 20
    assert ((found.sparse != 0) == (sparse != 0)).all()
    assert distance(found.low_rank, low_rank) <= published


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("m", "n", "rank", "share"), [(160, 160, 4, 0.3), (300, 60, 3, 0.1), (60, 300, 3, 0.1), (150, 130, 5, 0.05)]
)
def test_parts_are_found(m: int, n: int, rank: int, share: float, method: Method) -> None:
    low_rank, sparse = gross_errors(m, n, rank, share)
    X = low_rank + sparse
    given = X.copy()
    found = principal_component_pursuit(X, method=method)
    assert (given == X).all()
    assert found.converged
    assert found.rank == rank == np.linalg.matrix_rank(found.low_rank, 1e-4)
    assert ((np.abs(found.sparse) > 1e-3) == (sparse != 0)).all()
    assert distance(found.low_rank, low_rank) < 2e-5
    assert found.iterations == len(found.history)
    assert distance(found.low_rank + found.sparse, X) == pytest.approx(found.residual, rel=0.1, abs=1e-15)


def hopeless(shape: tuple[int, int]) -> Array:
    """Noise, which is neither of low rank nor sparse: no method finds the optimum by luck."""
    return np.random.default_rng(1).standard_normal(shape)


@cache
def optimum(shape: tuple[int, int]) -> float:
    """The least objective, known to a part in a million by its dual."""
    exact = principal_component_pursuit(hopeless(shape), method="admm", tol=1e-8, max_iter=5000)
    assert exact.gap < 1e-6
    return exact.objective


@pytest.mark.parametrize("method", CONVEX)
@pytest.mark.parametrize("shape", [(40, 30), (105, 110)])
def test_objective_and_gap(shape: tuple[int, int], method: Method) -> None:
    X = hopeless(shape)
    found = principal_component_pursuit(X, method=method, max_iter=5000)
    lam = max(shape) ** -0.5
    assert found.converged
    assert found.objective == pytest.approx(nuclear_norm(found.low_rank) + lam * np.abs(found.sparse).sum(), rel=1e-6)
    assert -1e-6 < found.objective / optimum(shape) - 1 < (1e-6 if method == "admm" else 1e-3)


@cache
def small(missing: bool) -> tuple[Array, Array, float]:
    """A matrix, what is observed of it, and the least objective at lam = 0.25 as cvxpy finds it."""
    cvxpy = pytest.importorskip("cvxpy", reason="the optimum comes from cvxpy")
    rng = np.random.default_rng(2)
    X = rng.standard_normal((20, 15))
    seen = rng.random(X.shape) < (0.8 if missing else 2)
    low_rank, sparse = cvxpy.Variable(X.shape), cvxpy.Variable(X.shape)
    objective = cvxpy.normNuc(low_rank) + 0.25 * cvxpy.norm1(cvxpy.vec(sparse, order="F"))
    parts = [cvxpy.multiply(seen, low_rank + sparse - X) == 0]
    return X, seen, cvxpy.Problem(cvxpy.Minimize(objective), parts).solve(solver=cvxpy.CLARABEL)


@pytest.mark.parametrize("method", CONVEX)
@pytest.mark.parametrize("missing", [False, True])
def test_objective_is_that_of_a_convex_solver(method: Method, missing: bool) -> None:
    X, seen, least = small(missing)
    found = principal_component_pursuit(X, 0.25, method, observed=seen, max_iter=5000)
    assert found.converged
    assert found.objective == pytest.approx(least, rel=1e-6 if method == "admm" else 1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_too_few_iterations_are_not_called_converged(method: Method) -> None:
    X = sum(gross_errors(80, 70, 4, 0.1))
    found = principal_component_pursuit(X, method=method, max_iter=3)
    assert not found.converged
    assert found.iterations == 3
    assert found.residual > 1e-7 or found.gap > 1e-3


def test_projections_with_the_wrong_rank_leave_a_residual() -> None:
    X = sum(gross_errors(150, 150, 6, 0.1))
    found = principal_component_pursuit(X, method="projections", rank=4, max_iter=200)
    assert found.rank == 4
    assert found.residual > 1e-4


@pytest.mark.parametrize("method", CONVEX)
def test_missing_entries_are_filled_in(method: Method) -> None:
    low_rank, sparse = gross_errors(120, 110, 3, 0.05)
    seen = np.random.default_rng(1).random(low_rank.shape) < 0.8
    X = np.where(seen, low_rank + sparse, np.nan)
    found = principal_component_pursuit(X, method=method)
    assert found.converged
    assert distance(found.low_rank, low_rank) < 1e-5
    assert (found.sparse[~seen] == 0).all()
    masked = principal_component_pursuit(low_rank + 9 * sparse * ~seen + sparse, method=method, observed=seen)
    np.testing.assert_allclose(masked.low_rank, found.low_rank, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("X", "rank"),
    [
        (np.zeros((5, 4)), 0),
        (np.full((30, 20), 3.0), 1),
        (np.arange(12).reshape(3, 4), None),
        (np.array([[1.0, 2, 3]]), None),
        (np.array([[5.0]]), None),
        (np.eye(25), 0),
        (1e200 * np.outer(np.arange(1, 31), np.ones(20)), 1),
        (1e-200 * np.outer(np.arange(1, 31), np.ones(20)), 1),
    ],
    ids=["zeros", "constant", "integers", "row", "number", "identity", "huge", "tiny"],
)
def test_degenerate(X: Array, rank: int | None, method: Method) -> None:
    found = principal_component_pursuit(X, method=method)
    assert found.low_rank.shape == found.sparse.shape == X.shape
    assert found.low_rank.dtype == np.float64
    assert found.converged
    np.testing.assert_allclose(found.low_rank + found.sparse, X, atol=1e-6 * np.abs(X).max())
    assert rank is None or method == "projections" or found.rank == rank


@pytest.mark.parametrize("method", METHODS)
def test_single_precision_and_column_order(method: Method) -> None:
    low_rank, sparse = gross_errors(150, 120, 4, 0.1)
    X = low_rank + sparse
    single = principal_component_pursuit(X.astype(np.float32), method=method)
    assert single.low_rank.dtype == single.sparse.dtype == np.float32
    assert single.converged
    assert distance(single.low_rank, low_rank) < 2e-4
    turned = principal_component_pursuit(np.asfortranarray(X), method=method)
    assert distance(turned.low_rank, low_rank) < 2e-5


def test_stable_pursuit_leaves_the_noise() -> None:
    low_rank, sparse = gross_errors(150, 140, 4, 0.05)
    noise = 1e-3
    X = low_rank + sparse + noise * np.random.default_rng(1).standard_normal(low_rank.shape)
    found = stable_pursuit(X, noise)
    assert found.converged
    assert 4 <= found.rank <= 6
    assert np.linalg.norm(found.low_rank - low_rank) < 0.5 * noise * X.size**0.5
    assert (np.abs(found.sparse[sparse != 0]) > 0.9).all()


@pytest.mark.slow
def test_a_long_matrix() -> None:
    low_rank, sparse = gross_errors(100_000, 200, 5, 0.05)
    found = principal_component_pursuit(low_rank + sparse)
    assert found.converged
    assert found.rank == 5
    # The errors are 10,000 times as large as L, and the residual is relative to them.
    assert distance(found.low_rank, low_rank) < 1e-3


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (np.zeros((0, 3)), {}, "'X' must be a matrix"),
        (np.zeros(3), {}, "'X' must be a matrix"),
        (np.full((3, 3), np.inf), {}, "infinite entries"),
        (np.full((3, 3), np.nan), {}, "no observed entry"),
        (np.ones((3, 3), complex), {}, "real numbers"),
        (np.array([["a"]]), {}, "real numbers"),
        (np.ones((3, 3)), {"lam": 0}, "'lam'"),
        (np.ones((3, 3)), {"tol": 0}, "'tol'"),
        (np.ones((3, 3)), {"max_iter": 0}, "'max_iter'"),
        (np.ones((3, 3)), {"method": "svd"}, "'method' must be one of ialm"),
        (np.ones((3, 3)), {"rank": 2}, "'rank'"),
        (np.eye(3), {"method": "projections", "rank": 4}, "'rank'"),
        (np.ones((3, 3)), {"method": "projections", "lam": 1.0}, "'lam'"),
        (np.array([[1, np.nan]]), {"method": "projections"}, "observed everywhere"),
        (np.ones((3, 3)), {"observed": np.ones((3, 2), bool)}, "'observed'"),
    ],
)
def test_refused(X: Array, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        principal_component_pursuit(X, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("noise", [0, -1, np.nan])
def test_noise_is_above_0(noise: float) -> None:
    with pytest.raises(InputError, match="'noise'"):
        stable_pursuit(np.ones((3, 3)), noise)
