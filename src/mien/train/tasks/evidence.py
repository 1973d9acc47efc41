"""The evidence model as a layer: votes for displays teach Action Units through it."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mien.datasets.schema import VOTES
from mien.expression.emotion import MOST, SPEAKS_FOR, TRACE, EvidenceModel
from mien.facs import CODES

START = 0.5
"""Weight of every unit that may speak for a display before anything is learned."""
LEAST = 0.05
"""Weight below which one that may grow again is not begun."""


class EvidenceLayer(nn.Module):
    """Action Unit logits (B, K) to logits (B, 8) of the displays in `VOTES`, by nonnegative weights.

    z_c = b_c + sum_k w_ck strength_k with w_ck = m_ck softplus(r_ck): m is 1 where `SPEAKS_FOR` lets the unit speak
    for the display, else 0, so that a unit keeps its meaning whatever the votes ask for. The bias of neutral is 0.
    Koh et al., "Concept Bottleneck Models", ICML 2020.

    >>> EvidenceLayer()(torch.zeros(1, 18)).shape
    torch.Size([1, 8])
    """

    mask: Tensor
    free: Tensor

    def __init__(self) -> None:
        super().__init__()
        allowed = [[float(code in SPEAKS_FOR[name]) for code in CODES] for name in VOTES]
        self.register_buffer("mask", torch.tensor(allowed), persistent=False)
        self.register_buffer("free", torch.tensor([float(name != "neutral") for name in VOTES]), persistent=False)
        start = torch.expm1(torch.tensor(START)).log()
        self.raw = nn.Parameter(start * torch.ones(len(VOTES), len(CODES)))
        self.bias = nn.Parameter(-torch.ones(len(VOTES)))

    @property
    def weight(self) -> Tensor:
        """Weights (8, K), 0 where a unit may not speak for a display."""
        return self.mask * functional.softplus(self.raw)

    def take(self, evidence: EvidenceModel) -> None:
        """Begin from fitted weights of eight displays."""
        weight = torch.from_numpy(evidence.weights).clamp(min=LEAST)
        with torch.no_grad():
            self.raw.copy_(torch.expm1(weight).log())
            self.bias.copy_(torch.from_numpy(evidence.bias))

    def forward(self, logits: Tensor) -> Tensor:
        """Logits (B, 8) of the displays."""
        return functional.linear(strength(logits), self.weight, self.bias * self.free)


def strength(logits: Tensor) -> Tensor:
    """`mien.expression.emotion.strength` of sigmoid(logits): softplus(z + 4) / softplus(4), at most 2.5."""
    return (functional.softplus(logits + TRACE) / functional.softplus(torch.tensor(TRACE))).clamp(max=MOST)
