"""What the labels of a set say beside the truth: a small rising curve of its own, learned with a network."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from mien.errors import expect
from mien.estimates import PROBIT
from mien.train.losses import interval_loss, l1_loss

KNOTS = tuple(float(10 * k) for k in range(10))
"""Ages in years between which a curve is straight; beyond the ends it keeps its distance."""
UNIT = 20.0
LEAST_SLOPE = 0.2


class LabelShift(nn.Module):
    """label = g(x), g straight between (knots_k, knots_k + offset_k), never flatter than 0.2; at first g(x) = x.

    What a set calls 30 may be 27 elsewhere: x, the value that the network gives, is asked to meet g^-1(label), and g
    to meet the labels at the values that the network gives. A pull of the offsets to 0 (`penalty`) and the labels of
    other sets or teachers, which have no such curve, decide where x lies.
    """

    scaled: ClassVar[tuple[str, ...]] = ()
    """Labels that are distances on the scale of the shifted one."""
    knots: Tensor

    def __init__(self, knots: tuple[float, ...] = KNOTS, unit: float = UNIT) -> None:
        super().__init__()
        self.unit = unit
        self.register_buffer("knots", torch.tensor(knots))
        self.offsets = nn.Parameter(torch.zeros(len(knots)))

    def heights(self) -> Tensor:
        """g at the knots (K,): no lower than what the least slope asks for after the knot before."""
        rise = LEAST_SLOPE * (self.knots - self.knots[0])
        heights: Tensor = torch.cummax(self.knots + self.unit * self.offsets - rise, 0).values + rise
        return heights

    def to_label(self, value: Tensor) -> Tensor:
        """g(value), any shape; NaN stays NaN."""
        return interpolate(value, self.knots, self.heights())

    def to_value(self, label: Tensor) -> Tensor:
        """g^-1(label), any shape."""
        return interpolate(label, self.heights(), self.knots)

    def penalty(self) -> Tensor:
        """Mean square of the offsets and of how they change from knot to knot, in units."""
        moved = (self.heights() - self.knots) / self.unit
        return moved.square().mean() + moved.diff().square().mean()

    def fit(self, value: Tensor, target: Tensor) -> Tensor:
        """Mean distance of g(value) (B,) to the labels' intervals (B, 2), in units; 0 where all are unknown.

        No gradient reaches the value.
        """
        return interval_loss(self.to_label(value.detach()), target) / self.unit

    def describe(self) -> dict[str, Any]:
        """Knots and offsets in units of the label, as a run folder and a card tell them."""
        return describe(self.knots, self.heights().detach())


class PoolShift(nn.Module):
    """mean rating = offset + scale * score, scale > 0: how a pool of raters uses its scale, on one ranking for all.

    At first offset is `center`, the mean rating of the pool's faces, and scale `unit`, so that a gap of scores is the
    log-odds that one rater prefers (Thurstone, case III): see `pool_unit`. Offset and scale are learned in these units.
    """

    scaled: ClassVar[tuple[str, ...]] = ("rating_spread",)
    center: Tensor
    unit: Tensor

    def __init__(self, center: float, unit: float) -> None:
        super().__init__()
        expect(unit > 0, "unit", "above 0 rating points", unit)
        self.register_buffer("center", torch.tensor([center]))
        self.register_buffer("unit", torch.tensor([unit]))
        self.moved = nn.Parameter(torch.zeros(1))
        self.stretch = nn.Parameter(torch.zeros(1))

    def offset(self) -> Tensor:
        """Mean rating (1,) of a face with the score 0."""
        return self.center + self.unit * self.moved

    def scale(self) -> Tensor:
        """Rating points (1,) that a score of 1 stands for."""
        return self.unit * self.stretch.exp()

    def to_label(self, value: Tensor) -> Tensor:
        """Mean ratings of scores, any shape."""
        return self.offset() + self.scale() * value

    def to_value(self, label: Tensor) -> Tensor:
        """Scores of mean ratings, any shape; NaN stays NaN."""
        return (label - self.offset()) / self.scale()

    def penalty(self) -> Tensor:
        """Squares of how far the offset has moved, in units, and of the logarithm of the stretch."""
        return (self.moved.square() + self.stretch.square()).sum()

    def fit(self, value: Tensor, target: Tensor) -> Tensor:
        """Mean distance of the ratings of scores (B,) to those given (B, 1), in units; no gradient to the scores."""
        return l1_loss(self.to_label(value.detach()), target[:, 0]) / self.unit.sum()

    def describe(self) -> dict[str, Any]:
        """Offset and scale in rating points."""
        offset, scale = self.offset().detach(), self.scale().detach()
        return {"offset": round(float(offset), 4), "scale": round(float(scale), 4)}


def pool_unit(spread: float) -> float:
    """Rating points that log-odds of 1 stand for, where single opinions of a face spread by so many points.

    >>> round(pool_unit(0.6), 3)
    0.499
    """
    return float(2**0.5 * spread / PROBIT)


def describe(knots: Tensor, heights: Tensor) -> dict[str, Any]:
    """A curve as plain numbers."""
    return {"knots": knots.tolist(), "offsets": [round(o, 3) for o in (heights - knots).tolist()]}


def read_shift(description: Mapping[str, Any]) -> LabelShift | PoolShift:
    """The curve, or the scale of a pool, that a run folder or a card tells."""
    if "scale" in description:
        return PoolShift(float(description["offset"]), float(description["scale"]))
    shift = LabelShift(tuple(description["knots"]))
    with torch.no_grad():
        shift.offsets.copy_(torch.tensor(description["offsets"]) / shift.unit)
    return shift


def interpolate(x: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    """Straight between rising points (xs, ys) (K,), with a slope of 1 beyond the ends; gradients to all three.

    >>> interpolate(torch.tensor([-1.0, 5.0, 25.0]), torch.tensor([0.0, 10.0, 20.0]), torch.tensor([2.0, 14.0, 20.0]))
    tensor([ 1.,  8., 25.])
    """
    at = torch.bucketize(x.detach(), xs.detach()).clamp(1, len(xs) - 1)
    slope = (ys[at] - ys[at - 1]) / (xs[at] - xs[at - 1])
    inside = ys[at - 1] + slope * (x - xs[at - 1])
    outside = torch.where(x < xs[0], ys[0] + x - xs[0], ys[-1] + x - xs[-1])
    return torch.where((x < xs[0]) | (x > xs[-1]), outside, inside)
