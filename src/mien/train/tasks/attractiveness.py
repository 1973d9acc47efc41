"""A rater pool's mean opinion, learned by comparing faces."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mien import metrics
from mien.errors import InputError, expect
from mien.estimates import PROBIT
from mien.geometry import Array
from mien.train import losses
from mien.train.tasks.base import Arrays, LabelSpace, Outputs, Task
from mien.train.tasks.shift import PoolShift, pool_unit

PAIR_LOSSES: dict[str, Callable[..., Tensor]] = {
    "ranknet": losses.ranknet_loss,
    "hinge": losses.hinge_ranking_loss,
    "softmax_comp": losses.softmax_comp_loss,
    "bradley_terry": losses.bradley_terry_loss,
}
TARGETS = ("gap", "share")
GROUPS_OF_A_SET = 100
"""Comparison groups of one set share the number of hundreds."""


class AttractivenessTask(Task):
    """Comparisons of the faces of a batch within one set and sex, by their mean ratings and within single raters.

    pairs: 'ranknet', 'hinge', 'softmax_comp' (a constant score has no loss without `margin`) or 'bradley_terry'.
    target: what is asked of a pair of mean ratings: 'gap', that the higher one wins, weighted by the gap; or 'share',
    that it wins as often as single raters would prefer it, see `losses.preferred_share`.
    origin: weight of a pull on the mean scores of the sexes of a set: as far apart as their mean ratings, in the
    log-odds of 'share'. Faces of two sexes are never compared, and without it their origins drift apart.
    level: weight of the distance between scores and mean ratings that the sets' shifts turn into scores, in log-odds:
    pairs order the faces of one set and sex, this puts all on one scale. All rated sources must have a shift then.
    raters: how many raters gave scores of their own (`Source.ratings`), rater_weight: of those comparisons.
    options: of the loss, such as margin, or log_tie, the logarithm of Davidson's tie parameter.
    Warns (`ConstantScorerWarning`) when all faces get the same score.
    """

    name = "attractiveness"
    outputs = {"score": 1}  # noqa: RUF012
    main = ("plcc", "max")
    shifted = "rating"

    def __init__(
        self,
        pairs: str = "ranknet",
        target: Literal["gap", "share"] = "gap",
        origin: float = 0.0,
        level: float = 0.0,
        raters: int = 0,
        rater_weight: float = 1.0,
        **options: Any,
    ) -> None:
        if pairs not in PAIR_LOSSES:
            raise InputError(f"'pairs' must be one of {', '.join(PAIR_LOSSES)}. Got {pairs!r}.")
        expect(target in TARGETS, "target", f"one of {', '.join(TARGETS)}", target)
        expect(raters >= 0, "raters", "at least 0", raters)
        widths = {
            "rating": 1,
            "rating_spread": 1,
            "comparison_group": 1,
            **({"rater_scores": raters} if raters else {}),
        }
        self.labels = LabelSpace(widths, dict.fromkeys(widths, "keep"))
        self.target, self.origin, self.level, self.rater_weight = target, origin, level, rater_weight
        self.levelled = level > 0
        if "log_tie" in options:
            options["log_tie"] = torch.tensor(float(options["log_tie"]))
        self._compare = partial(PAIR_LOSSES[pairs], **options)
        self._spread = losses.ScoreSpread()

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """The pair loss over all pairs of a group, by mean ratings, and by single raters where there are any."""
        score = outputs["score"][:, 0]
        self._spread.update(score)
        total = self._by_means(score, batch)
        if "rater_scores" in self.targets:
            total = total + self.rater_weight * self._by_raters(score, batch)
        if self.origin:
            total = total + self.origin * _origin_gap(score, batch)
        if self.level:
            total = total + self.level * losses.smooth_l1_loss(score, batch["rating"][:, 0])
        # Comparisons fix the order and not the origin; a light pull keeps scores around zero.
        return total + 1e-3 * score.square().mean()

    def _by_means(self, score: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        rating = batch["rating"][:, 0]
        better, worse, gap = losses.batch_pairs(rating, batch["comparison_group"][:, 0])
        if self.target == "gap":
            return self._compare(score[better], score[worse], weight=gap)
        spread = batch["rating_spread"][:, 0]
        share = losses.preferred_share(rating[better], rating[worse], spread[better], spread[worse])
        return self._compare(score[better], score[worse], share)

    def _by_raters(self, score: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        first, second, share, count = losses.rater_pairs(batch["rater_scores"], batch["comparison_group"][:, 0])
        return self._compare(score[first], score[second], share, weight=count)

    def value(self, outputs: Outputs) -> Tensor:
        """Score (B,)."""
        return outputs["score"][:, 0]

    def new_shift(self, labels: Arrays) -> PoolShift:
        """From the mean rating of a pool's faces, and the usual spread of single opinions of one."""
        return PoolShift(float(np.nanmean(labels["rating"])), pool_unit(float(np.nanmean(labels["rating_spread"]))))

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """Linear and rank correlation with the mean ratings within each set and sex, their mean by number of faces."""
        known = ~np.isnan(labels["rating"][:, 0])
        if not known.any():
            return {}
        score, rating = outputs["score"][known, 0], labels["rating"][known, 0]
        _, group = np.unique(labels["comparison_group"][known, 0], return_inverse=True)
        means = {name: _mean_within(group, on, score, rating) for name, on in _MEASURES.items()}
        return {**means, "spread": float(torch.from_numpy(score).std(correction=0))}


def _origin_gap(score: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Mean over sets of (g - k r)^2: g, r the gaps between the sexes' mean scores and mean ratings, k as in Thurstone.

    k = 1.702 / (sqrt(2) s): a gap of ratings in spreads s of single opinions, as log-odds of being preferred.
    """
    names = ("rating", "rating_spread", "comparison_group")
    rating, spread, group = (batch[name][:, 0] for name in names)
    known = ~(rating + spread + group).isnan()
    gaps = []
    for number in set((group[known] // GROUPS_OF_A_SET).tolist()):
        members = known & (group // GROUPS_OF_A_SET == number)
        expected = PROBIT / 2**0.5 * rating[members] / spread[members].mean()
        parts = [(score[members] - expected)[group[members] == sex].mean() for sex in set(group[members].tolist())]
        gaps.append(torch.stack(parts).var(correction=0))
    return torch.stack(gaps).mean() if gaps else score.sum() * 0


_MEASURES: dict[str, Callable[..., float]] = {"plcc": metrics.pearson, "srcc": metrics.spearman}


def _mean_within(group: NDArray[np.int64], measure: Callable[..., float], score: Array, rating: Array) -> float:
    """Mean of a metric over groups of at least two faces, weighted by their number."""
    parts = [np.flatnonzero(group == number) for number in np.unique(group)]
    means = [(len(part), measure(score[part], rating[part])) for part in parts if len(part) > 1]
    counts, values = np.array(means or [(1, np.nan)]).T
    return float(np.average(values, weights=counts))
