"""Tiny networks and the one training loop of the studies; equal seeds give equal results."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]
"""Network output (B, ...) and target (B, ...) -> scalar."""
Change = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Inputs (B, ...) and targets (B, ...) of a batch -> what is learnt from in their place, such as a mixture of them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a network is trained: batches drawn with replacement; watched every `every` steps, from step 0 on.

    anneal: the step size falls in a line from `learning_rate` to 0.
    """

    steps: int
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.0
    optimizer: str = "adam"
    every: int = 0
    anneal: bool = False


@contextmanager
def one_thread() -> Iterator[None]:
    """Networks this small are slower with more threads, and sums in another order give other digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def generator(seed: int) -> torch.Generator:
    """A random stream of its own."""
    return torch.Generator().manual_seed(seed)


def network_for(sample: Tensor, outputs: int, seed: int, hidden: int = 64) -> nn.Module:
    """Fresh weights for features (N, D), or for gray pictures (N, 1, S, S); output (N, outputs)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _perceptron(sample.shape[1], outputs, hidden) if sample.ndim == 2 else _convolutional(outputs)


def _perceptron(inputs: int, outputs: int, hidden: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, outputs)
    )


def _convolutional(outputs: int) -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, width in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inputs, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(64 * 9, outputs))


def last_layer(network: nn.Module) -> nn.Linear:
    """The layer that puts out the scores."""
    *_, last = (module for module in network.modules() if isinstance(module, nn.Linear))
    return last


def fit(
    network: nn.Module,
    loss: Loss,
    x: Tensor,
    y: Tensor,
    plan: Plan,
    seed: int,
    watch: Callable[[nn.Module], float] | None = None,
    change: Change | None = None,
) -> list[float]:
    """Train on x (N, ...) and y (N, ...), batches after `change`; what `watch` said every `plan.every` steps."""
    stream, optimizer = generator(seed), _optimizer(network, plan)
    seen: list[float] = []
    for step in range(plan.steps + 1):
        if watch and plan.every and step % plan.every == 0:
            network.eval()
            with torch.no_grad():
                seen.append(watch(network))
        if step == plan.steps:
            break
        network.train()
        rows = torch.randint(len(x), (plan.batch_size,), generator=stream)
        inputs, target = change(x[rows], y[rows]) if change else (x[rows], y[rows])
        if plan.anneal:
            optimizer.param_groups[0]["lr"] = plan.learning_rate * (1 - step / plan.steps)
        optimizer.zero_grad()
        torch.autograd.backward(loss(network(inputs), target))
        optimizer.step()
    network.eval()
    return seen


def _optimizer(network: nn.Module, plan: Plan) -> torch.optim.Optimizer:
    if plan.optimizer == "sgd":
        return torch.optim.SGD(network.parameters(), plan.learning_rate, weight_decay=plan.weight_decay)
    return torch.optim.AdamW(network.parameters(), plan.learning_rate, weight_decay=plan.weight_decay, fused=True)


@torch.no_grad()
def predict(network: nn.Module, x: Tensor, batch_size: int = 1024) -> Tensor:
    """Outputs (N, ...) without gradients, in evaluation mode."""
    network.eval()
    return torch.cat([network(part) for part in torch.split(x, batch_size)])


def gradient_norm(network: nn.Module, loss: Loss, x: Tensor, y: Tensor) -> float:
    """Length of the gradient of the mean loss by all parameters."""
    gradients = torch.autograd.grad(loss(network(x), y), list(network.parameters()))
    return float(torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt())


def first_below(curve: list[float], level: float, every: int) -> float:
    """Steps until a curve watched every `every` steps is at most `level`; NaN if never.

    >>> first_below([5.0, 3.0, 1.0], 3.0, 10)
    10.0
    """
    return next((float(k * every) for k, value in enumerate(curve) if value <= level), float("nan"))
