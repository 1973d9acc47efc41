"""Cross entropies with hand-written gradients: whatever the logits, the derivative is p - y."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def index_cross_entropy(logits: Tensor, target: Tensor, epsilon: float = 0.0) -> Tensor:
    """Softmax cross entropy (B,) of logits (B, K) and class indices (B,); epsilon: label smoothing."""
    loss: Tensor = _IndexCrossEntropy.apply(logits, target.long().unsqueeze(-1), epsilon)  # type: ignore[no-untyped-call]
    return loss


def soft_cross_entropy(logits: Tensor, target: Tensor, epsilon: float = 0.0) -> Tensor:
    """Softmax cross entropy (B,) of logits and shares (B, K); epsilon: label smoothing."""
    if epsilon:
        target = (1 - epsilon) * target + epsilon / target.shape[-1]
    loss: Tensor = _SoftCrossEntropy.apply(logits, target)  # type: ignore[no-untyped-call]
    return loss


def sigmoid_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Sigmoid cross entropy of logits and targets, entry by entry."""
    loss: Tensor = _SigmoidCrossEntropy.apply(logits, target)  # type: ignore[no-untyped-call]
    return loss


class _IndexCrossEntropy(torch.autograd.Function):
    """-log softmax(z)_y of logits (..., K) and class indices (..., 1); loss (...)."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, index: Tensor, epsilon: float) -> Tensor:
        p = torch.softmax(logits, -1)
        ctx.save_for_backward(logits, p, index)
        ctx.epsilon = epsilon
        # -log p_y = (z_top - z_y) - log p_top: p_y may underflow, and the largest p is at least 1 / K.
        top = logits.amax(-1, keepdim=True)
        below = top - logits.gather(-1, index)
        if epsilon:
            below = torch.lerp(below, (top - logits).mean(-1, keepdim=True), epsilon)
        return below.sub_(p.amax(-1, keepdim=True).log_()).squeeze(-1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        logits, p, index = ctx.saved_tensors
        grad, epsilon = grad.unsqueeze(-1), ctx.epsilon
        if torch.is_grad_enabled():  # for a second derivative: what forward saved has no graph
            p = torch.softmax(logits, -1)
        p_minus_rest = p - epsilon / p.shape[-1] if epsilon else p
        return (p_minus_rest * grad).scatter_add_(-1, index, grad * (epsilon - 1)), None, None


class _SoftCrossEntropy(torch.autograd.Function):
    """-sum_k y_k log softmax(z)_k of logits and shares (..., K); loss (...)."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(logits, target)
        return torch.log_softmax(logits, -1).mul_(target).sum(-1).neg_()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        logits, target = ctx.saved_tensors
        grad = grad.unsqueeze(-1)
        to_target = -torch.log_softmax(logits, -1) * grad if ctx.needs_input_grad[1] else None
        if not ctx.needs_input_grad[0]:
            return None, to_target
        total = target.sum(-1, keepdim=True)
        return _minus_times(torch.softmax(logits, -1), target, grad, total), to_target


class _SigmoidCrossEntropy(torch.autograd.Function):
    """z - z y - log sigmoid(z), entry by entry."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(logits, target)
        log_p = F.logsigmoid(logits)
        return torch.sub(logits, log_p, out=log_p).addcmul_(logits, target, value=-1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        logits, target = ctx.saved_tensors
        to_target = -logits * grad if ctx.needs_input_grad[1] else None
        if not ctx.needs_input_grad[0]:
            return None, to_target
        return _minus_times(torch.sigmoid(logits), target, grad), to_target


def _minus_times(p: Tensor, y: Tensor, grad: Tensor, total: Tensor | float = 1.0) -> Tensor:
    """(total p - y) * grad; without new memory where no graph of it is kept."""
    if torch.is_grad_enabled():
        return (total * p - y) * grad
    return (p if isinstance(total, float) else p.mul_(total)).sub_(y).mul_(grad)
