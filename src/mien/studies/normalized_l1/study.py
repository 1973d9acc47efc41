"""Does the piecewise weighted L1 loss become the normalised L1 loss as its pieces shrink, and what does normalising do?

**Method.** The normalised loss is |e| / s(y) with s(y) = 2 + 0.2 y years; the piecewise loss has n equal pieces of
0..90 years, each with the weight 1 / s in its middle. On ages with normal errors, in float64: the largest deviations
of the loss and of its gradient between both, and of the mean loss over labels that fill 0..90 evenly; the order of
convergence is the slope of log deviation against log n over the finer half of the pieces. Then networks learn from
the same first weights and batches with either loss, and the mean distance of their answers on held-out samples is
taken. It cannot fall to zero: training lets roundings grow, so the same is measured between two networks whose losses
differ by a factor of 1.000001, and between two seeds. Last, networks learn with Adam from L1, from pieces with
weights set by hand (those of the age task), from the normalised loss with the formula, and from the normalised loss
with a scale learnt on the way (`RunningScale`, pieces of 5 years): on ages whose noise grows with age and on ages whose
noise is alike. Relative error: |e| / (age + 1 year), below 20 years.

**Derivation.** With w(y) = 1 / s(y), pieces of length h and their middles m:

    gradient   sign(e) w(m) against sign(e) w(y)      apart by at most max |w'| h / 2 = (0.2 / 2^2) h / 2: order 1
    loss       |e| w(m) against |e| w(y)              apart by |e| times that: order 1
    mean loss  mean of w(m) - w(y) over a piece       the slope cancels, - w''(m) h^2 / 24 is left: order 2

No weight is left to choose by hand but those of s, two numbers here; a scale learnt as the mean |e| of each age leaves
none. What is learnt changes: the answer that minimises the mean of |f - y| w(y) over p(y | x) is the median of
p(y | x) w(y). Where w falls with age it lies below the median of p, by the more the less sure x is: normalised
answers are too young.

**Source.** The losses are `normalized_l1_loss`, `piecewise_weighted_l1_loss` and `RunningScale` of `mien.train.losses`;
weighted medians: Koenker & Bassett, Econometrica 1978.
"""

from dataclasses import asdict

import torch

from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Cell, Finding, Study, Table, gather
from mien.studies.core.networks import generator
from mien.studies.core.sweep import sweep
from mien.studies.normalized_l1.figure import draw
from mien.studies.normalized_l1.runs import (
    ALIKE,
    APART,
    ERRORS,
    GRADIENT,
    GROWING,
    LOSS,
    MEAN,
    RIVALS,
    Settings,
    answers_apart,
    deviations,
    learn,
    make_world,
    piece_name,
    usual,
)
from mien.studies.normalized_l1.verdicts import Results, judge


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """The losses beside each other, then networks that learn from each."""
    kinds = (f"ages of {faces.name}",) if faces else (GROWING, ALIKE)
    worlds = {(kind, seed): make_world(kind, seed, settings, faces) for kind in kinds for seed in seeds}

    def beside(count: int, seed: int) -> dict[str, float]:
        age = worlds[kinds[0], seed][1].y
        return deviations(count, age + usual(age) * torch.randn(len(age), generator=generator(seed)), age)

    counts = tuple(2**k for k in range(settings.finest.bit_length()))
    losses = sweep("losses", counts, seeds, beside)
    apart = sweep("answers", kinds[:1], seeds, lambda kind, seed: answers_apart(seed, settings, worlds[kind, seed]))
    cases = [(kind, method) for kind in kinds for method in RIVALS]
    errors = sweep("errors", cases, seeds, lambda case, seed: learn(case[1], seed, settings, worlds[case[0], seed]))
    results = Results(
        {count: gather(losses[count]) for count in counts},
        gather(apart[kinds[0]]),
        {case: gather(errors[case]) for case in cases},
    )
    train, test = worlds[kinds[0], seeds[0]]
    source = faces.describe("age") if faces else "own: ages with normal noise of 1 + 0.1 age or of 4 years, 10 features"
    return Finding(
        table(results, kinds),
        draw(results, kinds),
        judge(results, kinds),
        asdict(settings),
        f"{source}; {len(train)} to learn from, {len(test)} to measure",
    )


def table(results: Results, kinds: tuple[str, ...]) -> Table:
    """Pieces against the normalised loss, then the errors of the rivals; what was not measured is empty."""
    named = {piece_name(count): count for count in results.losses}
    rows: list[tuple[Cell, ...]] = []
    for name in (*named, *(other for other in results.apart if other not in named)):
        beside = [results.losses[named[name]][key] if name in named else "" for key in (GRADIENT, LOSS, MEAN)]
        rows.append((kinds[0], name, *beside, results.apart.get(name, ""), *[""] * len(ERRORS)))
    for (kind, method), cells in results.errors.items():
        rows.append((kind, method, *[""] * 4, *(cells[name] for name in ERRORS)))
    return Table(("data", "loss", GRADIENT, LOSS, MEAN, APART, *ERRORS), tuple(rows))


QUICK = Settings(train=800, test=600, steps=200, pieces=(1, 4, 16, 64), finest=128)
STUDY = Study(__doc__, run, Settings(), QUICK, takes_faces=True)
