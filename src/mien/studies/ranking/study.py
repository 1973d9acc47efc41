"""Which loss learns a score of faces best from comparisons, and what should be said about each pair?

**Method.** Faces of `scut_fbp5500` and `mebeauty` are scored by networks that differ in their loss alone: softmax-comp
on the sigmoid of the score, without and with a margin; hinge on raw scores; RankNet; Bradley-Terry with a learnt tie
parameter, for which two means within their error are a tie; L2 on the mean ratings. The comparing losses are told of
each pair of a batch, within one set and sex, who has the higher mean (*hard*), the same weighted by the gap of the
means (*gap*), or the share of raters that would prefer the first (*share*). To make that many trainings small, and
equal in all but the loss, the convolutions of the shipped age network are frozen; their maps of each face, of its
mirror image and of changed views are computed once; the layers behind them and a new head learn. So this compares
losses on top of one representation, in short trainings: the numbers are below those of the shipped model, and a loss
that gains from a whole training is not seen to. A linear ranking SVM and ridge regression read the pooled features of
the age network as they are. Step size, weight decay and margin are chosen for each method among equally many points of
one Sobol sequence (C and alpha on a grid of as many), by the pairs in order of held-out training faces; test faces
choose nothing. Seeds draw the held-out faces, the head, the batches and the views; the test faces, the official ones,
are the same for all, so that the spread over seeds is not that over faces. Measured: the share of test pairs of one sex
in the order of their means, of pairs whose means differ by more than 1.96 standard errors; correlations with the mean
ratings (PLCC, SRCC), mean over both sexes; the standard deviation of the scores as the loss sees them; whether the
scorer is constant (below 0.001), and the pairs in order when scores are rounded to three decimals. `scut_fbp5500` comes
with means alone: the spread of its raters is a constant of the package (`mien.datasets.labels.RATER_SPREAD`).
The spread of `mebeauty` holds how strict each rater is as well, which a comparison within one rater does not: shares
are nearer to one half than those of real comparisons.

**Derivation.** With p the share that prefers a to b, and d = s_a - s_b, the expected losses are, where |d| is below the
margin m,

    hinge, softmax-comp  p max(0, m - d) + (1 - p) max(0, m + d) = m - (2 p - 1) d
    margin 0             (1 - p) d for d > 0: every scorer that tells two faces apart pays, a constant one does not
    RankNet              least at d = log p / (1 - p), for a hard target at no finite d

A share is for a hinge no more than a hard target of weight 2 p - 1, which is the gap weighting that levels off; d goes
to m whatever p is. RankNet alone learns how sure raters are. Under Thurstone's case III p = Phi(gap / sqrt(std_a^2 +
std_b^2)), and log p / (1 - p) is about 1.7 times that ratio: the score is the mean rating again, in units of the
disagreement. With margin 0 and hard targets a pair that the network orders rightly costs nothing; one that it cannot
order, because the faces show too little, costs in proportion to the scale of all scores, and draws them together. With
shares every pair does. `pairwise-collapse` shows the same on drawn data, with wrong answers and bad starts.

**Source.** Thurstone, "A law of comparative judgment", Psychological Review 34, 1927 (case III); Herbrich, Graepel &
Obermayer, "Large margin rank boundaries for ordinal regression", 2000; Joachims, KDD 2002 (ranking SVM); Burges et al.,
ICML 2005 (RankNet); Bradley & Terry, Biometrika 39, 1952; Davidson, JASA 65, 1970 (ties); data: Liang et al., ICPR 2018
(SCUT-FBP5500); Lebedeva, Guo & Ying, "MEBeauty", Neural Computing and Applications 2022.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from mien.studies.core.finding import Cell, Finding, Study, Table, gather, short
from mien.studies.core.sweep import sweep
from mien.studies.ranking.faces import World, load_world
from mien.studies.ranking.figure import draw
from mien.studies.ranking.linear import RANGE, choose_penalty, embed, train_linear
from mien.studies.ranking.runs import METHODS, Constants, Outcome, Settings, choose, train
from mien.studies.ranking.verdicts import Results, judge


def run(settings: Settings, seeds: tuple[int, ...], folder: Path) -> Finding:
    """Choose the constants of every method, then train it with every seed."""
    return compare_losses(load_world(folder, settings.views, settings.cut, settings.limit), settings, seeds)


def compare_losses(world: World, settings: Settings, seeds: tuple[int, ...]) -> Finding:
    """The study on faces that are there."""
    networks = {method.name: method for method in METHODS}
    embedded = embed(world)
    chosen = sweep("ranking-losses: constants", METHODS, (0,), lambda method, _: choose(method, world, settings))
    constants = {method.name: choice[0] for method, choice in chosen.items()}
    penalties = {name: choose_penalty(name, world, embedded, settings) for name in RANGE}

    def outcome(name: str, seed: int) -> Outcome:
        if name in penalties:
            return train_linear(name, penalties[name], seed, world, embedded, settings)
        return train(networks[name], constants[name], seed, world, settings)

    outcomes = sweep("ranking-losses", (*networks, *penalties), seeds, outcome)
    results = {name: gather([each.measures for each in runs]) for name, runs in outcomes.items()}
    curves = {name: np.mean([each.curve for each in runs], 0) for name, runs in outcomes.items() if name in networks}
    choices = {name: describe(constant) for name, constant in constants.items()}
    choices |= {name: f"penalty {short(penalty)}" for name, penalty in penalties.items()}
    return Finding(
        table(results, choices), draw(results, curves, settings), judge(results), asdict(settings), describe_data(world)
    )


def describe(constants: Constants) -> str:
    """The constants that were chosen, in words."""
    margin = f", margin {short(constants.margin, 2)}" if constants.margin else ""
    return f"step {short(constants.learning_rate, 2)}, decay {short(constants.weight_decay, 2)}{margin}"


def table(results: Results, choices: dict[str, str]) -> Table:
    """A row for each method."""
    names = list(next(iter(results.values())))

    def row(method: str) -> tuple[Cell, ...]:
        return (method, *(results[method].get(name, "none") for name in names), choices[method])

    return Table(("loss, target", *names, "chosen"), tuple(row(method) for method in results))


def describe_data(world: World) -> str:
    """Faces of each set and sex."""
    counts = [(np.bincount(part.group, minlength=len(world.groups))) for part in (world.train, world.test)]
    each = [f"{name} {learn} / {test}" for name, learn, test in zip(world.groups, *counts, strict=True)]
    return f"rated by at least 10 raters, to learn from (of which some are held out) / to measure on: {', '.join(each)}"


QUICK = Settings(limit=300, views=1, trials=2, steps=100)
STUDY = Study(__doc__, run, Settings(), QUICK, needs_folder=True)
