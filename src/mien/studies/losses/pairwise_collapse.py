"""Does softmax-comp loss without a margin collapse to a constant score, and what should be used instead?

**Method.** A small network learns a score from pairs of which one was said to be preferred: with all answers right,
with 20 % wrong, or with the 30 % nearest pairs called a tie. Losses: softmax-comp on the sigmoid of the score with
margin 0, 0.1 and 0.3, hinge on raw scores with margin 1, RankNet (which is Bradley-Terry without ties), Bradley-Terry
with a learnt tie parameter; a linear ranking SVM (hinge on differences of features with an L2 penalty) as baseline.
Starts: the usual random weights; the weights of the last layer 0, so that all scores are equal; all scores near 1
(bias 6, where the sigmoid is flat); the usual weights with weight decay of 0.1. Measured on held-out pairs with true
answers: the share in the right order (ties count half), the spread (standard deviation) of the scores that the loss
sees, and whether the scorer is constant (spread below 0.001).

**Derivation.** L = max(0, s_loser - s_winner + m) with s in 0..1. With m = 0 every constant s has L = 0, the least
value there is, and no gradient leads away from it on a tie. Worse, let a share q of the answers be wrong: a pair with
true gap d = s_better - s_worse costs on average (1 - q) max(0, -d) + q max(0, d), which for d > 0 is q d > 0. *Every*
scorer that tells people apart costs more than the constant one, so training on noisy answers drives the scores
together; the order survives only as long as the collapse is not complete. A margin m > 0 makes the constant cost m,
and a gap of at least m in each right pair pays while q < 1/2. On raw scores the margin fixes their scale; RankNet and
Bradley-Terry are likelihoods, -log sigmoid(s_winner - s_loser), whose optimum is the log-odds log((1 - q) / q), not
zero.

**Source.** Herbrich, Graepel & Obermayer, "Large margin rank boundaries for ordinal regression", 2000 (ranking SVM);
Joachims, KDD 2002; Burges et al., ICML 2005 (RankNet); Bradley & Terry, Biometrika 1952; Davidson, JASA 1970 (ties).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Cell, Finding, Measured, Study, Table, compare, difference, gather
from mien.studies.core.networks import Plan, fit, generator
from mien.studies.core.samples import latent, pairs
from mien.studies.core.sweep import sweep
from mien.studies.losses.scorers import (
    COMP,
    COMP_MARGIN,
    DECAY,
    FLAT,
    HINGE,
    LOSSES,
    METHODS,
    RANKNET,
    SAME,
    SVM,
    TIES,
    USUAL,
    Scorer,
    scoring_network,
)
from mien.train.losses import is_constant_scorer

RIVALS = (COMP_MARGIN, HINGE, RANKNET)
RIGHT, WRONG, TIED = "all right", "20 % wrong", "30 % ties"
ORDER, SPREAD, CONSTANT = "pairs in order (share)", "spread of scores", "constant (share of runs)"


@dataclass(frozen=True, slots=True)
class Settings:
    """People, pairs for training, steps, kinds of answers, starts."""

    people: int = 1000
    pairs: int = 4000
    steps: int = 1500
    every: int = 100
    answers: tuple[str, ...] = (RIGHT, WRONG, TIED)
    starts: tuple[str, ...] = (USUAL, SAME, FLAT, DECAY)


@dataclass(frozen=True, slots=True)
class World:
    """People x (N, ...); pairs (P, 2) as told, with target (P,) 1 or 0.5 for a tie; test pairs (P, 2), better first."""

    x: Tensor
    train: Tensor
    target: Tensor
    test: Tensor


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of training."""

    answers: str
    start: str
    method: str


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """Train every loss from every start with every kind of answers."""
    if faces:
        settings = replace(settings, steps=settings.steps // 4, answers=(RIGHT, WRONG), starts=settings.starts[:1])
    cases = [
        Case(a, s, m) for a in settings.answers for s in settings.starts for m in METHODS if m != SVM or s == USUAL
    ]
    outcomes = sweep("pairwise-collapse", cases, seeds, lambda case, seed: _train(case, seed, settings, faces))
    results = {case: gather([metrics for metrics, _ in runs]) for case, runs in outcomes.items()}
    curves = {case: np.mean([curve for _, curve in results], 0) for case, results in outcomes.items()}
    rows: tuple[tuple[Cell, ...], ...] = tuple((c.answers, c.start, c.method, *results[c].values()) for c in cases)
    data = f"own: {settings.people} people of 10 features, half of them for test"
    if faces:
        data = f"{faces.describe('rating', 'age')}, half of them for test"
    return Finding(
        Table(("answers", "start", "loss", *results[cases[0]]), rows),
        _draw(results, curves, settings),
        judge(results),
        asdict(settings),
        f"{data}; {settings.pairs} pairs for training",
    )


def make_world(answers: str, seed: int, settings: Settings, faces: FaceSample | None = None) -> World:
    """People are split first, so that no one is in both kinds of pairs."""
    if faces:
        x, value = faces.image, faces.numbers(faces.first_of("rating", "age"))
    else:
        x = torch.randn(settings.people, 10, generator=generator(seed))
        value = latent(x, seed)
    order = torch.randperm(len(x), generator=generator(seed))
    train_rows, other = order[len(x) // 2 :], order[: len(x) // 2]
    train = train_rows[pairs(value[train_rows], settings.pairs, 0.2 if answers == WRONG else 0.0, seed)]
    target = torch.ones(len(train))
    if answers == TIED:
        gap = value[train[:, 0]] - value[train[:, 1]]
        target[gap < gap.quantile(0.3)] = 0.5
    return World(x, train, target, other[pairs(value[other], settings.pairs, 0.0, seed + 1)])


def _train(case: Case, seed: int, settings: Settings, faces: FaceSample | None) -> tuple[dict[str, float], list[float]]:
    """Measures at the end, and the spread of the scores on the way."""
    world = make_world(case.answers, seed, settings, faces)
    scorer = Scorer(scoring_network(case.method, case.start, world.x, seed), world.x, case.method)
    people = torch.unique(world.test)[:, None]
    plan = Plan(settings.steps, 32, weight_decay=0.1 if case.start == DECAY else 0.0, every=settings.every)
    curve = fit(scorer, scorer.loss, world.train, world.target, plan, seed, lambda _: float(scorer.seen(people).std()))
    return measures(scorer.seen(world.test), scorer.seen(people)), curve


def measures(scores: Tensor, people: Tensor) -> dict[str, float]:
    """Order of scores (P, 2) of pairs whose first is better, ties counting half; spread of people's scores (N, 1)."""
    a, b = scores.double().unbind(1)
    order = (a > b).double() + 0.5 * (a == b).double()
    return {
        ORDER: float(order.mean()),
        SPREAD: float(people.std()),
        CONSTANT: float(is_constant_scorer(people.flatten(), tolerance=1e-3)),
    }


Results = Mapping[Case, Mapping[str, Measured]]


def judge(results: Results) -> str:
    """Words for order, spread and collapse."""
    lines = [_headline(results)]
    for answers, start in dict.fromkeys((case.answers, case.start) for case in results):
        here = {m: results[Case(answers, start, m)] for m in METHODS if Case(answers, start, m) in results}
        setting = f"answers {answers}, start {start}"
        for other in RIVALS if start == USUAL else (RANKNET,):
            pair = (COMP, here[COMP][ORDER]), (other, here[other][ORDER])
            lines.append(compare(f"pairs in order, {setting}", *pair))
        constant = [f"{m} ({here[m][CONSTANT].mean:.0%} of runs)" for m in here if here[m][CONSTANT].mean > 0]
        if constant:
            lines.append(f"Constant scorers, {setting}: {', '.join(constant)}.")
    for answers in dict.fromkeys(case.answers for case in results):
        best = max(METHODS, key=lambda m, a=answers: results[Case(a, USUAL, m)][ORDER].mean)  # type: ignore[misc]
        lines.append(
            f"Most pairs in order, {answers}, usual start: {best} ({results[Case(answers, USUAL, best)][ORDER]})."
        )
    return "\n".join(lines)


def _headline(results: Results) -> str:
    settings = list(dict.fromkeys((case.answers, case.start) for case in results))
    collapsed = [pair for pair in settings if results[Case(*pair, COMP)][CONSTANT].mean > 0]
    worse = [pair for pair in settings if _behind(results, pair)]
    others = [pair for pair in settings if any(results[Case(*pair, m)][CONSTANT].mean > 0 for m in RIVALS)]
    return (
        f"Of {len(settings)} settings (answers / start) margin 0 makes a scorer constant in some run of "
        f"{len(collapsed)} and orders fewer pairs than RankNet in {len(worse)}; margin 0.3, hinge or RankNet in "
        f"{len(others)}. {_to_use(results, settings)}\n"
        f"Constant scorers with margin 0 in {_list(collapsed, settings)}; fewer pairs in order than with RankNet in "
        f"{_list(worse, settings)}."
    )


def _behind(results: Results, pair: tuple[str, str]) -> bool:
    return difference(results[Case(*pair, COMP)][ORDER], results[Case(*pair, RANKNET)][ORDER]).sign < 0


def _list(some: Sequence[tuple[str, str]], settings: Sequence[tuple[str, str]]) -> str:
    if len(some) in (0, len(settings)):
        return "all settings" if some else "none"
    return ", ".join(f"{answers} / {start}" for answers, start in some)


def _to_use(results: Results, settings: list[tuple[str, str]]) -> str:
    """The networks' losses that are not surely behind the best one of any setting."""
    methods = (*LOSSES, TIES)

    def behind(method: str, pair: tuple[str, str]) -> bool:
        best = max(methods, key=lambda m: results[Case(*pair, m)][ORDER].mean)
        return difference(results[Case(*pair, method)][ORDER], results[Case(*pair, best)][ORDER]).sign < 0

    safe = [m for m in methods if not any(behind(m, pair) for pair in settings)]
    return f"Not surely behind the best loss of any setting: {', '.join(safe) or 'none'}."


def _draw(results: Results, curves: Mapping[Case, np.ndarray], settings: Settings) -> Figure:
    figure = Figure(figsize=(12, 7.5), layout="constrained")
    panels = figure.subplots(2, len(settings.answers), squeeze=False)
    for column, answers in enumerate(settings.answers):
        order, spread = panels[:, column]
        for k, start in enumerate(settings.starts):
            cases = [Case(answers, start, m) for m in METHODS]
            cells = [results[c][ORDER] if c in results else Measured((float("nan"),)) for c in cases]
            places = np.arange(len(METHODS)) + 0.2 * (k - 1)
            order.errorbar(places, [c.mean for c in cells], [c.spread for c in cells], fmt="o", capsize=3, label=start)
        order.set_xticks(range(len(METHODS)), METHODS, rotation=35, ha="right", fontsize=8)
        order.axhline(0.5, color="gray", ls=":")
        order.set(title=f"pairs in order, answers {answers}")
        for method in METHODS:
            curve = curves[Case(answers, USUAL, method)]
            style = "k-" if method == COMP else "-"
            spread.plot(np.arange(len(curve)) * settings.every, np.maximum(curve, 1e-6), style, label=method)
        spread.set(title=f"spread, usual start, {answers}", xlabel="steps", yscale="log", ylim=(1e-5, 20))
    for axes in figure.axes:
        axes.grid(alpha=0.3)
    panels[0, 0].legend(title="start", fontsize=8)
    handles, names = panels[1, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(METHODS), fontsize=8, title="spread of scores")
    return figure


QUICK = Settings(people=400, pairs=1000, steps=400, every=25, answers=(RIGHT, WRONG), starts=(USUAL, SAME))
STUDY = Study(__doc__, run, Settings(), QUICK, takes_faces=True)
