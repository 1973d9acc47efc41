"""Cross entropies from torch's own operators, so that every transform of torch goes through; derivative p - y."""

import torch
from torch import Tensor
from torch.nn import functional as F


def index_cross_entropy(logits: Tensor, target: Tensor, epsilon: float = 0.0) -> Tensor:
    """Softmax cross entropy (B,) of logits (B, K) and class indices (B,); epsilon: label smoothing."""
    log_p = torch.log_softmax(logits, -1)
    log_p_y = log_p.gather(-1, target.long().unsqueeze(-1)).squeeze(-1)
    return -((1 - epsilon) * log_p_y + epsilon * log_p.mean(-1)) if epsilon else -log_p_y


def soft_cross_entropy(logits: Tensor, target: Tensor, epsilon: float = 0.0) -> Tensor:
    """Softmax cross entropy (B,) of logits and shares (B, K); epsilon: label smoothing."""
    if epsilon:
        target = (1 - epsilon) * target + epsilon / target.shape[-1]
    return -(torch.log_softmax(logits, -1) * target).sum(-1)


def sigmoid_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Sigmoid cross entropy of logits and targets, entry by entry.

    max(z, 0) - z y + log(1 + exp(-|z|)), with the first two joined for each of y and 1 - y: nothing cancels where the
    loss is small, and an infinite logit gives an infinite loss where it is wrong.
    """
    return -(target * F.logsigmoid(logits) + (1 - target) * F.logsigmoid(-logits))
