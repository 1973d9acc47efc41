"""Losses for scores that are compared. A NaN target masks its entry."""

import torch.nn.functional as F
from torch import Tensor

from mien.train.losses.regression import Reduction, reduce


def ranknet_loss(score: Tensor, target: Tensor, group: Tensor, reduction: Reduction = "mean") -> Tensor:
    """All pairs of one group in a batch: L = |y_i - y_j| log(1 + exp(-(s_i - s_j) sign(y_i - y_j))).

    score, target, group (B,). Pairs across groups say nothing. Burges et al., ICML 2005, Eq. 3, each pair
    weighted by the gap of its labels, so that near ties weigh next to nothing.
    """
    gap = target[:, None] - target[None]
    mask = (group[:, None] == group[None]) & ~gap.isnan() & (gap > 0)
    difference = score[:, None] - score[None]
    return reduce(gap.nan_to_num() * F.softplus(-difference), mask, reduction)
