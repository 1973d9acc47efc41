"""Losses for classes and for units that are present or absent. A NaN target masks its entry."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mien.train.losses.regression import Reduction, reduce


def sigmoid_cross_entropy_loss(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """L = max(z, 0) - z y + log(1 + exp(-|z|)), dL/dz = sigmoid(z) - y; y in 0..1, any shape.

    >>> sigmoid_cross_entropy_loss(torch.zeros(1), torch.ones(1))
    tensor(0.6931)
    """
    # Not the formula itself: its automatic derivative at z = 0 is 1 - y.
    loss = F.binary_cross_entropy_with_logits(logits, torch.nan_to_num(target), reduction="none")
    return reduce(loss, ~target.isnan(), reduction)


def softmax_cross_entropy_loss(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """L = -sum_k y_k log softmax(z)_k, dL/dz = softmax(z) - y; logits and soft target (B, K)."""
    loss = -(torch.nan_to_num(target) * F.log_softmax(logits, -1)).sum(-1)
    return reduce(loss, ~target.isnan().any(-1), reduction)
