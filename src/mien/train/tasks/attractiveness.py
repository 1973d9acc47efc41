"""A rater pool's mean opinion, learned by comparing faces."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mien.errors import InputError
from mien.train import losses, metrics
from mien.train.tasks.base import Arrays, LabelSpace, Outputs, Task

PAIR_LOSSES: dict[str, Callable[..., Tensor]] = {
    "ranknet": losses.ranknet_loss,
    "hinge": losses.hinge_ranking_loss,
    "softmax_comp": losses.softmax_comp_loss,
    "bradley_terry": losses.bradley_terry_loss,
}


class AttractivenessTask(Task):
    """Comparisons of the faces of a batch within one set and sex, each weighted by the gap of its ratings.

    pairs: 'ranknet', 'hinge', 'softmax_comp' (a constant score has no loss without `margin`) or 'bradley_terry'.
    options: of that loss, such as margin. Warns (`ConstantScorerWarning`) when all faces get the same score.
    """

    name = "attractiveness"
    labels = LabelSpace({"rating": 1, "comparison_group": 1}, {"rating": "keep", "comparison_group": "keep"})
    outputs = {"score": 1}  # noqa: RUF012
    main = ("plcc", "max")

    def __init__(self, pairs: str = "ranknet", **options: Any) -> None:
        if pairs not in PAIR_LOSSES:
            raise InputError(f"'pairs' must be one of {', '.join(PAIR_LOSSES)}. Got {pairs!r}.")
        self._compare = partial(PAIR_LOSSES[pairs], **options)
        self._spread = losses.ScoreSpread()

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """The pair loss over all pairs of a group."""
        score = outputs["score"][:, 0]
        self._spread.update(score)
        better, worse, gap = losses.batch_pairs(batch["rating"][:, 0], batch["comparison_group"][:, 0])
        pairs = self._compare(score[better], score[worse], weight=gap)
        # Comparisons fix the order and not the origin; a light pull keeps scores around zero.
        return pairs + 1e-3 * score.square().mean()

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """Linear and rank correlation with the mean ratings."""
        known = ~np.isnan(labels["rating"][:, 0])
        if not known.any():
            return {}
        score, rating = outputs["score"][known, 0], labels["rating"][known, 0]
        found = {"plcc": metrics.pearson(score, rating), "srcc": metrics.spearman(score, rating)}
        return {**found, "spread": float(torch.from_numpy(score).std(correction=0))}
