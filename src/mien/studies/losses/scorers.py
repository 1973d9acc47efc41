"""Networks that score people by pairs, each with its loss and its start."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from mien.studies.core.networks import last_layer, network_for, predict
from mien.train.losses import (
    bradley_terry_loss,
    hinge_ranking_loss,
    l2_penalty,
    ranknet_loss,
    softmax_comp_loss,
)

PairLoss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Scores of first and second (B,) each, and how far the first is preferred (B,), 1 or 0.5 -> scalar."""

COMP, COMP_MARGIN, HINGE, RANKNET = "softmax-comp, margin 0", "softmax-comp, margin 0.3", "hinge, margin 1", "RankNet"
TIES, SVM = "Bradley-Terry with ties", "linear ranking SVM"
LOSSES: dict[str, PairLoss] = {
    COMP: partial(softmax_comp_loss, margin=0.0),
    "softmax-comp, margin 0.1": partial(softmax_comp_loss, margin=0.1),
    COMP_MARGIN: partial(softmax_comp_loss, margin=0.3),
    HINGE: partial(hinge_ranking_loss, margin=1.0),
    RANKNET: ranknet_loss,
}
METHODS = (*LOSSES, TIES, SVM)
USUAL, SAME, FLAT, DECAY = "usual", "constant score", "flat (bias 6)", "weight decay 0.1"


class Scorer(nn.Module):
    """Pairs (B, 2) of people -> scores (B, 2) by one network, with the loss that it learns by."""

    def __init__(self, network: nn.Module, people: Tensor, method: str) -> None:
        super().__init__()
        self.network, self.people, self.method = network, people, method
        self.log_tie = nn.Parameter(torch.zeros(())) if method == TIES else None

    def forward(self, rows: Tensor) -> Tensor:
        """Raw scores of the people of these rows, in the same shape."""
        scores: Tensor = self.network(self.people[rows.flatten()])
        return scores.reshape(rows.shape)

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        """The loss of pairs."""
        a, b = scores.unbind(1)
        if self.method == TIES:
            return bradley_terry_loss(a, b, target, log_tie=self.log_tie)
        if self.method == SVM:
            return hinge_ranking_loss(a, b, target) + 1e-3 * l2_penalty(last_layer(self.network).weight)
        return LOSSES[self.method](a, b, target)

    def seen(self, rows: Tensor) -> Tensor:
        """Scores as the loss sees them: sigmoid for softmax-comp, raw for the others."""
        raw = predict(self, rows)
        return raw.sigmoid() if self.method.startswith("softmax-comp") else raw


def scoring_network(method: str, start: str, x: Tensor, seed: int) -> nn.Module:
    """Weights at the start, for people x (N, ...)."""
    if method == SVM:
        linear = nn.Sequential(nn.Flatten(), nn.Linear(x[0].numel(), 1))
        nn.init.zeros_(last_layer(linear).weight)
        return linear
    network = network_for(x, 1, seed, hidden=32)
    if start == SAME:
        nn.init.zeros_(last_layer(network).weight)
    if start == FLAT:
        nn.init.constant_(last_layer(network).bias, 6.0)
    return network
