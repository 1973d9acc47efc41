"""Cross entropy and squared error of a sigmoid answer: slopes, curvature, and the likelihoods they stand for."""

import math
from typing import Any

import numpy as np
import torch

from mien.studies.core.networks import Loss, generator
from mien.studies.core.samples import logistic
from mien.train.losses import l2_loss, sigmoid_cross_entropy_loss

CE, MSE = "cross entropy", "squared error"


DENSITY = {CE: "Bernoulli", MSE: "normal"}


def binary_losses() -> dict[str, Loss]:
    """Logits (B, 1) and target (B,) -> cross entropy, or the squared error of the sigmoid."""
    return {
        CE: lambda output, target: sigmoid_cross_entropy_loss(output[:, 0], target),
        MSE: lambda output, target: l2_loss(torch.sigmoid(output[:, 0]), target),
    }


def slope(loss: str, logit: float) -> float:
    """dL / dz for the label 1, by automatic differentiation in float64."""
    z = torch.tensor([[logit]], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(binary_losses()[loss](z, torch.ones(1, dtype=torch.float64)), z)
    return float(gradient)


def likelihoods(seed: int) -> dict[str, float]:
    """Largest deviation of each loss from -log of its density, torch's own, constants added; float64."""
    stream = generator(seed)
    preds, target = torch.randn(2, 100, generator=stream, dtype=torch.float64)
    normal: Any = torch.distributions.Normal(preds, 1.0)
    gauss = l2_loss(preds, target, reduction="none") / 2 + math.log(2 * math.pi) / 2
    truth = (target > 0).double()
    bernoulli: Any = torch.distributions.Bernoulli(logits=preds)
    coin = sigmoid_cross_entropy_loss(preds, truth, reduction="none")
    return {
        MSE: float((gauss + normal.log_prob(target)).abs().max()),
        CE: float((coin + bernoulli.log_prob(truth)).abs().max()),
    }


def not_convex(loss: str, seed: int, count: int) -> float:
    """Share of random weights (deviation 3) of a logistic regression whose Hessian has a negative eigenvalue."""
    sample = logistic(200, seed, width=4)
    stream, function = generator(seed), binary_losses()[loss]
    x, y = sample.x.double(), sample.y.double()
    negative = 0
    for _ in range(count):
        weights = 3 * torch.randn(x.shape[1], generator=stream, dtype=torch.float64)
        leaf = weights.requires_grad_()
        (gradient,) = torch.autograd.grad(function((x @ leaf)[:, None], y), leaf, create_graph=True)
        hessian = torch.stack([torch.autograd.grad(component, leaf, retain_graph=True)[0] for component in gradient])
        negative += bool(torch.linalg.eigvalsh(hessian)[0] < -1e-9)
    return negative / count


def loss_along(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean loss of three samples, one of them labelled against the others, over one weight."""
    x, y = torch.tensor([1.0, 2.0, -6.0]), torch.tensor([1.0, 1.0, 1.0])
    weights = torch.linspace(-2.5, 2.5, 241)
    values = [float(binary_losses()[name]((w * x)[:, None], y)) for w in weights]
    return weights.numpy(), np.array(values)
