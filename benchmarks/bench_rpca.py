"""Robust PCA beside the packages that do it: processor seconds on one thread, errors of both parts, rank and memory.

Matrices of Candes et al. (2011), section 4.1 (rank n / 20, 5 % and 10 % gross errors), and a stack of 64 made-up
pictures of 32256 pixels. Each run has a process of its own. Peers have a time limit; one that is not installed or fails
is reported as such: pip install pyrpca tensorly SpaLoR sporco
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import multiprocessing
import resource
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from common import arguments, finish, print_table, spread
from numpy.typing import NDArray

from mien.lowrank import principal_component_pursuit

Array = NDArray[Any]
Solver = Callable[[Array, int, float], tuple[Array, Array]]
TOL, MEMORY_AIM, PATIENCE = 1e-7, 6.0, 400


class Size(NamedTuple):
    """Shape and rank of a matrix, how many times faster than pyrpca `ialm` should be, and how often ours run.

    limit: processor seconds of each peer but pyrpca; 0 leaves them out.
    """

    m: int
    n: int
    rank: int
    aim: float | None
    limit: int
    repeats: int = 3


SIZES = (
    Size(300, 300, 15, None, 60),
    Size(1000, 1000, 50, 25, 20),
    Size(2000, 2000, 100, 35, 0),
    Size(32256, 64, 5, 5, 20),
)
QUICK = (Size(100, 100, 5, None, 20, 1),)


def made_up(m: int, n: int, rank: int, share: float) -> tuple[Array, Array]:
    """Low-rank part and the whole matrix."""
    rng = np.random.default_rng(0)
    low_rank = rng.standard_normal((m, rank)) @ rng.standard_normal((rank, n)) / max(m, n) ** 0.5 / n**0.5
    return low_rank, low_rank + np.where(rng.random((m, n)) < share, rng.choice([-1.0, 1.0], (m, n)), 0)


def ours(method: Any) -> Solver:
    """One of our methods."""
    parts = attrgetter("low_rank", "sparse")
    return lambda X, rank, share: parts(principal_component_pursuit(X, method=method, tol=TOL))


def pyrpca(X: Array, rank: int, share: float) -> tuple[Array, Array]:
    """Inexact ALM with a full decomposition."""
    from pyrpca import rpca_pcp_ialm

    low_rank, sparse = rpca_pcp_ialm(X, max(X.shape) ** -0.5, tol=TOL, verbose=False)
    return np.asarray(low_rank), np.asarray(sparse)


def tensorly(X: Array, rank: int, share: float) -> tuple[Array, Array]:
    """Robust PCA of tensors: the norms of both unfoldings count, so the weight is twice that of the others."""
    from tensorly.decomposition import robust_pca

    size = float(np.linalg.norm(X))
    return robust_pca(X, reg_E=2 * max(X.shape) ** -0.5, tol=TOL * size, n_iter_max=1000, verbose=False)[:2]


def spalor(X: Array, rank: int, share: float) -> tuple[Array, Array]:
    """Alternating projections until the residual stands still; it is told the true rank and number of errors."""
    from spalor.models import RPCA

    model = RPCA(n_components=rank, sparsity=share)
    model.fit(X)
    return np.asarray(model.to_matrix()), np.asarray(model.outliers_)


def sporco(X: Array, rank: int, share: float) -> tuple[Array, Array]:
    """ADMM with its own penalties, until both of its relative residuals are small."""
    from sporco.admm.rpca import RobustPCA

    options = RobustPCA.Options({"Verbose": False, "MaxMainIter": 1000, "RelStopTol": TOL})
    low_rank, sparse = RobustPCA(X, max(X.shape) ** -0.5, options).solve()
    return np.asarray(low_rank), np.asarray(sparse)


OURS: dict[str, Solver] = {"ialm": ours("ialm"), "projections": ours("projections")}
PEERS: dict[str, Solver] = {"pyrpca": pyrpca, "tensorly": tensorly, "spalor": spalor, "sporco": sporco}


def peak_bytes() -> int:
    """The most resident memory that this process ever had; without /proc that of its parent may be in it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def once(name: str, folder: Path, rank: int, share: float, limit: int, answer: Connection) -> None:
    """One run of one solver on the stored matrix, in a process of its own that is warm and ends at the limit."""
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    solve = (OURS | PEERS)[name]
    try:
        solve(made_up(40, 40, 2, 0.05)[1], 2, 0.05)
        before = peak_bytes()
        X = np.load(folder / "X.npy")
        start = time.process_time()
        low_rank, sparse = solve(X, rank, share)
        took, peak = time.process_time() - start, (peak_bytes() - before) / X.nbytes
    except ImportError as error:
        answer.send(f"not installed: {error}")
    except Exception as error:  # a peer that breaks on a problem is part of the comparison
        answer.send(f"failed: {error!r}"[:100])
    else:
        true = np.load(folder / "low_rank.npy")
        answer.send({"seconds": took, "memory": peak, **judged(X, low_rank, sparse, true)})


def judged(X: Array, low_rank: Array, sparse: Array, true: Array) -> dict[str, float]:
    """Relative errors of both parts, what they miss of X, and the rank: singular values above 1e-6 of the first."""
    norm, errors = np.linalg.norm, X - true
    short = low_rank if low_rank.shape[0] >= low_rank.shape[1] else low_rank.T
    squares = np.linalg.eigvalsh(short.T @ short)
    return {
        "error": float(norm(low_rank - true) / norm(true)),
        "error_sparse": float(norm(sparse - errors) / norm(errors)),
        "residual": float(norm(X - low_rank - sparse) / norm(X)),
        "rank": int((squares > 1e-12 * squares[-1]).sum()),
    }


