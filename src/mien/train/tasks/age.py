"""Apparent age, with every head that has been proposed for it: they differ in head, loss and decoding alone."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mien import metrics
from mien.errors import InputError
from mien.estimates import AGE_CENTER, AGE_UNIT, DISTRIBUTIONS, age_value
from mien.train import losses
from mien.train.data.teacher_card import TeacherOutput
from mien.train.tasks.age_teaching import distill_age
from mien.train.tasks.base import Arrays, LabelSpace, Outputs, Task

YEARS = 101
"""Bins 0, 1, ..., 100 of the heads that give a distribution."""
POINT_LOSSES: dict[str, Callable[..., Tensor]] = {
    "l2": losses.l2_loss,
    "l1": losses.l1_loss,
    "smooth_l1": losses.smooth_l1_loss,
    "huber": losses.huber_loss,
    "normalized_l1": losses.normalized_l1_loss,
    "piecewise_l1": losses.piecewise_weighted_l1_loss,
}
DISTRIBUTION_LOSSES: dict[str, Callable[..., Tensor]] = {
    "dex": losses.dex_loss,
    "dldl": losses.dldl_v2_loss,
    "mean_variance": losses.mean_variance_loss,
}
WIDTHS = {
    "laplace": 2,
    "gaussian": 2,
    **dict.fromkeys(POINT_LOSSES, 1),
    **dict.fromkeys(DISTRIBUTIONS, YEARS),
    "coral": YEARS - 1,
}


class CoralHead(nn.Module):
    """Logits (B, K) of "older than k": one direction for all k, a bias for each (Cao et al., PRL 2020, section 3.3).

    Biases start in falling order around the middle age, so that the first estimate is no extreme.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.direction = nn.Linear(inputs, 1, bias=False)
        nn.init.normal_(self.direction.weight, std=0.01)
        self.bias = nn.Parameter((AGE_CENTER - torch.arange(width) - 0.5) / AGE_UNIT)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs) -> (B, K)."""
        logits: Tensor = self.direction(x) + self.bias
        return logits


class AgeTask(Task):
    """Apparent age in years; an age group is an interval, in which every age is right.

    head: 'laplace' (value and scale), 'gaussian' (value and variance), a value with 'l2', 'l1', 'smooth_l1',
    'huber', 'normalized_l1' or 'piecewise_l1', a distribution with 'dex', 'dldl' or 'mean_variance', or 'coral'.
    options: of that loss, such as beta, scale, edges, weights, sigma. weight_groups: of age groups against ages.
    """

    name = "age"
    labels = LabelSpace({"age": 2}, {"age": "interval"})
    main = ("mae", "min")
    shifted = "age"
    taught_by = ("distribution", "number")

    def __init__(self, head: str = "laplace", weight_groups: float = 1.0, **options: Any) -> None:
        if head not in WIDTHS:
            raise InputError(f"'head' of the age task must be one of {', '.join(WIDTHS)}. Got {head!r}.")
        self.kind, self.weight_groups = head, weight_groups
        self.outputs = {"age": WIDTHS[head]}
        self._point = _point_loss(head, options)

    def head(self, output: str, inputs: int) -> nn.Module:
        """The layer from an embedding (B, inputs) to the output (B, width)."""
        return CoralHead(inputs, WIDTHS["coral"]) if self.kind == "coral" else super().head(output, inputs)

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """The head's loss on exact ages, the distance to the group (in units of 20 years) on age groups."""
        output, target = outputs["age"], batch["age"]
        if self.kind == "laplace":
            value = AGE_CENTER + AGE_UNIT * output[:, 0]
            return losses.interval_laplace_loss(value, output[:, 1].clamp(-3, 4), target)
        exact = target[:, 0] == target[:, 1]
        grouped = ~exact & ~target.isnan().any(1)
        point = self._point(output, target[:, 0], mask=exact)
        group = losses.interval_loss(expected_age(output, self.kind), target, mask=grouped) / AGE_UNIT
        shares = exact.sum() + self.weight_groups * grouped.sum()
        return (exact.sum() * point + self.weight_groups * grouped.sum() * group) / shares.clamp(min=1)

    def distill(self, taught: TeacherOutput, outputs: Outputs, target: Tensor, temperature: float) -> Tensor:
        """Against a teacher's distribution over years or its age: see `distill_age`."""
        return distill_age(outputs["age"], self.value(outputs), self.kind, taught, target, temperature)

    def value(self, outputs: Outputs) -> Tensor:
        """Age in years (B,)."""
        return expected_age(outputs["age"], self.kind)

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """MAE, CS@5, bias and correlation on exact ages; the distance to the group on age groups."""
        value, _ = age_value(outputs["age"], self.kind)
        low, high = labels["age"].T
        exact = low == high
        if exact.any():
            value, low = value[exact], low[exact]
            return {
                "mae": metrics.mean_absolute_error(value, low),
                "cs5": metrics.cumulative_score(value, low),
                "bias": float((value - low).mean()),
                "r": metrics.pearson(value, low),
            }
        known = low < high
        away = metrics.interval_error(value[known], labels["age"][known])
        return {"interval_mae": float(away.mean())} if known.any() else {}

    def decoding(self) -> dict[str, Any]:
        """The head that the estimate is decoded for."""
        return {"head": self.kind}


def expected_age(output: Tensor, head: str) -> Tensor:
    """Age in years (B,) from a head's outputs (B, width), differentiable; the torch twin of `age_value`."""
    if head in DISTRIBUTIONS:
        return losses.expectation(output, _bins(output))
    if head == "coral":
        return output.sigmoid().sum(1)
    return AGE_CENTER + AGE_UNIT * output[:, 0]


def _point_loss(head: str, options: dict[str, Any]) -> Callable[..., Tensor]:
    """Loss of (output, age (B,)) on exact ages, about 1 for an error of 20 years in the heads that give a value."""
    if head in POINT_LOSSES:
        options = {"scale": _spread_by_age, **options} if head == "normalized_l1" else options
        options = {"edges": PIECES[0], "weights": PIECES[1], **options} if head == "piecewise_l1" else options
        point = partial(POINT_LOSSES[head], **options)
        unit = AGE_UNIT**2 if head == "l2" else 1.0 if head == "normalized_l1" else AGE_UNIT
        return lambda output, age, mask: point(expected_age(output, head), age, mask=mask) / unit
    if head in DISTRIBUTION_LOSSES:
        spread = partial(DISTRIBUTION_LOSSES[head], **options)
        return lambda output, age, mask: spread(output, age, _bins(output), mask=mask)
    if head == "coral":
        return lambda output, age, mask: losses.coral_loss(output, age.round().clamp(0, YEARS - 1), mask=mask)
    return _gaussian


PIECES: tuple[tuple[float, ...], tuple[float, ...]] = ((10.0, 20.0, 40.0, 60.0), (4.0, 2.0, 1.2, 0.9, 0.8))
"""Edges in years and weights: errors of children weigh more, since the same years mean more there."""


def _spread_by_age(age: Tensor) -> Tensor:
    """Scale in years that grows with age: how far apparent ages of one real age lie apart."""
    return 2.0 + 0.2 * age.clamp(0, 100)


def _gaussian(output: Tensor, age: Tensor, mask: Tensor) -> Tensor:
    value = AGE_CENTER + AGE_UNIT * output[:, 0]
    return losses.gaussian_nll_loss(value, output[:, 1].clamp(-3, 8), age, mask=mask)


def _bins(output: Tensor) -> Tensor:
    return torch.arange(output.shape[1], device=output.device, dtype=output.dtype)
