"""Is the nuclear norm to the rank what L1 is to L0, and does that hold for singular values above 1?

**Method.** Everything is done twice by the same code: for matrices (rank, nuclear norm, spectral norm) and for vectors
(number of entries that are not zero, L1, largest entry); below, cost, norm and size. On random X of size at most 1 the
norm is held against the cost; the conjugate of the cost against a random search; the biconjugate, found by ascent that
knows no norm, against the norm; and X is written as a mixture of points of values 0 or 1 whose mean cost must be the
norm. Then functions that might be better are tried, and X of size up to 3. Last, matrices of rank r and vectors with as
many entries as those matrices have free numbers, r (2 n - r), are recovered from m Gaussian measurements by the least
norm and by least squares; a recovery is an error below a thousandth.

**Derivation.** The largest convex function below the cost on the ball, its envelope there, is the biconjugate.
*Conjugate:* sup <X, Y> - cost(X) over size(X) <= 1. The best X has the directions of Y (von Neumann's trace
inequality); each value x_i in 0..1 earns s_i(Y) x_i - [x_i > 0], so it is 1 where s_i(Y) > 1 and else 0: the conjugate
is sum max(s_i(Y) - 1, 0). *Biconjugate:* sup <X, Y> - sum max(s_i(Y) - 1, 0); each value y_i earns s_i(X) y_i - max(y_i
- 1, 0), which peaks at y_i = 1 with s_i(X) while s_i(X) <= 1, and grows for ever once s_i(X) > 1. So it is sum s_i(X),
the norm, on the ball, and infinite outside.

*No convex function does better.* With s_1 >= s_2 >= ... X is the mean of the points P_k that have the first k
directions of X with the value 1, weighted by s_k - s_{k+1}, and of 0 with 1 - s_1. A convex g <= cost has g(X) <= sum
w_k g(P_k) <= sum w_k k = sum s_i.

*The ball is needed.* One value of 3 has cost 1 and norm 3. On all matrices the cost is bounded, and a convex function
that is bounded above is constant: the envelope is 0. On the ball of size R it is norm / R. The notes suspect that the
approximation presupposes singular values of at most 1: it does, up to that scale; as a penalty with a free weight the
scale does not matter, the order of sizes does.

**Source.** Fazel, Hindi & Boyd, ACC 2001; Fazel, PhD thesis, Stanford 2002, section 5.1; Recht, Fazel & Parrilo, SIAM
Review 2010; Amelunxen, Lotz, McCoy & Tropp, Information and Inference 2014 (number of measurements).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Cell, Finding, Measured, Study, Table, gather
from mien.studies.core.sweep import sweep
from mien.studies.nuclear_norm.envelope_checks import BEYOND, CHECKS, SCALED, checks, holds
from mien.studies.nuclear_norm.envelopes import MATRICES, RIVALS, VECTORS, Kind, rivalry
from mien.studies.nuclear_norm.figure import draw
from mien.studies.nuclear_norm.recoveries import NORM, SQUARES, freedom, half, needed, shares

KINDS = (MATRICES, VECTORS)


@dataclass(frozen=True, slots=True)
class Settings:
    """Samples and side of the checks; side, ranks, measurements, and trials of each cell of the recoveries."""

    samples: int = 200
    side: int = 6
    unknowns_side: int = 10
    ranks: tuple[int, ...] = (1, 2, 3, 4)
    counts: tuple[int, ...] = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
    trials: int = 4


Checked = Mapping[str, Mapping[str, Measured]]
"""Cost -> check or rival -> measured."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """By cost and rank: measurements at which half is recovered, and theory's number; by cost: least squares."""

    halves: Mapping[tuple[str, int], Measured]
    predicted: Mapping[tuple[str, int], float]
    squares: Mapping[str, Measured]


def check(kind: Kind, settings: Settings, seed: int) -> dict[str, float]:
    """All checks and rivals on one set of samples."""
    rng = np.random.default_rng(seed)
    samples = [kind.sample(rng, settings.side) for _ in range(settings.samples)]
    metrics = checks(kind, samples, rng)
    for name in RIVALS:
        metrics |= {f"{name}: {what}": share for what, share in rivalry(kind, samples, name).items()}
    return metrics


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """Hold norms against costs, and recover by the least norm."""
    side, counts = settings.unknowns_side, settings.counts
    checked = sweep("envelopes", KINDS, seeds, lambda kind, seed: check(kind, settings, seed))
    results = {kind.cost: gather(outcomes) for kind, outcomes in checked.items()}
    cases = [(kind.cost, rank) for kind in KINDS for rank in settings.ranks]
    curves = sweep(
        "recoveries",
        cases,
        seeds,
        lambda case, seed: shares(side, case[1], case[0] == VECTORS.cost, counts, settings.trials, seed),
    )
    means = {case: np.mean([outcome[NORM] for outcome in outcomes], axis=0) for case, outcomes in curves.items()}
    recovered = Recovered(
        {
            case: Measured(tuple(half(counts, outcome[NORM]) for outcome in outcomes))
            for case, outcomes in curves.items()
        },
        {(cost, rank): needed(side, rank, cost == VECTORS.cost) for cost, rank in cases},
        {kind.cost: _mean_share([curves[kind.cost, rank] for rank in settings.ranks]) for kind in KINDS},
    )
    return Finding(
        _table(results, recovered, settings),
        draw(means, recovered.predicted, counts, side),
        judge(results, recovered),
        asdict(settings),
        f"own: {settings.samples} random matrices {settings.side} x {settings.side + 2} and as many vectors of "
        f"{settings.side}; {settings.trials} recoveries of {side**2} unknowns a cell; all a seed",
    )


