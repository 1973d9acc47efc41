"""One training run of `age-heads`: the product's own head and loss on a body that is the same for all."""

from dataclasses import dataclass
from time import process_time

import numpy as np
import torch
from torch import Tensor, nn

from mien.estimates import age_value
from mien.geometry import Array
from mien.metrics import mean_absolute_error
from mien.studies.age_heads.measures import measures
from mien.studies.core.faces import FaceSample
from mien.studies.core.networks import Change, Loss, Plan, first_below, fit, generator, last_layer, network_for, predict
from mien.studies.core.samples import Sample, ages, mislabel, shares, split
from mien.train.losses import mixup, softmax_cross_entropy_loss
from mien.train.tasks.age import AgeTask

OLDEST = 90.0
NOISE, GROWTH = 2.0, 0.08
SECONDS, STEPS = "training (CPU s)", "steps to goal"


@dataclass(frozen=True, slots=True)
class Settings:
    """Samples of own data, steps, steps between two looks at the error, error in years that counts as reached.

    shares: of wrong labels, the first 0. mixup: its alpha. smoothing: the mass that label smoothing spreads.
    """

    train: int = 2000
    held_out: int = 1000
    steps: int = 500
    every: int = 25
    batch_size: int = 64
    goal: float = 6.0
    shares: tuple[float, ...] = (0.0, 0.1, 0.3)
    mixup: float = 0.4
    smoothing: float = 0.1


@dataclass(frozen=True, slots=True)
class Method:
    """A head of the age task, with mixed faces or smoothed labels or neither.

    >>> Method("dex", smooth=True).name
    'dex, smoothed'
    """

    head: str
    mixed: bool = False
    smooth: bool = False

    @property
    def name(self) -> str:
        """The head and what is done besides."""
        return self.head + ", mixup" * self.mixed + ", smoothed" * self.smooth


HEADS = ("l2", "l1", "smooth_l1", "normalized_l1", "piecewise_l1", "gaussian", "laplace", "dex", "coral", "dldl")
METHODS = (
    *(Method(head) for head in (*HEADS, "mean_variance")),
    Method("l1", mixed=True),
    Method("dex", mixed=True),
    Method("dex", smooth=True),
)


@dataclass(frozen=True, slots=True)
class World:
    """Ages (N,) to learn from, to fit the interval on, and to measure on."""

    train: Sample
    held_out: Sample
    test: Sample


@dataclass(frozen=True, slots=True)
class Outcome:
    """Measures by name, and the error in years every few steps where it was watched."""

    measures: dict[str, float]
    curve: list[float]


def make_world(seed: int, settings: Settings, faces: FaceSample | None) -> World:
    """Own ages whose noise grows with age, or faces of known age: 60, 20 and 20 %."""
    if faces is None:
        sample = ages(settings.train + 2 * settings.held_out, seed, NOISE, growth=GROWTH)
        return World(*split(sample, (settings.train, settings.held_out, settings.held_out), seed))
    age = faces.numbers("age")
    known = ~age.isnan()
    sample = Sample(faces.image[known], age[known].clamp(0, OLDEST))
    return World(*split(sample, shares(len(sample), 0.6, 0.2, 0.2), seed))


def network_of(task: AgeTask, x: Tensor, seed: int) -> nn.Module:
    """The body of `network_for`, equal for all heads of a seed, and the task's own head."""
    plain = network_for(x, 1, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = task.head("age", last_layer(plain).in_features)
    return nn.Sequential(*list(plain.children())[:-1], head)


def loss_of(method: Method, task: AgeTask, epsilon: float) -> Loss:
    """The task's loss of outputs (B, width) and ages (B, 2).

    Cross entropy is linear in its target, so smoothing adds the cross entropy against equal shares.
    """

    def hard(output: Tensor, age: Tensor) -> Tensor:
        return task.loss({"age": output}, {"age": age})

    def smooth(output: Tensor, age: Tensor) -> Tensor:
        equal = torch.full_like(output, 1 / output.shape[1])
        return (1 - epsilon) * hard(output, age) + epsilon * softmax_cross_entropy_loss(output, equal)

    return smooth if method.smooth else hard


def mixer(task: AgeTask, alpha: float, seed: int) -> Change:
    """Mixup of faces (B, ...) and ages (B, 2), as training does it."""
    stream = generator(seed)

    def mix(x: Tensor, age: Tensor) -> tuple[Tensor, Tensor]:
        mixed, labels = mixup(x, {"age": age}, alpha, task.labels.kinds, stream)
        return mixed, labels["age"]

    return mix


class Watch:
    """Error of a network on a sample in years, and the CPU seconds that looking has cost."""

    def __init__(self, head: str, sample: Sample) -> None:
        self.head, self.sample, self.seconds = head, sample, 0.0

    def __call__(self, network: nn.Module) -> float:
        start = process_time()
        value, _ = age_value(outputs(network, self.sample.x), self.head)
        error = mean_absolute_error(value, np.asarray(self.sample.y))
        self.seconds += process_time() - start
        return error


def outputs(network: nn.Module, x: Tensor) -> Array:
    """What a network puts out (N, width)."""
    return np.asarray(predict(network, x).numpy(), np.float32)


def train(method: Method, share: float, seed: int, settings: Settings, world: World) -> Outcome:
    """Learn from labels of which a share is wrong; all measures on clean ones, steps and seconds if share is 0."""
    task, (x, y) = AgeTask(method.head), (world.train.x, mislabel(world.train.y, share, seed, high=OLDEST))
    network = network_of(task, x, seed)
    change = mixer(task, settings.mixup, seed) if method.mixed else None
    watch = Watch(method.head, world.test)
    plan = Plan(settings.steps, settings.batch_size, every=settings.every if share == 0 else 0, anneal=True)
    start = process_time()
    loss = loss_of(method, task, settings.smoothing)
    curve = fit(network, loss, x, torch.stack([y, y], 1), plan, seed, watch, change)
    seconds = process_time() - start - watch.seconds
    held_out, test = (outputs(network, part.x) for part in (world.held_out, world.test))
    metrics = measures(method.head, (test, np.asarray(world.test.y)), (held_out, np.asarray(world.held_out.y)))
    speed = {SECONDS: seconds, STEPS: first_below(curve, settings.goal, settings.every)}
    return Outcome({**metrics, **(speed if share == 0 else {})}, curve)


def constant_error(world: World) -> float:
    """Error in years of the one answer for all that is best: the median age of training."""
    return float((world.test.y - world.train.y.median()).abs().mean())
