"""Which loss for a number such as age: L2, L1, smooth L1, Huber, an interval, or classes with an expectation?

**Method.** The same small network learns ages from labels of which 0, 10 or 30 % are wrong (drawn anew, uniform in
0..90 years); its error is measured on clean held-out labels. The step size of Adam is chosen for each loss among a
few by its error on held-out labels that are as dirty as those of training, so that no loss wins by its step size.
Also measured: the length of the gradient at the start and at the end, and the steps until the error on clean held-out
labels reaches a goal, 1.25 times the noise floor (on faces: 10 years). Smooth L1 has its knee at 1 year, Huber at 5;
the interval is the label ± 3 years; classes are bins of 3 years, answered by their expectation (DEX) or their median.

**Derivation.** With the error e = prediction - label:

    L2        e^2                                          gradient 2 e, grows without bound
    L1        |e|                                          gradient sign(e), always 1 in size
    smooth L1 e^2 / (2 beta) below beta, |e| - beta / 2    gradient e / beta, then sign(e)
    Huber     e^2 / 2 below delta, delta (|e| - delta / 2) gradient e, then delta sign(e): delta times smooth L1
    interval  distance to [low, high]                      gradient 0 inside, sign outside
    classes   cross entropy of bins                        gradient p - y, each part below 1 in size

L2 is best where the label is the truth plus normal noise and its optimum is the mean of the labels, which outliers
pull; the optimum of L1 is their median, which they hardly move. The cross entropy of bins models the whole
distribution; the expectation of a bin distribution that has learnt the outliers too is pulled by them like a mean.

**Source.** Girshick, "Fast R-CNN", ICCV 2015 (smooth L1); Huber, Annals of Mathematical Statistics 1964; Rothe,
Timofte & Van Gool, "Deep expectation of real and apparent age", IJCV 2018 (DEX).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Cell, Finding, Measured, Study, Table, compare, difference, gather, short
from mien.studies.core.networks import Loss, Plan, first_below, fit, gradient_norm, network_for
from mien.studies.core.samples import Sample, ages, mislabel, shares, split
from mien.studies.core.sweep import sweep
from mien.train.losses import (
    dex_loss,
    expectation,
    huber_loss,
    interval_loss,
    l1_loss,
    l2_loss,
    smooth_l1_loss,
)

CENTER, UNIT, NOISE = 42.0, 20.0, 4.0
BINS = torch.arange(0.0, 91.0, 3.0)
FACE_GOAL = 10.0

SHAPES: dict[str, Callable[..., Tensor]] = {
    "L2": l2_loss,
    "L1": l1_loss,
    "smooth L1": lambda preds, target, **options: smooth_l1_loss(preds, target, beta=1.0, **options),
    "Huber": lambda preds, target, **options: huber_loss(preds, target, delta=5.0, **options),
    "interval": lambda preds, target, **options: interval_loss(
        preds, torch.stack([target - 3, target + 3], -1), **options
    ),
}
CLASSES, MEDIAN = "classes (expectation)", "classes (median)"
METHODS = (*SHAPES, CLASSES, MEDIAN)


@dataclass(frozen=True, slots=True)
class Settings:
    """Training samples, steps, the error in years that counts as reached, shares of wrong labels, step sizes to try."""

    train: int = 2000
    held_out: int = 2000
    steps: int = 2000
    every: int = 50
    goal: float = 5.0
    shares: tuple[float, ...] = (0.0, 0.1, 0.3)
    rates: tuple[float, ...] = (1e-3, 4e-3)


@dataclass(frozen=True, slots=True)
class _World:
    """Training with dirty labels, validation with dirty labels, test with clean ones."""

    train: Sample
    val: Sample
    test: Sample


@dataclass(frozen=True, slots=True)
class _Outcome:
    measures: dict[str, float]
    curve: list[float]


def decode(output: Tensor, method: str) -> Tensor:
    """Years (B,) of an output (B, 1), or the expectation or the median of bins of an output (B, K)."""
    if method == CLASSES:
        return expectation(output, BINS)
    return median(output) if method == MEDIAN else CENTER + UNIT * output[:, 0]


def median(logits: Tensor) -> Tensor:
    """Years (B,) below which half of the probability of the bins (B, K) lies, linear within a bin."""
    p = logits.softmax(1)
    below = p.cumsum(1)
    k = (below < 0.5).sum(1, keepdim=True).clamp(max=len(BINS) - 1)
    mass = p.gather(1, k)
    part = (0.5 - (below.gather(1, k) - mass)) / mass
    return (BINS[k] + (part - 0.5) * BINS[1])[:, 0]


def _loss(method: str) -> Loss:
    if method not in SHAPES:
        return lambda output, target: dex_loss(output, target, BINS)
    return lambda output, target: SHAPES[method](decode(output, method), target)


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """Train every loss with every share of wrong labels."""
    if faces:
        settings = replace(settings, steps=settings.steps // 2, rates=settings.rates[:1], goal=FACE_GOAL)
    cases = [(share, method) for share in settings.shares for method in METHODS]
    outcomes = sweep("regression-losses", cases, seeds, lambda case, seed: _best(case, seed, settings, faces))
    results = {case: gather([outcome.measures for outcome in runs]) for case, runs in outcomes.items()}
    curves = {case: np.mean([outcome.curve for outcome in runs], 0) for case, runs in outcomes.items()}
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (f"{share:.0%}", method, *results[share, method].values()) for share, method in cases
    )
    data = f"own: ages with normal noise of {NOISE:g} years, 10 features; {settings.train} for training"
    if faces:
        data = f"{faces.describe('age')}, 60 % for training"
    return Finding(
        Table(("wrong labels", "loss", *results[cases[0]]), rows),
        _draw(results, curves, settings),
        judge(results, settings.shares),
        asdict(settings),
        f"{data}; the error is taken on clean labels held out",
    )


def _world(share: float, seed: int, settings: Settings, faces: FaceSample | None) -> _World:
    if faces is None:
        sample = ages(settings.train + 2 * settings.held_out, seed)
        parts: tuple[int, ...] = (settings.train, settings.held_out, settings.held_out)
    else:
        sample = Sample(faces.image, faces.numbers("age").clamp(0, 90))
        parts = shares(len(faces), 0.6, 0.2, 0.2)
    train, val, test = split(sample, parts, seed)
    train, val = (Sample(part.x, mislabel(part.y, share, seed + k)) for k, part in enumerate((train, val)))
    return _World(train, val, test)


def _best(case: tuple[float, str], seed: int, settings: Settings, faces: FaceSample | None) -> _Outcome:
    """The outcome of the step size with the least error on dirty held-out labels."""
    share, method = case
    world = _world(share, seed, settings, faces)
    tried = [_train(method, rate, world, seed, settings) for rate in settings.rates]
    return min(tried, key=lambda trial: trial[0])[1]


def _train(method: str, rate: float, world: _World, seed: int, settings: Settings) -> tuple[float, _Outcome]:
    loss, train = _loss(method), world.train
    network = network_for(train.x, 1 if method in SHAPES else len(BINS), seed)
    network.eval()
    some = slice(0, 512)
    first = gradient_norm(network, loss, train.x[some], train.y[some])
    plan = Plan(settings.steps, learning_rate=rate, every=settings.every)
    curve = fit(network, loss, train.x, train.y, plan, seed, lambda network: _error(network, world.test, method))
    steps = first_below(curve, settings.goal, settings.every)
    measures = {
        "test MAE (years)": curve[-1],
        "gradient norm, start": first,
        "gradient norm, end": gradient_norm(network, loss, train.x[some], train.y[some]),
        "steps to goal": steps,
    }
    return _error(network, world.val, method), _Outcome(measures, curve)


@torch.no_grad()
def _error(network: nn.Module, sample: Sample, method: str) -> float:
    return float((decode(network(sample.x), method) - sample.y).abs().mean())


Results = Mapping[tuple[float, str], Mapping[str, Measured]]


def judge(results: Results, levels: tuple[float, ...]) -> str:
    """Words for the errors by share of wrong labels and loss."""
    clean, dirty, error, steps = levels[0], levels[-1], "test MAE (years)", "steps to goal"
    lines = []
    for share in (clean, dirty):
        for a, b in (
            ("L1", "L2"),
            ("smooth L1", "L1"),
            ("Huber", "L1"),
            (CLASSES, "L1"),
            (CLASSES, "L2"),
            (MEDIAN, "L1"),
        ):
            pair = (a, results[share, a][error]), (b, results[share, b][error])
            lines.append(compare(f"test MAE with {share:.0%} wrong labels (years)", *pair))
    losses = {m: results[dirty, m][error].mean - results[clean, m][error].mean for m in METHODS}
    order = sorted(losses, key=lambda m: losses[m])
    lines.append("Years lost to wrong labels: " + ", ".join(f"{m} {losses[m]:.2f}" for m in order) + ".")
    lines.append(
        compare("steps with clean labels", ("L2", results[clean, "L2"][steps]), ("L1", results[clean, "L1"][steps]))
    )
    lines.append(
        compare(
            "steps with clean labels", (CLASSES, results[clean, CLASSES][steps]), ("L2", results[clean, "L2"][steps])
        )
    )
    norm = "gradient norm, start"
    ratio = results[clean, "L2"][norm].mean / results[clean, "L1"][norm].mean
    fewer = difference(results[clean, "L2"][steps], results[clean, "L1"][steps]).sign < 0
    lines.append(
        f"The gradient of L2 is {short(ratio, 2)} times as long as that of L1 at the start, and L2 "
        f"{'needs fewer steps' if fewer else 'does not surely need fewer steps'} (Adam divides the length out)."
    )
    return "\n".join([_headline(results, clean, dirty), *lines])


def _headline(results: Results, clean: float, dirty: float) -> str:
    error = "test MAE (years)"

    def ranking(share: float) -> str:
        best = min(METHODS, key=lambda m: results[share, m][error].mean)
        rivals = [
            m
            for m in METHODS
            if m != best and not difference(results[share, m][error], results[share, best][error]).sign
        ]
        equal = f" (not surely apart: {', '.join(rivals)})" if rivals else ""
        return f"with {share:.0%} wrong labels {best} has the least error{equal}"

    robust = difference(results[dirty, "L1"][error], results[dirty, "L2"][error]).sign
    words = {-1: "is more robust than", 0: "is not surely more robust than", 1: "is less robust than"}[robust]
    return f"{_upper(ranking(clean))}; {ranking(dirty)}; L1 {words} L2."


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _draw(results: Results, curves: Mapping[tuple[float, str], np.ndarray], settings: Settings) -> Figure:
    figure = Figure(figsize=(11, 8), layout="constrained")
    (loss, gradient), (error, speed) = figure.subplots(2, 2)
    e = torch.linspace(-12, 12, 481, requires_grad=True)
    for (name, shape), style in zip(SHAPES.items(), ("-", "--", ":", "-", "-."), strict=True):
        value = shape(e, torch.zeros_like(e), reduction="none")
        (slope,) = torch.autograd.grad(value.sum(), e)
        loss.plot(e.detach(), value.detach(), ls=style, label=name)
        gradient.plot(e.detach(), slope, ls=style, label=name)
    loss.set(title="loss", xlabel="error (years)", ylim=(0, 40))
    gradient.set(title="gradient", xlabel="error (years)", ylim=(-8, 8))
    dirty = settings.shares[-1]
    for method in METHODS:
        cells = [results[share, method]["test MAE (years)"] for share in settings.shares]
        percent = [100 * share for share in settings.shares]
        error.errorbar(percent, [c.mean for c in cells], [c.spread for c in cells], capsize=3, marker="o", label=method)
        curve = curves[dirty, method]
        speed.plot(np.arange(len(curve)) * settings.every, curve, label=method)
    error.set(title="error on clean labels", xlabel="wrong labels in training (%)", ylabel="MAE (years)")
    speed.set(title=f"learning with {dirty:.0%} wrong labels", xlabel="steps", ylabel="test MAE (years)", ylim=(3, 15))
    for axes in figure.axes:
        axes.grid(alpha=0.3)
    loss.legend()
    error.legend(fontsize=8)
    return figure


QUICK = Settings(train=1000, held_out=1000, steps=600, every=25, shares=(0.0, 0.3), rates=(4e-3,))
STUDY = Study(__doc__, run, Settings(), QUICK, takes_faces=True)