def _mean_share(curves: list[list[dict[str, list[float]]]]) -> Measured:
    return Measured(tuple(float(np.mean([outcome[SQUARES] for outcome in seed])) for seed in zip(*curves, strict=True)))


def _table(results: Checked, recovered: Recovered, settings: Settings) -> Table:
    costs = [kind.cost for kind in KINDS]
    rows: list[tuple[Cell, ...]] = [
        (name, should, *(results[cost][name] for cost in costs)) for name, (should, _, _) in CHECKS.items()
    ]
    for name in RIVALS:
        what = "above norm / above cost / not convex"
        rows.append((f"{name}: {what}", "none above the norm", *(_rival(results[cost], name) for cost in costs)))
    for rank in settings.ranks:
        entries = freedom(settings.unknowns_side, rank)
        theory = " and ".join(f"{recovered.predicted[cost, rank]:.0f}" for cost in costs)
        name = f"measurements for half of the recoveries, rank {rank} / {entries} entries"
        rows.append((name, theory, *(recovered.halves[cost, rank] for cost in costs)))
    rows.append(("share recovered by least squares", "0", *(recovered.squares[cost] for cost in costs)))
    return Table(("check", "should be", *(f"{kind.cost} and {kind.norm}" for kind in KINDS)), tuple(rows))


def _rival(results: Mapping[str, Measured], name: str) -> str:
    return " / ".join(
        f"{results[f'{name}: {what}'].mean:.0%}" for what in ("above the norm", "above the cost", "not convex")
    )


def judge(results: Checked, recovered: Recovered) -> str:
    """Words for checks, rivals and recoveries."""
    wrong = [
        f"{name} ({cost})" for cost, cells in results.items() for name in CHECKS if not holds(name, cells[name].values)
    ]
    lines = [_headline(results, recovered, wrong)]
    for kind in KINDS:
        cells = results[kind.cost]
        above = [name for name in RIVALS if cells[f"{name}: above the norm"].mean > 0]
        free = [name for name in above if not _breaks(cells, name)]
        lines.append(
            f"Of {len(RIVALS) - 1} rivals of {kind.norm}, {len(above)} are above it somewhere on the ball; of these "
            f"{len(above) - len(free)} are above {kind.cost} or not convex{f', NOT: {free}' if free else ''}."
        )
        lines.append(
            f"Outside: with sizes up to 3 {kind.norm} is above {kind.cost} in {cells[BEYOND].mean:.0%} of the samples; "
            "divided by the size it never is."
            if holds(SCALED, cells[SCALED].values)
            else f"Outside: {kind.norm} divided by the size is still above {kind.cost}."
        )
    return "\n".join([*lines, *_recoveries(recovered)])


def _breaks(cells: Mapping[str, Measured], name: str) -> bool:
    return any(cells[f"{name}: {what}"].mean > 0 for what in ("above the cost", "not convex"))


def _headline(results: Checked, recovered: Recovered, wrong: list[str]) -> str:
    if wrong:
        return f"The norms are NOT the envelopes of their costs in: {'; '.join(wrong)}."
    beyond = " and ".join(f"{results[kind.cost][BEYOND].mean:.0%}" for kind in KINDS)
    return (
        "For singular values up to 1 the nuclear norm is the largest convex function below the rank, as L1 is below L0 "
        f"for entries up to 1, in every check; with values up to 3 they are above rank and L0 in {beyond} of the "
        f"samples. {_off(recovered)}"
    )


def _off(recovered: Recovered) -> str:
    texts = []
    for kind in KINDS:
        off = [
            abs(midpoint.mean - recovered.predicted[case])
            for case, midpoint in recovered.halves.items()
            if case[0] == kind.cost
        ]
        known = [value for value in off if not np.isnan(value)]
        texts.append(f"{max(known):.0f} ({kind.cost})" if known else f"no number ({kind.cost})")
    return f"Half of the recoveries by the least norm come within {' and '.join(texts)} measurements of theory."


def _recoveries(recovered: Recovered) -> list[str]:
    lines = []
    for kind in KINDS:
        cells = [
            f"{rank}: {midpoint} (theory {recovered.predicted[name, rank]:.0f})"
            for (name, rank), midpoint in recovered.halves.items()
            if name == kind.cost
        ]
        what = "by rank" if kind is MATRICES else "by the rank with as many free numbers"
        lines.append(f"Measurements for half of the recoveries by the least {kind.norm}, {what}: {'; '.join(cells)}.")
    return lines


QUICK = Settings(samples=30, side=4, unknowns_side=6, ranks=(1, 2), counts=(6, 12, 18, 24, 30, 33), trials=3)
STUDY = Study(__doc__, run, Settings(), QUICK)
