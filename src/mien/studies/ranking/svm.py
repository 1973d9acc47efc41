"""What does a support vector machine add on a fixed embedding: a margin, a kernel, few vectors that count?

**Method.** Each rater of `mebeauty` is a person whose comparisons are to be predicted from the embedding of the shipped
attractiveness network, which saw none of these faces. Half of a rater's test faces are for learning, half for testing;
n comparisons among the former are learned, all untied comparisons among the latter are predicted. Machines: the linear
ranking SVM, the hinge on differences of embeddings; a ranking SVM with an RBF kernel; logistic regression on the same
differences (Bradley-Terry); and the pool's score, which learns nothing. C is one number for each machine and n, chosen
by the comparisons of the first half that were not learned. Counted: pairs in order, the share of comparisons that are
support vectors (a > 0) and of those at the bound (a = C), and how far primal and dual of the linear machine differ.

**Derivation.** A score w . z orders a pair when w . (z_winner - z_loser) > 0, so ranking is separating the differences
d from their mirror images -d by a plane through the origin: `min ||w||^2 / 2 + C sum max(0, 1 - w . d_i)`. Its dual is
`max sum a_i - ||sum a_i d_i||^2 / 2` subject to `0 <= a_i <= C`; only products d_i . d_j occur, and for faces a, b and
c, e these are k(a, c) - k(a, e) - k(b, c) + k(b, e), which any kernel k may stand in for.

**Source.** Cortes & Vapnik, "Support-vector networks", Machine Learning 20, 1995; Herbrich, Graepel & Obermayer, "Large
margin rank boundaries for ordinal regression", 2000; Joachims, KDD 2002 (ranking SVM).
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from mien.errors import expect
from mien.studies.core.finding import Cell, Finding, Measured, Study, Table, compare, gather
from mien.studies.taste.personal_taste import FACES, RATINGS, read_pool
from mien.studies.taste.raters import Comparisons, Pool, halves

LINEAR, RBF, LOGISTIC, POOL = "linear ranking SVM", "RBF ranking SVM", "logistic regression", "the pool's score"
LEARNED = (LINEAR, RBF, LOGISTIC)
Values = NDArray[np.float64]
Rows = NDArray[np.int64]
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Settings:
    """counts: of comparisons that are learned; penalties: values of C; limit: faces, None for all."""

    counts: tuple[int, ...] = (10, 40, 160)
    penalties: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0, 10.0)
    limit: int | None = None


def run(settings: Settings, seeds: tuple[int, ...], folder: Path) -> Finding:
    """Read the faces once, then learn every rater."""
    pool = read_pool(folder, ["test"], settings.limit)
    return report(settings, [learn_all(settings, pool, seed) for seed in seeds], f"{FACES} and {RATINGS}", pool)


def report(settings: Settings, outcomes: list[dict[str, float]], source: str, pool: Pool) -> Finding:
    """Table, figure and words from one mapping a seed."""
    results = gather(outcomes)
    keys = [(name, n) for n in settings.counts for name in (*LEARNED, POOL)]
    what = ("pairs in order", "support vectors (share)", "at the bound (share)", "duality gap", "C")
    undefined = Measured((float("nan"),) * len(outcomes))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, str(n), *(results.get(f"{name}|{n}|{metric}", undefined) for metric in what)) for name, n in keys
    )
    raters = results["raters"]
    data = f"{source}: {len(pool.z)} test faces, {raters.mean:.0f} raters, embedding of {pool.z.shape[1]} numbers"
    table = Table(("machine", "comparisons", *what), rows)
    return Finding(table, _draw(results, settings), judge(results, settings), asdict(settings), data)


def learn_all(settings: Settings, pool: Pool, seed: int) -> dict[str, float]:
    """Means over raters, by `machine|n|what`, and the number of raters."""
    parts = [split(pool, rater, settings, seed) for rater in range(pool.ratings.shape[1])]
    raters = [part for part in parts if part is not None]
    expect(len(raters) > 0, "data", f"a rater with more than {max(settings.counts)} comparisons", len(raters))
    kernels = {LINEAR: pool.z @ pool.z.T, RBF: rbf(pool.z)}
    metrics = {"raters": float(len(raters))}
    for n in settings.counts:
        for name in LEARNED:
            tried = {
                penalty: [learn(name, penalty, pool, kernels, n, *part) for part in raters]
                for penalty in settings.penalties
            }
            best = max(tried, key=lambda penalty: _mean(tried[penalty], "held out"))
            metrics |= {f"{name}|{n}|{what}": _mean(tried[best], what) for what in tried[best][0] if what != "held out"}
            metrics[f"{name}|{n}|C"] = best
        metrics[f"{POOL}|{n}|pairs in order"] = float(np.mean([right(pool.z[:, 0], test) for _, test in raters]))
    return metrics


def split(pool: Pool, rater: int, settings: Settings, seed: int) -> tuple[Comparisons, Comparisons] | None:
    """Untied comparisons to learn from, in random order, and to predict; None for a rater of too few."""
    rng = np.random.default_rng((seed, rater))
    asked, test = halves(pool, rater, rng)
    asked = asked[rng.permutation(np.flatnonzero(asked.target != 0.5))]
    return (asked, test) if len(asked) > max(settings.counts) and len(test) else None


def learn(
    name: str, penalty: float, pool: Pool, kernels: Mapping[str, Values], n: int, asked: Comparisons, test: Comparisons
) -> dict[str, float]:
    """One machine of one rater: pairs in order among those to predict and those held out, and what the dual says."""
    some, rest = asked[np.arange(n)], asked[np.arange(n, len(asked))]
    counts: dict[str, float] = {}
    if name == LOGISTIC:
        x = np.sign(some.target - 0.5)[:, None] * (pool.z[some.pairs[:, 0]] - pool.z[some.pairs[:, 1]])
        machine = LogisticRegression(C=penalty, fit_intercept=False, max_iter=1000)
        scores = pool.z @ machine.fit(np.concatenate([x, -x]), np.repeat([1, 0], n)).coef_[0]
    else:
        kernel = kernels[name]
        scores, counts = pursue(kernel, winners_first(some), penalty)
    if name == RBF:
        counts.pop("duality gap")
    return {"pairs in order": right(scores, test), "held out": right(scores, rest), **counts}


def winners_first(some: Comparisons) -> Rows:
    """Pairs (P, 2) whose first face was preferred."""
    return np.where(some.target[:, None] > 0.5, some.pairs, some.pairs[:, ::-1])


def pursue(kernel: Values, pairs: Rows, penalty: float) -> tuple[Values, dict[str, float]]:
    """Scores (N,) of all faces by a ranking SVM on pairs (P, 2), winners first, and what its dual says.

    Each difference and its mirror image share the penalty, so the plane goes through the origin.
    """
    a, b = pairs.T
    gram = kernel[a][:, a] - kernel[a][:, b] - kernel[b][:, a] + kernel[b][:, b]
    side = np.repeat([1, -1], len(pairs))
    machine = SVC(C=penalty / 2, kernel="precomputed", tol=1e-5, cache_size=100)
    machine.fit(np.kron([[1, -1], [-1, 1]], gram), side)
    weight = np.zeros(2 * len(pairs))
    weight[machine.support_] = np.abs(machine.dual_coef_[0])
    weight = weight[: len(pairs)] + weight[len(pairs) :]
    scores = (kernel[:, a] - kernel[:, b]) @ weight
    length = float(weight @ gram @ weight)
    dual = float(weight.sum()) - length / 2
    primal = length / 2 + penalty * float(np.maximum(0, 1 - gram @ weight).sum())
    return scores, {
        "support vectors (share)": float((weight > 1e-6 * penalty).mean()),
        "at the bound (share)": float((weight > (1 - 1e-6) * penalty).mean()),
        "duality gap": (primal - dual) / primal,
    }


def rbf(z: Values) -> Values:
    """exp(-|z_i - z_j|^2 / (2 D)), D the width of the embedding: two whitened faces are about sqrt(2 D) apart."""
    square = (z**2).sum(1)
    return np.asarray(np.exp(-np.maximum(square[:, None] + square - 2 * z @ z.T, 0) / (2 * z.shape[1])))


def right(scores: Values, pairs: Comparisons) -> float:
    """Share of comparisons in order, equal scores half."""
    gap = np.sign(scores[pairs.pairs[:, 0]] - scores[pairs.pairs[:, 1]])
    return float((0.5 + 0.5 * gap * (2 * pairs.target - 1)).mean())


def _mean(outcomes: Iterable[Mapping[str, float]], what: str) -> float:
    return float(np.mean([outcome[what] for outcome in outcomes]))


def judge(results: Mapping[str, Measured], settings: Settings) -> str:
    """Kernel against line, hinge against logistic loss, and how sparse the answer is."""
    most = max(settings.counts)
    order = {name: results[f"{name}|{most}|pairs in order"] for name in (*LEARNED, POOL)}
    share = results[f"{LINEAR}|{most}|support vectors (share)"]
    what = f"pairs in order, {most} comparisons"
    lines = [compare(what, (LINEAR, order[LINEAR]), (name, order[name])) for name in (LOGISTIC, RBF, POOL)]
    return "\n".join([*lines, f"Support vectors of the linear machine: {share.mean:.0%} of {most} comparisons."])


def _draw(results: Mapping[str, Measured], settings: Settings) -> Figure:
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    panels: Any = figure.subplots(1, 2)
    for axes, what in zip(panels, ("pairs in order", "support vectors (share)"), strict=True):
        for name in (*LEARNED, POOL):
            cells = [results.get(f"{name}|{n}|{what}") for n in settings.counts]
            known = [cell for cell in cells if cell is not None]
            if len(known) == len(cells):
                axes.errorbar(
                    range(len(cells)), [cell.mean for cell in known], [cell.spread for cell in known], marker="o",
                    capsize=3, label=name,
                )  # fmt: skip
        axes.set(title=what, xlabel="comparisons of a rater")
        axes.set_xticks(range(len(settings.counts)), [str(n) for n in settings.counts])
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


QUICK = Settings(counts=(5, 20), penalties=(0.01, 1.0), limit=150)
STUDY = Study(__doc__, run, Settings(), QUICK, needs_folder=True)
