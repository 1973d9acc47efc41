"""Why mean squared error for regression and cross entropy for classification, and what happens the other way round?

**Method.** *Classification:* logistic regression and a small network with a sigmoid answer p learn with cross entropy
and with the squared error (p - y)^2, from an unbiased start and from one that is sure and wrong (bias -8 while half
of the samples are positive); plain gradient descent, the step size chosen for each among a few by its accuracy on
held-out samples. Measured: accuracy on test samples, steps until it is within 2 % of the best possible, the slope of
each loss at a sure wrong answer, and the share of random weights where the Hessian of a logistic regression has a
negative eigenvalue (not convex). *Regression:* the same network learns a number with the squared error and with the
cross entropy of bins (expectation as the answer; and the top bin), once with normal noise, once where one input has
two likely answers. Measured: mean absolute and root mean squared error.

**Derivation.** Both losses are the negative log-likelihood of an assumption about the label. Normal noise of fixed
deviation s gives (y - f)^2 / (2 s^2) + const: the squared error. A Bernoulli label gives -y log p - (1 - y) log(1 -
p): cross entropy. For p = sigmoid(z), with dp / dz = p (1 - p):

    cross entropy   dL / dz = p - y                    size 1 when sure and wrong
    squared error   dL / dz = 2 (p - y) p (1 - p)      fades to 0 when sure and wrong: a plateau

The second derivative of cross entropy, p (1 - p), is never negative; that of the squared error, 2 p (1 - p) (p (1 -
p) + (p - y) (1 - 2 p)), is negative wherever p is far off y. For regression the cross entropy of bins assumes nothing
about the shape of the noise; it pays with bins, and forgets their order unless the answer is an expectation.

**Source.** Bishop, "Pattern Recognition and Machine Learning", 2006, sections 3.1.1 and 4.3.2; Goodfellow, Bengio &
Courville, "Deep Learning", 2016, section 6.2.2; Imani & White, "Improving Regression Performance with Distributional
Losses", ICML 2018.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Cell, Finding, Measured, Study, Table, compare, difference, gather
from mien.studies.core.networks import Plan, first_below, fit, last_layer, network_for, predict
from mien.studies.core.samples import Sample, ages, logistic, shares, split, two_sided
from mien.studies.core.sweep import sweep
from mien.studies.losses.binary_losses import (
    CE,
    DENSITY,
    MSE,
    binary_losses,
    likelihoods,
    loss_along,
    not_convex,
    slope,
)
from mien.train.losses import dex_loss, expectation, l2_loss

EVEN, WRONG = "even start", "sure and wrong start"
BINS = torch.arange(0.0, 91.0, 3.0)
ANSWERS = ("squared error", "bins, expectation", "bins, top bin")
CENTER, UNIT = 42.0, 20.0
ACCURACY, REACHED, FINAL_MAE, FINAL_RMSE = "accuracy", "steps to 2 % of the best", "MAE (years)", "RMSE (years)"


Results = Mapping[tuple[str, str], Mapping[str, Measured]]


@dataclass(frozen=True, slots=True)
class Settings:
    """Samples, steps, step sizes to choose from, random weights for the Hessian, bias of the wrong start."""

    train: int = 2000
    test: int = 2000
    steps: int = 1500
    every: int = 20
    rates: tuple[float, ...] = (0.1, 0.5, 2.0)
    hessians: int = 200
    bias: float = -8.0


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """Both losses on both kinds of task."""
    cases = [(start, loss) for start in (EVEN, WRONG) for loss in (CE, MSE)]
    outcomes = sweep("classification", cases, seeds, lambda case, seed: _classify(*case, seed, settings))
    classified = {case: gather([metrics for metrics, _ in results]) for case, results in outcomes.items()}
    curves = {case: np.mean([curve for _, curve in results], 0) for case, results in outcomes.items()}
    sources = (f"ages of {faces.name}",) if faces else ("normal noise", "two likely answers")
    regressed = sweep("regression", list(sources), seeds, lambda source, seed: _regress(source, seed, settings, faces))
    numbers = {
        (source, answer): gather([metrics[answer] for metrics in results])
        for source, results in regressed.items()
        for answer in ANSWERS
    }
    curved = gather([{loss: not_convex(loss, seed, settings.hessians) for loss in (CE, MSE)} for seed in seeds])
    rows = _rows(classified, numbers, curved, settings)
    data = f"own: two classes and numbers of 10 features, {settings.train} for training, {settings.test} for test"
    if faces:
        data += f"; regression on {faces.describe('age')}, 70 % for training"
    return Finding(
        Table(("task", "loss", "measure", "value"), rows),
        _draw(curves, numbers, settings),
        judge(classified, numbers, curved, settings.bias),
        asdict(settings),
        data,
    )


def _rows(
    classified: Results, numbers: Results, curved: Mapping[str, Measured], settings: Settings
) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = []
    for (task, loss), metrics in (*classified.items(), *numbers.items()):
        rows += [(task, loss, name, value) for name, value in metrics.items()]
    for loss in (CE, MSE):
        for z in (0.0, settings.bias / 2, settings.bias):
            rows.append(("label 1", loss, f"slope at logit {z:g}", abs(slope(loss, z))))
        worst = max(likelihoods(seed)[loss] for seed in range(3))
        rows.append(("likelihood", loss, f"deviation from -log of the {DENSITY[loss]} density", worst))
        rows.append(("logistic regression", loss, "share of weights with a negative eigenvalue", curved[loss]))
    return tuple(rows)


def _classify(start: str, loss: str, seed: int, settings: Settings) -> tuple[dict[str, float], list[float]]:
    """The run of the step size with the best held-out accuracy: its measures and its error on test samples."""
    sample = logistic(settings.train + 2 * settings.test, seed)
    train, val, test = split(sample, (settings.train, settings.test, settings.test), seed)
    best = _best_possible(train, test, seed)
    tried = []
    for rate in settings.rates:
        network = network_for(train.x, 1, seed, hidden=32)
        with torch.no_grad():
            last_layer(network).bias.fill_(settings.bias if start == WRONG else 0.0)
        plan = Plan(settings.steps, learning_rate=rate, optimizer="sgd", every=settings.every)
        curve = fit(network, binary_losses()[loss], train.x, train.y, plan, seed, partial(_mistakes, sample=test))
        measures = {
            ACCURACY: 1 - curve[-1],
            REACHED: first_below(curve, 1 - best + 0.02, settings.every),
        }
        tried.append((_mistakes(network, val), (measures, curve)))
    return min(tried, key=lambda trial: trial[0])[1]


def _best_possible(train: Sample, test: Sample, seed: int) -> float:
    """Accuracy of a logistic regression, which is the truth here, fitted with cross entropy by Newton's method."""
    x = train.x.double()
    w = torch.zeros(x.shape[1], dtype=torch.float64)
    for _ in range(20):
        p = torch.sigmoid(x @ w)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + 1e-6 * torch.eye(len(w), dtype=torch.float64)
        w -= torch.linalg.solve(hessian, x.T @ (p - train.y))
    return float((((test.x.double() @ w) > 0) == (test.y > 0.5)).double().mean())


