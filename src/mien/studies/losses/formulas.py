"""Cross entropies as mien computes them and as they are written, and two ways to a gradient."""

from collections.abc import Callable

import torch
from torch import Tensor

from mien.train.losses import sigmoid_cross_entropy_loss, softmax_cross_entropy_loss

Function = Callable[[Tensor, Tensor], Tensor]
"""Logits and targets of the same shape -> sum of the losses."""


def softmax_loss(logits: Tensor, target: Tensor) -> Tensor:
    """The loss of mien, summed."""
    return softmax_cross_entropy_loss(logits, target, reduction="sum")


def sigmoid_loss(logits: Tensor, target: Tensor) -> Tensor:
    """The loss of mien, summed."""
    return sigmoid_cross_entropy_loss(logits, target, reduction="sum")


def softmax_as_written(logits: Tensor, target: Tensor) -> Tensor:
    """-sum y log(exp(z) / sum exp(z))."""
    p = logits.exp() / logits.exp().sum(1, keepdim=True)
    return -(target * p.log()).sum()


def sigmoid_as_written(logits: Tensor, target: Tensor) -> Tensor:
    """-sum y log p + (1 - y) log(1 - p) with p = 1 / (1 + exp(-z))."""
    p = 1 / (1 + (-logits).exp())
    return -(target * p.log() + (1 - target) * (1 - p).log()).sum()


LOSSES: dict[str, tuple[Function, Function, Callable[[Tensor], Tensor]]] = {
    "softmax": (softmax_loss, softmax_as_written, lambda z: z.softmax(1)),
    "sigmoid": (sigmoid_loss, sigmoid_as_written, torch.sigmoid),
}


def gradient(function: Function, logits: Tensor, target: Tensor) -> Tensor:
    """By automatic differentiation."""
    leaf = logits.clone().requires_grad_()
    (derivative,) = torch.autograd.grad(function(leaf, target), leaf)
    return derivative


def central_differences(function: Function, logits: Tensor, target: Tensor, step: float) -> Tensor:
    """(L(z + h) - L(z - h)) / 2 h, entry by entry."""
    derivative = torch.empty_like(logits)
    for k in range(logits.numel()):
        move = torch.zeros_like(logits)
        move.view(-1)[k] = step
        derivative.view(-1)[k] = (function(logits + move, target) - function(logits - move, target)) / (2 * step)
    return derivative
