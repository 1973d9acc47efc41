"""What do L1, L2, group and nuclear-norm penalties do to weights, and when do zeros come out exact?

**Method.** A linear map Y = X W + noise is learnt from few samples, where the true W (24, 12) is sparse, or has few
rows that are not zero, or has rank 2. Minimised is |Y - X W|^2 / (2 n) + lambda * penalty(W), along a path of lambda;
the lambda with the least error on held-out samples is taken. A penalty with a kink is minimised twice: by the
proximal step (a gradient step of the smooth part, then the exact minimiser of the penalty), and by the (sub)gradient
of the whole. Counted are entries that are exactly 0, entries below 0.01, the F1 score of the found support (entries
not exactly 0) against the true one, rank (singular values above 1e-6), size of the largest entry, and |W - W*| /
|W*|.

**Derivation.** Near zero the slope of L2, lambda * w^2, is 2 lambda w and fades: a weight shrinks to a / (1 + 2
lambda) and never reaches zero. The slope of L1, lambda * |w|, stays lambda however small w is, and outweighs any data
slope below lambda: the minimiser of (w - a)^2 / 2 + lambda |w| is sign(a) max(|a| - lambda, 0), exactly zero for |a|
<= lambda. A gradient step w - t (g + lambda sign w) jumps over the kink to and fro and does not land on it; the
proximal step does. The group penalty is L1 on the lengths of rows (rows vanish whole), the nuclear norm L1 on
singular values (rank falls).

**As a loss and as a regulariser** the two words mean other things. A loss weighs *errors*: L1 forgives outliers,
because each pulls with the same force, and fits the median. A regulariser weighs *weights*: L1 sets small ones to
zero, because its force does not fade near zero; L2 fits means as a loss, and shrinks large weights most as a
regulariser.

**Source.** Tibshirani, JRSS B 1996 (lasso); Yuan & Lin, JRSS B 2006 (group lasso); Cai, Candès & Shen, SIAM J. Optim.
2010 (nuclear norm); Parikh & Boyd, "Proximal Algorithms", 2014.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Cell, Finding, Measured, Study, Table, compare, difference, gather
from mien.studies.core.networks import generator
from mien.studies.core.sweep import sweep
from mien.train.losses import (
    group_penalty,
    group_proximal_,
    l1_penalty,
    l1_proximal_,
    l2_penalty,
    nuclear_norm_penalty,
    nuclear_proximal_,
)

INPUTS, OUTPUTS = 24, 12
STRUCTURES = ("sparse", "few rows", "rank 2")
L2, L1, L1_SUB = "L2", "L1 (proximal)", "L1 (subgradient)"
GROUP, NUCLEAR, NUCLEAR_SUB = "group (proximal)", "nuclear (proximal)", "nuclear (subgradient)"
PENALTIES: dict[str, Callable[[Tensor], Tensor]] = {
    L2: l2_penalty, L1_SUB: l1_penalty, NUCLEAR_SUB: nuclear_norm_penalty, L1: l1_penalty, GROUP: group_penalty,
    NUCLEAR: nuclear_norm_penalty,
}  # fmt: skip
PROXIMAL: dict[str, Callable[[Tensor, float], object]] = {
    L1: l1_proximal_, GROUP: group_proximal_, NUCLEAR: nuclear_proximal_,
}  # fmt: skip
METHODS = (L2, L1, L1_SUB, GROUP, NUCLEAR, NUCLEAR_SUB)
OWN = {"sparse": L1, "few rows": GROUP, "rank 2": NUCLEAR}
"""The penalty made for each structure."""


@dataclass(frozen=True, slots=True)
class Settings:
    """samples for training and for the choice of lambda; noise deviation; steps of descent; lambdas of the path."""

    samples: int = 40
    noise: float = 0.5
    steps: int = 1500
    lambdas: tuple[float, ...] = tuple(float(f"{value:.3g}") for value in np.geomspace(1e-3, 3, 12))


@dataclass(frozen=True, slots=True)
class Problem:
    """x (N, 24), y (N, 12) of the training half and of the held-out half, and the true weights (24, 12)."""

    x: Tensor
    y: Tensor
    x_val: Tensor
    y_val: Tensor
    weights: Tensor


def make_problem(structure: str, settings: Settings, seed: int) -> Problem:
    """Random weights of a structure, and samples of them."""
    stream = generator(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=stream, dtype=torch.float64)

    weights = normal(INPUTS, OUTPUTS)
    if structure == "sparse":
        weights *= torch.rand(INPUTS, OUTPUTS, generator=stream) < 0.15
    elif structure == "few rows":
        weights *= (torch.arange(INPUTS) < 5)[:, None]
    else:
        weights = normal(INPUTS, 2) @ normal(2, OUTPUTS) / 2**0.5
    x = normal(2 * settings.samples, INPUTS)
    y = x @ weights + settings.noise * normal(2 * settings.samples, OUTPUTS)
    half = settings.samples
    return Problem(x[:half], y[:half], x[half:], y[half:], weights)


def solve(problem: Problem, method: str, lam: float, steps: int) -> Tensor:
    """Weights after `steps` steps of descent; 1 / L steps, falling as 1 / sqrt(step) where there is a kink to cross."""
    x, y = problem.x, problem.y
    n = len(x)
    curvature = float(torch.linalg.matrix_norm(x, 2) ** 2 / n) + (2 * lam if method == L2 else 0.0)
    gram, cross = x.T @ x / n, x.T @ y / n
    weights = torch.zeros(INPUTS, OUTPUTS, dtype=x.dtype)
    for step in range(steps):
        size = 1 / curvature
        slope = gram @ weights - cross
        if method in PROXIMAL:
            weights -= size * slope
            PROXIMAL[method](weights, size * lam)
            continue
        leaf = weights.clone().requires_grad_()
        (penalty,) = torch.autograd.grad(PENALTIES[method](leaf), leaf)
        size = size if method == L2 else size / (1 + step) ** 0.5
        weights -= size * (slope + lam * penalty)
    return weights


def describe(weights: Tensor, truth: Tensor) -> dict[str, float]:
    """What is counted on weights (24, 12)."""
    kept, true = weights != 0, truth != 0
    return {
        "exact zeros (share)": float((~kept).double().mean()),
        "below 0.01 (share)": float((weights.abs() < 0.01).double().mean()),
        "support F1": float(2 * (kept & true).sum() / (kept.sum() + true.sum())),
        "rank": float(torch.linalg.matrix_rank(weights, atol=1e-6)),
        "largest entry": float(weights.abs().max()),
        "relative error": float((weights - truth).norm() / truth.norm()),
    }


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """Follow every penalty along its path on every structure."""
    cases = [(structure, method) for structure in STRUCTURES for method in METHODS]
    outcomes = sweep("penalties", cases, seeds, lambda case, seed: _path(case, settings, seed))
    results = {case: gather([path[_best(path)][1] for path in runs]) for case, runs in outcomes.items()}
    paths = {
        case: [gather([path[k][1] for path in results]) for k in range(len(settings.lambdas))]
        for case, results in outcomes.items()
    }
    chosen = {
        case: Measured(tuple(settings.lambdas[_best(path)] for path in results)) for case, results in outcomes.items()
    }
    rows: tuple[tuple[Cell, ...], ...] = tuple((*case, chosen[case], *results[case].values()) for case in cases)
    columns = ("true weights", "penalty", "chosen lambda", *results[cases[0]])
    return Finding(
        Table(columns, rows),
        _draw(results, paths, settings),
        judge(results),
        asdict(settings),
        f"own: {settings.samples} samples for training, as many for the choice of lambda, noise {settings.noise:g}",
    )


Path = list[tuple[float, dict[str, float]]]


def _path(case: tuple[str, str], settings: Settings, seed: int) -> Path:
    """Held-out error and counts for each lambda."""
    structure, method = case
    problem = make_problem(structure, settings, seed)
    path = []
    for lam in settings.lambdas:
        weights = solve(problem, method, lam, settings.steps)
        error = float((problem.x_val @ weights - problem.y_val).square().mean())
        path.append((error, describe(weights, problem.weights)))
    return path


def _best(path: Path) -> int:
    return min(range(len(path)), key=lambda k: path[k][0])


Results = Mapping[tuple[str, str], Mapping[str, Measured]]


def judge(results: Results) -> str:
    """Words for the counts by structure and penalty."""
    zeros, error = "exact zeros (share)", "relative error"
    lines = [
        compare(f"{zeros}, sparse weights", (a, results["sparse", a][zeros]), (b, results["sparse", b][zeros]))
        for a, b in ((L1, L2), (L1, L1_SUB))
    ]
    sparse = results["sparse", L1]["support F1"], results["sparse", L2]["support F1"]
    lines.append(compare("F1 of the support, sparse weights", (L1, sparse[0]), (L2, sparse[1])))
    lines.append(
        compare(
            "rank, weights of rank 2",
            (NUCLEAR, results["rank 2", NUCLEAR]["rank"]),
            (L2, results["rank 2", L2]["rank"]),
        )
    )
    ranks = [results["rank 2", method]["rank"] for method in (NUCLEAR, NUCLEAR_SUB)]
    lines.append(compare("rank, weights of rank 2", (NUCLEAR, ranks[0]), (NUCLEAR_SUB, ranks[1])))
    for structure, matched in OWN.items():
        for other in (L2, *(rival for rival in PROXIMAL if rival != matched)):
            pair = (matched, results[structure, matched][error]), (other, results[structure, other][error])
            lines.append(compare(f"relative error, {structure}", *pair))
    return "\n".join([_headline(results), *lines])


def _headline(results: Results) -> str:
    zeros, error = "exact zeros (share)", "relative error"

    def share(method: str) -> float:
        return results["sparse", method][zeros].mean

    best = {s: min(METHODS, key=lambda m, s=s: results[s, m][error].mean) for s in STRUCTURES}  # type: ignore[misc]
    fits = [
        s
        for s, matched in OWN.items()
        if all(_lower(results, s, matched, other) for other in (L2, *PROXIMAL) if other != matched)
    ]
    others = [f"{s}: {best[s]}" for s in STRUCTURES if s not in fits]
    made = f"the penalty made for a structure recovers it best for: {', '.join(fits) or 'none'}"
    rest = f" (least error elsewhere, {'; '.join(others)})" if others else ""
    return (
        f"Exact zeros on sparse weights: L1 with proximal steps {share(L1):.0%}, L1 with subgradient steps "
        f"{share(L1_SUB):.0%}, L2 {share(L2):.0%}; {made}{rest}."
    )


def _lower(results: Results, structure: str, a: str, b: str) -> bool:
    return difference(results[structure, a]["relative error"], results[structure, b]["relative error"]).sign < 0


def _draw(results: Results, paths: Mapping[tuple[str, str], list[dict[str, Measured]]], settings: Settings) -> Figure:
    figure = Figure(figsize=(11, 8), layout="constrained")
    zeros, sizes, ranks, errors = figure.subplots(2, 2).flat
    lines = (
        (zeros, "sparse", "exact zeros (share)", (L1, L2, GROUP, L1_SUB)),
        (sizes, "sparse", "largest entry", (L1, L2, GROUP, NUCLEAR)),
        (ranks, "rank 2", "rank", (NUCLEAR, L1, L2, NUCLEAR_SUB)),
    )
    for axes, structure, name, methods in lines:
        for method in methods:
            cells = [point[name] for point in paths[structure, method]]
            style = ":" if "subgradient" in method else "-"
            axes.errorbar(
                settings.lambdas, [c.mean for c in cells], [c.spread for c in cells], ls=style, capsize=2, label=method
            )
        axes.set(title=f"{name}, {structure} weights", xscale="log", xlabel="lambda")
    for k, method in enumerate(METHODS):
        cells = [results[structure, method]["relative error"] for structure in STRUCTURES]
        places = np.arange(len(STRUCTURES)) + (k - 2.5) * 0.13
        errors.bar(places, [c.mean for c in cells], 0.12, yerr=[c.spread for c in cells], label=method)
    errors.set_xticks(range(len(STRUCTURES)), STRUCTURES)
    errors.set(title="relative error at the chosen lambda", xlabel="true weights")
    for axes in figure.axes:
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


QUICK = Settings(steps=250, lambdas=(0.003, 0.01, 0.03, 0.1, 0.3, 1.0))
STUDY = Study(__doc__, run, Settings(), QUICK)