@torch.no_grad()
def _mistakes(network: nn.Module, sample: Sample) -> float:
    return float(((network(sample.x)[:, 0] > 0) != (sample.y > 0.5)).double().mean())


def _regress(source: str, seed: int, settings: Settings, faces: FaceSample | None) -> dict[str, dict[str, float]]:
    """Errors of the squared error and of bins with both answers."""
    if faces:
        sample = Sample(faces.image, faces.numbers("age").clamp(0, 90))
        train, test = split(sample, shares(len(faces), 0.7, 0.3), seed)
    else:
        make = ages if source == "normal noise" else two_sided
        train, test = split(make(settings.train + settings.test, seed), (settings.train, settings.test), seed)
    plan = Plan(settings.steps, learning_rate=2e-3)
    number, bins = network_for(train.x, 1, seed), network_for(train.x, len(BINS), seed)
    fit(number, lambda output, y: l2_loss(output[:, 0], (y - CENTER) / UNIT), train.x, train.y, plan, seed)
    fit(bins, lambda output, y: dex_loss(output, y, BINS), train.x, train.y, plan, seed)
    logits = predict(bins, test.x)
    answers = (CENTER + UNIT * predict(number, test.x)[:, 0], expectation(logits, BINS), BINS[logits.argmax(1)])
    return {name: _errors(preds, test.y) for name, preds in zip(ANSWERS, answers, strict=True)}


def _errors(preds: Tensor, target: Tensor) -> dict[str, float]:
    away = preds - target
    return {FINAL_MAE: float(away.abs().mean()), FINAL_RMSE: float(away.square().mean().sqrt())}