def run(name: str, folder: Path, size: Size, share: float, limit: int) -> dict[str, float] | str:
    """What one run in a process of its own gives, or why it gave nothing."""
    context = multiprocessing.get_context("spawn")
    ours_end, its_end = context.Pipe()
    child = context.Process(target=once, args=(name, folder, size.rank, share, limit, its_end))
    child.start()
    its_end.close()
    try:
        found: dict[str, float] | str = ours_end.recv()
    except EOFError:
        found = ""
    child.join()
    return found or (f"more than {limit} s" if child.exitcode == -signal.SIGXCPU else "ended without an answer")


def measure(folder: Path, size: Size, share: float) -> dict[str, Any]:
    """All solvers on one matrix in turns; pyrpca takes two, and one where it is long; the other peers one."""
    others = [name for name in PEERS if name != "pyrpca" and size.limit]
    limits = dict.fromkeys((*OURS, "pyrpca"), PATIENCE) | dict.fromkeys(others, size.limit)
    runs: dict[str, list[dict[str, float] | str]] = {name: [] for name in limits}
    for turn in range(size.repeats):
        for name, limit in limits.items():
            if name in OURS or turn < (2 if name == "pyrpca" and size.n <= 1000 else 1):
                runs[name].append(run(name, folder, size, share, limit))
    return {name: summary(found) for name, found in runs.items()}


def summary(runs: list[dict[str, float] | str]) -> dict[str, Any]:
    """Spread of the seconds, and the rest of the first run; `note` tells why there is none."""
    done = [one for one in runs if not isinstance(one, str)]
    if len(done) < len(runs):
        return {"note": next(one for one in runs if isinstance(one, str))}
    took = [one["seconds"] for one in done]
    return {**done[0], "seconds": spread(took * 2 if len(took) == 1 else took)}


def products(size: Size) -> float:
    """Seconds of the three products that no iteration can do without, A V, U^T A and U V^T; the best of five."""
    rng, columns = np.random.default_rng(0), size.rank + max(4, size.rank // 12)
    A = rng.standard_normal((size.m, size.n))
    V, U = rng.standard_normal((size.n, columns)), rng.standard_normal((size.m, columns))
    best = np.inf
    for _ in range(5):
        start = time.process_time()
        A @ V, U.T @ A, U @ V.T
        best = min(best, time.process_time() - start)
    return best


def compare(size: Size, share: float) -> dict[str, Any]:
    """All measures of all solvers on one matrix, and the bound of the products."""
    low_rank, X = made_up(size.m, size.n, size.rank, share)
    with TemporaryDirectory() as folder:
        np.save(Path(folder) / "low_rank.npy", low_rank)
        np.save(Path(folder) / "X.npy", X)
        del low_rank
        solvers = measure(Path(folder), size, share)
    rounds = principal_component_pursuit(X, tol=TOL).iterations
    bound = {"iterations": rounds, "seconds": rounds * products(size)}
    return {"entries": X.size, "solvers": solvers, "bound": bound}


def seconds_of(result: dict[str, Any], name: str) -> float | None:
    """Median seconds of a solver, None where it has none."""
    found = result["solvers"].get(name, {}).get("seconds")
    return found["median"] if found else None


def show(found: dict[str, dict[str, Any]]) -> None:
    """Print all."""
    rows: list[tuple[Any, ...]] = []
    for name, result in found.items():
        base, bound = seconds_of(result, "pyrpca"), result["bound"]["seconds"]
        for solver, one in result["solvers"].items():
            took = seconds_of(result, solver)
            if took is None:
                rows.append((name, solver, one["note"]))
                continue
            measures = [one[key] for key in ("error", "error_sparse", "rank", "memory")]
            over = took / bound if solver == "ialm" else None
            rows.append((name, solver, took, base / took if base else None, *measures, over))
    head = ["matrix", "solver", "s", "times pyrpca", "error L", "error S", "rank", "memory / X", "times the products"]
    print_table(head, [(*row, *[None] * (len(head) - len(row))) for row in rows])


def main() -> None:
    """Time all on all matrices."""
    given = arguments(__doc__)
    found, headlines, aims = {}, {}, {}
    for size in QUICK if given.quick else SIZES:
        for share in (0.05, 0.1):
            name = f"{size.m} x {size.n}, {share:.0%} errors"
            result = found[name] = compare(size, share)
            base, took = seconds_of(result, "pyrpca"), seconds_of(result, "ialm")
            if base and took:
                headlines[f"robust PCA {name}, against pyrpca"] = f"{base / took:.1f} times"
                if size.aim:
                    aims[name] = {"times": base / took, "aim": size.aim, "met": base / took >= size.aim}
            memory = result["solvers"]["ialm"].get("memory")
            if memory and size.aim:
                aims[f"memory / X, {name}"] = {"times": memory, "aim": MEMORY_AIM, "met": memory <= MEMORY_AIM}
    show(found)
    print_table(["goal", "times", "aim", "met"], [(goal, *one.values()) for goal, one in aims.items()])
    finish("rpca", given, {"matrices": found, "aims": aims}, headlines, (1,))


if __name__ == "__main__":
    main()
