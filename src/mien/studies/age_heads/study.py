"""Which head tells an age best, with all else equal: a number, a number with a spread, ranks or a distribution?

**Method.** The heads are those of `mien.train.tasks.age.AgeTask` with their losses, and the ages and spreads are
decoded by `mien.estimates.age_value`: what is compared is what the product trains and ships. Body, first weights of the
body, faces, batches, steps and step size (Adam, falling in a line to 0) are the same for all. L1 and DEX are also
trained with mixup, and DEX with smoothed labels. On clean labels of held-out faces: the mean absolute error (MAE), also
by decade of age; the share of errors of at most 5 years (CS@5); the bias (answer less age); how often the 90 %
interval of the head's own spread covers the age; coverage and width of the split-conformal 90 % interval of the
product, fitted on other held-out faces; CPU seconds of training without the looks at the error; the steps until the
error reaches a goal. Then all is trained again with 10 % and 30 % of wrong labels, drawn anew, uniform in 0..90 years.
Differences are told head by head, without a correction for their number.

**Derivation.** What a head answers is what minimises its expected loss over p(age | face):

    l2                          mean of the ages: wrong labels pull it in proportion to their share and distance
    l1, smooth_l1               median, which a share of wrong labels moves only by a few ranks
    normalized_l1, piecewise_l1 median of p(age) w(age): below the median where the weight w falls with age
    laplace                     median, and b = mean |error|: the gradient sign(e) / b counts sure faces more
    gaussian                    mean, and the variance: the gradient e / v counts sure faces more
    dex, dldl, mean_variance    mean of a distribution that is learnt bin by bin, wrong labels with the rest
    coral                       sum over k of P(age > k), which is the mean again

A normal error lies within 1.645 deviations, a Laplace error within ln(10) = 2.303 b in 90 % of cases; the conformal
interval covers 90 % whatever the distribution of the errors is, and is the narrower the better the head orders faces
by how sure it is.

**Source.** Rothe, Timofte & Van Gool, IJCV 2018 (DEX); Gao et al., IJCAI 2018 (DLDL-v2); Pan et al., CVPR 2018
(mean-variance); Cao, Mirjalili & Raschka, PRL 2020 (CORAL); Kendall & Gal, NeurIPS 2017 (a learnt spread);
Papadopoulos et al., ECML 2002 (conformal interval); Zhang et al., ICLR 2018 (mixup); Szegedy et al., CVPR 2016
(smoothing).
"""

from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np

from mien.studies.age_heads.figures import draw
from mien.studies.age_heads.measures import BIAS, CONFORMAL, CS5, DECADES, MAE, OWN, WIDTH, decade_name
from mien.studies.age_heads.runs import (
    GROWTH,
    METHODS,
    NOISE,
    SECONDS,
    STEPS,
    Method,
    Outcome,
    Settings,
    World,
    constant_error,
    make_world,
    train,
)
from mien.studies.age_heads.verdicts import Results, judge
from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Cell, Finding, Measured, Study, Table, gather, short
from mien.studies.core.sweep import sweep

FACE_GOAL = 11.0
Case = tuple[float, Method]


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """Train every head with every share of wrong labels."""
    if faces:
        settings = replace(settings, goal=FACE_GOAL)
    worlds = {seed: make_world(seed, settings, faces) for seed in seeds}
    # The first steps of a process are slow, and would be charged to the first head.
    train(METHODS[0], 0.0, seeds[0], replace(settings, steps=min(settings.steps, 50)), worlds[seeds[0]])
    cases = [(share, method) for share in settings.shares for method in METHODS]
    outcomes = sweep(
        "age-heads", cases, seeds, lambda case, seed: train(case[1], case[0], seed, settings, worlds[seed])
    )
    results = {
        (share, method.name): gather([outcome.measures for outcome in outcomes[share, method]])
        for share, method in cases
    }
    return Finding(
        table(results, settings.shares),
        draw(results, _curves(outcomes), settings),
        judge(results, settings.shares),
        asdict(settings),
        describe(faces, worlds[seeds[0]], Measured(tuple(constant_error(world) for world in worlds.values()))),
    )


def table(results: Results, levels: tuple[float, ...]) -> Table:
    """A row for each head: all measures with clean labels, the error with wrong ones."""
    clean, *dirty = levels
    decades = [decade_name(start) for start in DECADES]
    names = [MAE, CS5, BIAS, OWN, CONFORMAL, WIDTH, SECONDS, STEPS]
    wrong = [f"MAE, {share:.0%} wrong labels" for share in dirty]

    def row(method: str) -> tuple[Cell, ...]:
        metrics = results[clean, method]
        cells: list[Cell] = [
            "no spread" if name == OWN and np.isnan(metrics[OWN].mean) else metrics[name] for name in names
        ]
        cells += [results[share, method][MAE] for share in dirty]
        return (method, *cells, *(metrics[name] for name in decades))

    return Table(("head", *names, *wrong, *decades), tuple(row(method.name) for method in METHODS))


def describe(faces: FaceSample | None, world: World, constant: Measured) -> str:
    """Where the ages come from, how many, and what one answer for all would give."""
    synthetic = (
        f"own: ages with normal noise of {NOISE:g} years and {GROWTH:g} years more for each year of age, 10 features"
    )
    parts = f"{len(world.train)} to learn from, {len(world.held_out)} for the intervals, {len(world.test)} to measure"
    source = faces.describe("age") if faces else synthetic
    return f"{source}; {parts}; the median age as the answer for all has an MAE of {short(constant.mean)} years"


def _curves(outcomes: Mapping[Case, list[Outcome]]) -> dict[str, list[float]]:
    """Mean over seeds of the watched errors, by head."""
    watched = {
        method.name: [outcome.curve for outcome in runs] for (share, method), runs in outcomes.items() if share == 0
    }
    return {name: np.mean(curves, 0).tolist() for name, curves in watched.items()}


QUICK = Settings(train=600, held_out=400, steps=150, goal=8.0, shares=(0.0, 0.3))
STUDY = Study(__doc__, run, Settings(), QUICK, takes_faces=True)