def judge(classified: Results, numbers: Results, curved: Mapping[str, Measured], bias: float) -> str:
    """Words for both kinds of task."""
    lines = []
    for start in (EVEN, WRONG):
        for name in (ACCURACY, REACHED):
            pair = (CE, classified[start, CE][name]), (MSE, classified[start, MSE][name])
            lines.append(compare(f"{name}, {start}", *pair))
    lines.append(
        f"At logit {bias:g} with label 1 the slope is {abs(slope(CE, bias)):.3g} for cross entropy and "
        f"{abs(slope(MSE, bias)):.2g} for the squared error."
    )
    lines.append(
        f"Share of random weights where a logistic regression is not convex: {curved[CE].mean:.0%} with cross entropy, "
        f"{curved[MSE].mean:.0%} with the squared error."
    )
    for source in dict.fromkeys(source for source, _ in numbers):
        for name in (FINAL_MAE, FINAL_RMSE):
            for answer in ANSWERS[1:]:
                pair = (answer, numbers[source, answer][name]), (ANSWERS[0], numbers[source, ANSWERS[0]][name])
                lines.append(compare(f"{name}, {source}", *pair))
    return "\n".join([_headline(classified, numbers), *lines])


def _headline(classified: Results, numbers: Results) -> str:
    def sign(name: str, start: str) -> int:
        return difference(classified[start, CE][name], classified[start, MSE][name]).sign

    def ahead(value: int) -> str:
        return {
            1: "cross entropy classifies better",
            0: "neither classifies surely better",
            -1: "the squared error classifies better",
        }[value]

    parts = []
    for source in dict.fromkeys(source for source, _ in numbers):
        direction = difference(numbers[source, ANSWERS[1]][FINAL_RMSE], numbers[source, ANSWERS[0]][FINAL_RMSE]).sign
        parts.append(f"{source}: {('neither surely', 'squared error', 'bins')[direction]}")
    return (
        f"From an even start {ahead(sign(ACCURACY, EVEN))}, from a sure and wrong start "
        f"{ahead(sign(ACCURACY, WRONG))}; smaller RMSE of a number ({'; '.join(parts)})."
    )


def _draw(curves: Mapping[tuple[str, str], np.ndarray], numbers: Results, settings: Settings) -> Figure:
    figure = Figure(figsize=(11, 8), layout="constrained")
    slopes, learning, shape, errors = figure.subplots(2, 2).flat
    z = torch.linspace(-10, 10, 401, dtype=torch.float64, requires_grad=True)
    for color, (name, loss) in zip(("tab:blue", "tab:orange"), binary_losses().items(), strict=True):
        value = torch.stack([loss(logit[None, None], torch.ones(1, dtype=torch.float64)) for logit in z])
        (gradient,) = torch.autograd.grad(value.sum(), z)
        slopes.plot(z.detach(), gradient.abs(), color, label=name)
        for start, style in ((EVEN, "--"), (WRONG, "-")):
            curve = curves[start, name]
            learning.plot(np.arange(len(curve)) * settings.every, 1 - curve, color, ls=style, label=f"{name}, {start}")
        shape.plot(*loss_along(name), color, label=name)
    slopes.set(title="size of the gradient, label 1", xlabel="logit")
    learning.set(title="learning", xlabel="steps", ylabel="test accuracy")
    shape.set(title="mean loss of a logistic regression along one weight", xlabel="weight", ylim=(0, 2.5))
    sources = list(dict.fromkeys(source for source, _ in numbers))
    for k, answer in enumerate(ANSWERS):
        cells = [numbers[source, answer][name] for source in sources for name in (FINAL_MAE, FINAL_RMSE)]
        places = np.arange(len(cells)) + (k - 1) * 0.27
        errors.bar(places, [c.mean for c in cells], 0.25, yerr=[c.spread for c in cells], label=answer)
    names = [f"{name}\n{source}" for source in sources for name in ("MAE", "RMSE")]
    errors.set_xticks(range(len(names)), names, fontsize=8)
    errors.set(title="regression", ylabel="years")
    for axes in figure.axes:
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


QUICK = Settings(train=1000, test=1000, steps=500, rates=(0.5,), hessians=50)
STUDY = Study(__doc__, run, Settings(), QUICK, takes_faces=True)
