"""What `normalized-l1` runs: both losses on the same errors, and networks that learn from each."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from mien.errors import expect
from mien.studies.core.faces import FaceSample
from mien.studies.core.networks import Loss, Plan, fit, network_for, predict
from mien.studies.core.samples import Sample, ages, shares, split
from mien.train.losses import RunningScale, l1_loss, normalized_l1_loss, piecewise_weighted_l1_loss
from mien.train.tasks.age import PIECES

OLDEST, CENTER, UNIT = 90.0, 42.0, 20.0
BASE, GROWTH = 2.0, 0.2
GROWING, ALIKE = "noise grows with age", "noise alike at all ages"
L1, HAND, FORMULA, LEARNT = "L1", "hand-set pieces", "normalised, formula", "normalised, learnt"
NUDGED, OTHER = "normalised, nudged", "normalised, other seed"
NUDGE = 1e-6
RIVALS = (L1, HAND, FORMULA, LEARNT)
GRADIENT, LOSS, MEAN = "gradient apart (max, 1/years)", "loss apart (max)", "mean loss apart"
APART, MAE, BIAS = "answers apart (years)", "MAE (years)", "bias (years)"
RELATIVE, YOUNG, MIDDLE, OLD = "relative error, 0-19", "MAE 0-19", "MAE 20-59", "MAE 60+"
ERRORS = (RELATIVE, YOUNG, MIDDLE, OLD, MAE, BIAS)
SCALE_YOUNG, SCALE_OLD = "learnt scale 0-19", "learnt scale 60+"
World = tuple[Sample, Sample]
"""To learn from, and to measure on."""
LEARNT_EDGES = tuple(float(age) for age in range(5, 90, 5))


@dataclass(frozen=True, slots=True)
class Settings:
    """Samples to learn from and to measure on, steps, numbers of pieces of trained losses and of losses alone."""

    train: int = 3000
    test: int = 2000
    steps: int = 1500
    pieces: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    finest: int = 512


def usual(age: Tensor) -> Tensor:
    """s(age) = 2 + 0.2 age, the scale in years of the age task's own normalised loss.

    >>> usual(torch.tensor([0.0, 40.0])).tolist()
    [2.0, 10.0]
    """
    return BASE + GROWTH * age


def pieces_of(count: int) -> tuple[Tensor, Tensor]:
    """Edges (count - 1,) of equal pieces of 0..90 years and weights (count,) = 1 / s in their middles, float64.

    >>> pieces_of(2)
    (tensor([45.], dtype=torch.float64), tensor([0.1538, 0.0645], dtype=torch.float64))
    """
    expect(count >= 1, "count", "at least 1 piece", count)
    bounds = torch.linspace(0, OLDEST, count + 1, dtype=torch.float64)
    return bounds[1:-1], 1 / usual((bounds[1:] + bounds[:-1]) / 2)


def bound(count: int) -> float:
    """No gradient is further apart than max |d(1 / s)/dy| times half a piece."""
    return GROWTH / BASE**2 * OLDEST / count / 2


def deviations(count: int, preds: Tensor, target: Tensor) -> dict[str, float]:
    """Piecewise loss of `count` pieces against the normalised loss, on preds and target (N,)."""
    edges, weights = pieces_of(count)
    preds, target = preds.double().requires_grad_(), target.double()
    normal = normalized_l1_loss(preds, target, usual, reduction="none")
    pieced = piecewise_weighted_l1_loss(preds, target, edges, weights, reduction="none")
    slopes = [torch.autograd.grad(loss.sum(), preds)[0] for loss in (normal, pieced)]
    return {
        GRADIENT: float((slopes[1] - slopes[0]).abs().max()),
        LOSS: float((pieced - normal).detach().abs().max()),
        MEAN: _mean_apart(edges, weights),
    }


def _mean_apart(edges: Tensor, weights: Tensor, error: float = 5.0, density: int = 4096) -> float:
    """Deviation of the mean loss of one error over labels that fill 0..90 evenly, the same number in each piece."""
    target = (torch.arange(90 * density, dtype=torch.float64) + 0.5) / density
    pieced = piecewise_weighted_l1_loss(target + error, target, edges, weights)
    return float((pieced - normalized_l1_loss(target + error, target, usual)).abs())


def make_world(kind: str, seed: int, settings: Settings, faces: FaceSample | None) -> World:
    """Samples to learn from and to measure on; of faces 70 and 30 %."""
    if faces is None:
        noise, growth = (1.0, 0.1) if kind == GROWING else (4.0, 0.0)
        parts: tuple[int, ...] = (settings.train, settings.test)
        sample = ages(sum(parts), seed, noise, growth=growth)
    else:
        age = faces.numbers("age")
        known = ~age.isnan()
        sample = Sample(faces.image[known], age[known].clamp(0, OLDEST))
        parts = (shares(len(sample), 0.7)[0], shares(len(sample), 0.3)[0])
    train, test = split(sample, parts, seed)
    return train, test


def piece_name(count: int) -> str:
    """The loss of so many equal pieces; one piece is L1 times a number."""
    return f"{count} piece" + "s" * (count > 1)


def loss_of(method: str, learnt: RunningScale) -> Loss:
    """Loss of outputs (B, 1) and ages (B,)."""
    if method == L1:
        return lambda output, age: l1_loss(answer(output), age)
    if method == LEARNT:
        return lambda output, age: normalized_l1_loss(answer(output), age, learnt)
    if method in (FORMULA, NUDGED, OTHER):
        factor = 1 + NUDGE * (method == NUDGED)
        return lambda output, age: factor * normalized_l1_loss(answer(output), age, usual)
    edges, weights = PIECES if method == HAND else pieces_of(int(method.split()[0]))
    pieced = partial(piecewise_weighted_l1_loss, edges=edges, weights=weights)
    return lambda output, age: pieced(answer(output), age)


def answer(output: Tensor) -> Tensor:
    """Years (B,) of an output (B, 1)."""
    return CENTER + UNIT * output[:, 0]


def answers_apart(seed: int, settings: Settings, world: World) -> dict[str, float]:
    """Mean distance in years of the answers on test from those of the network that learnt from the normalised loss.

    Equal first weights and batches but for `OTHER`; `NUDGED` learns from the normalised loss times 1.000001. Plain
    gradient descent in large batches, since Adam divides the gradient by its size, which lets roundings grow.
    """
    train, test = world
    plan = Plan(settings.steps, 256, 0.03, optimizer="sgd", anneal=True)

    def answers(method: str) -> Tensor:
        init_seed = seed + 1000 * (method == OTHER)
        network = network_for(train.x, 1, init_seed)
        fit(network, loss_of(method, RunningScale(LEARNT_EDGES)), train.x, train.y, plan, init_seed)
        return answer(predict(network, test.x))

    centre = answers(FORMULA)
    names = [piece_name(count) for count in settings.pieces]
    return {name: float((answers(name) - centre).abs().mean()) for name in (*names, NUDGED, OTHER)}


def learn(method: str, seed: int, settings: Settings, world: World) -> dict[str, float]:
    """Errors on test of a network that learnt from the loss with Adam, to which the size of the weights is nothing."""
    train, test = world
    network, learnt = network_for(train.x, 1, seed), RunningScale(LEARNT_EDGES)
    fit(network, loss_of(method, learnt), train.x, train.y, Plan(settings.steps, anneal=True), seed)
    metrics = errors(answer(predict(network, test.x)), test.y)
    scale = learnt.eval()(test.y) if method == LEARNT else torch.full_like(test.y, torch.nan)
    ends = {SCALE_YOUNG: test.y < 20, SCALE_OLD: test.y >= 60}
    return {**metrics, **{name: float(scale[group].mean()) for name, group in ends.items()}}


def errors(answers: Tensor, age: Tensor) -> dict[str, float]:
    """Errors in years over all, by age group, and of the young as a part of age + 1 year."""
    error = (answers - age).abs()
    young, old = age < 20, age >= 60
    return {
        RELATIVE: float((error / (age + 1))[young].mean()),
        YOUNG: float(error[young].mean()),
        MIDDLE: float(error[~young & ~old].mean()),
        OLD: float(error[old].mean()),
        MAE: float(error.mean()),
        BIAS: float((answers - age).mean()),
    }
