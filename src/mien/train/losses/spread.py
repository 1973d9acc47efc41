"""Detects a network that gives every face the same score."""

import warnings

import torch
from torch import Tensor

from mien.errors import expect


class ConstantScorerWarning(UserWarning):
    """A network gives every face the same score."""


def is_constant_scorer(score: Tensor, tolerance: float = 1e-3) -> bool:
    """Whether the standard deviation of the scores is at most tolerance, in units of the score.

    score: any shape; what is not finite is left out. Fewer than two scores tell nothing: False.

    >>> is_constant_scorer(torch.full((8,), 0.7)), is_constant_scorer(torch.tensor([0.2, 0.7]))
    (True, False)
    """
    known = _finite(score)
    return known.numel() > 1 and float(known.std(correction=0)) <= tolerance


class ScoreSpread:
    """Follows the standard deviation of the scores of a training and warns once when they have become constant.

    spread <- decay spread + (1 - decay) std of the batch, from the first batch on. The warning
    (`ConstantScorerWarning`) comes after `patience` batches in a row whose running spread is at most tolerance.

    >>> monitor = ScoreSpread()
    >>> monitor.update(torch.tensor([0.0, 1.0]))
    >>> monitor.spread, monitor.constant
    (0.5, False)
    """

    def __init__(self, tolerance: float = 1e-3, decay: float = 0.9, patience: int = 10) -> None:
        expect(0 <= decay < 1, "decay", "at least 0 and below 1", decay)
        self.tolerance, self.decay, self.patience = tolerance, decay, patience
        self.spread = float("nan")
        self._flat_batches, self._warned = 0, False

    def update(self, score: Tensor) -> None:
        """Take in the scores of a batch, any shape; fewer than two finite ones are passed over."""
        known = _finite(score)
        if known.numel() < 2:
            return
        std = float(known.std(correction=0))
        first = self.spread != self.spread
        self.spread = std if first else self.decay * self.spread + (1 - self.decay) * std
        self._flat_batches = self._flat_batches + 1 if self.spread <= self.tolerance else 0
        if self.constant and not self._warned:
            self._warned = True
            text = (
                f"The scores of the last {self.patience} batches are all but constant (spread {self.spread:.2g}). "
                "Use a margin above 0, or a loss of raw scores such as 'ranknet'."
            )
            warnings.warn(text, ConstantScorerWarning, stacklevel=2)

    @property
    def constant(self) -> bool:
        """Whether the running spread has stayed within tolerance for `patience` batches."""
        return self._flat_batches >= self.patience


def _finite(score: Tensor) -> Tensor:
    known = score.detach().float().flatten()
    return known[torch.isfinite(known)]
