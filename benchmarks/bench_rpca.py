"""Robust PCA beside the packages that do it: processor seconds on one thread, relative error of the low-rank part.

Matrices of Candes et al. (2011), section 4.1 (rank n / 20, 5 % and 10 % gross errors), and a stack of 64 made-up
pictures of 32256 pixels. All take turns on the same matrix. Packages that are not installed are left out:
pip install pyrpca tensorly SpaLoR sporco
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from common import arguments, finish, print_table, spread
from numpy.typing import NDArray

from mien.lowrank import principal_component_pursuit

Array = NDArray[Any]
Solver = Callable[[Array, int, float], Array]
AIMS = {"1000": 25.0, "2000": 35.0, "stack": 5.0}


def made_up(m: int, n: int, rank: int, share: float) -> tuple[Array, Array]:
    """Low-rank part and the whole matrix."""
    rng = np.random.default_rng(0)
    low_rank = rng.standard_normal((m, rank)) @ rng.standard_normal((rank, n)) / max(m, n) ** 0.5 / n**0.5
    return low_rank, low_rank + np.where(rng.random((m, n)) < share, rng.choice([-1.0, 1.0], (m, n)), 0)


def ours(method: Any) -> Solver:
    """One of our methods."""
    return lambda X, rank, share: principal_component_pursuit(X, method=method).low_rank


def pyrpca(X: Array, rank: int, share: float) -> Array:
    """Inexact ALM with a full decomposition."""
    from pyrpca import rpca_pcp_ialm

    return np.asarray(rpca_pcp_ialm(X, max(X.shape) ** -0.5, verbose=False)[0])


def tensorly(X: Array, rank: int, share: float) -> Array:
    """Robust PCA of tensors, here of a matrix, at the weight of the others."""
    from tensorly.decomposition import robust_pca

    return np.asarray(robust_pca(X, reg_E=max(X.shape) ** -0.5, verbose=False)[0])


def spalor(X: Array, rank: int, share: float) -> Array:
    """Alternating projections; it is told the true rank and number of errors."""
    from spalor.models import RPCA

    model = RPCA(n_components=rank, sparsity=share)
    model.fit(X)
    return np.asarray(model.to_matrix())


def sporco(X: Array, rank: int, share: float) -> Array:
    """ADMM at its defaults, with as many iterations as it needs for a residual of 1e-6."""
    from sporco.admm.rpca import RobustPCA

    options = RobustPCA.Options({"Verbose": False, "MaxMainIter": 200, "RelStopTol": 1e-6})
    return np.asarray(RobustPCA(X, None, options).solve()[0])


PEERS: dict[str, Solver] = {"pyrpca": pyrpca, "tensorly": tensorly, "spalor": spalor, "sporco": sporco}


def solvers(full: bool) -> dict[str, Solver]:
    """Ours, and the peers that are installed; on the large matrices only the fastest of them."""
    found = {"ialm": ours("ialm"), "projections": ours("projections")}
    return found | {name: peer for name, peer in PEERS.items() if find_spec(name) and (full or name == "pyrpca")}


def measure(
    low_rank: Array, X: Array, rank: int, share: float, names: dict[str, Solver], repeats: int
) -> dict[str, Any]:
    """Seconds and error of each; ours run three times as often, for they are short."""
    seconds: dict[str, list[float]] = {name: [] for name in names}
    errors: dict[str, Any] = {}
    for turn in range(3 * repeats):
        for name, solve in names.items():
            if turn >= repeats and name in PEERS:
                continue
            start = time.process_time()
            try:
                found = solve(X, rank, share)
            except Exception as error:  # a peer that breaks on a problem is part of the comparison
                errors[name] = repr(error)[:80]
                continue
            seconds[name].append(time.process_time() - start)
            errors[name] = float(np.linalg.norm(found - low_rank) / np.linalg.norm(low_rank))
    return {name: {"seconds": both(seconds[name]), "error": errors[name]} for name in names}


def both(values: list[float]) -> dict[str, float]:
    """Spread, also of one value."""
    return spread(values * 2 if len(values) == 1 else values) if values else {"median": float("nan")}


def gemm_rate(m: int, n: int, columns: int) -> float:
    """Floating-point operations a second of the three products that an iteration needs, the best of five."""
    rng = np.random.default_rng(0)
    A, V, U = rng.standard_normal((m, n)), rng.standard_normal((n, columns)), rng.standard_normal((m, columns))
    best = np.inf
    for _ in range(5):
        start = time.process_time()
        A @ V, U.T @ A, U @ V.T
        best = min(best, time.process_time() - start)
    return 6 * m * n * columns / best


def peak_matrices(n: int) -> float:
    """Peak resident memory of a pursuit beyond that of the process before it, in sizes of the matrix, with it."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return float(pool.apply(_peak, (n,)))


def _peak(n: int) -> float:
    principal_component_pursuit(made_up(100, 100, 5, 0.05)[1])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    X = np.random.default_rng(0).standard_normal((n, n // 20)) @ np.ones((n // 20, n))
    X[::17, ::13] += 50
    principal_component_pursuit(X, max_iter=30)
    unit = 1 if sys.platform == "darwin" else 1024
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit / X.nbytes


def main() -> None:
    """Time all on all matrices."""
    given = arguments(__doc__)
    sizes = [(300, 300, 15)] if given.quick else [(1000, 1000, 50), (2000, 2000, 100), (32256, 64, 5)]
    found, rows, headlines, bound = {}, [], {}, {}
    for m, n, rank in sizes:
        for share in (0.05, 0.1):
            low_rank, X = made_up(m, n, rank, share)
            name = f"{m} x {n}, {share:.0%} errors"
            found[name] = measure(low_rank, X, rank, share, solvers(m <= 1000), 1 if m > 1000 else 2)
            base = found[name].get("pyrpca", {}).get("seconds", {}).get("median")
            for solver, result in found[name].items():
                took = result["seconds"]["median"]
                rows.append((name, solver, took, base / took if base else None, result["error"]))
            if base:
                times = base / found[name]["ialm"]["seconds"]["median"]
                headlines[f"robust PCA {name}, against pyrpca"] = f"{times:.0f} times"
            columns = rank + max(4, rank // 12)
            rounds = principal_component_pursuit(X).iterations
            least = rounds * 6 * m * n * columns / gemm_rate(m, n, columns)
            bound[name] = {"iterations": rounds, "seconds_of_gemm": least}
    print_table(["matrix", "solver", "s", "times pyrpca", "error of L"], rows)
    print_table(["matrix", "iterations", "s of 3 GEMMs each"], [(name, *one.values()) for name, one in bound.items()])
    memory = peak_matrices(400 if given.quick else 2000)
    print(f"peak memory: {memory:.1f} times the matrix")
    finish("rpca", given, {"solvers": found, "bound": bound, "peak_matrices": memory, "aims": AIMS}, headlines, (1,))


if __name__ == "__main__":
    main()
