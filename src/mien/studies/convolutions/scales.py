"""What dilation reaches, and how counts fall with a width multiplier: by formula and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch

from mien.profile import Report, profile
from mien.profile.cost import cost
from mien.profile.effective import effective_field
from mien.studies.convolutions.designs import Layer, build, by_formula
from mien.train.backbones.registry import create_classifier


@dataclass(frozen=True, slots=True)
class Reach:
    """Weights of a stack of dilated 3x3, its field and the pixels in it that have a way in: (formula, counted)."""

    weights: int
    field: tuple[int, int]
    pixels: tuple[int, int]

    @property
    def agrees(self) -> bool:
        """Whether both are as counted."""
        return self.field[0] == self.field[1] and self.pixels[0] == self.pixels[1]


def reach(dilations: Sequence[int]) -> Reach:
    """Field 1 + sum 2 d; pixels (number of different sums of -d, 0, d) squared, counted where the gradient is not 0.

    >>> reach((2, 2, 2))
    Reach(weights=27, field=(13, 13), pixels=(49, 49))
    """
    design = tuple(Layer((3, 3), 1, 1, dilation=d) for d in dilations)
    net = build(design, bias=False, device="cpu")
    for parameter in net.parameters():
        torch.nn.init.ones_(parameter)
    field = by_formula(design, False, 1).field[0]
    effective = effective_field(net, torch.ones(1, 1, field + 2, field + 2))
    offsets = {sum(steps) for steps in product(*((-d, 0, d) for d in dilations))}
    top, _, bottom, _ = effective.box
    weights = sum(parameter.numel() for parameter in net.parameters())
    return Reach(weights, (field, bottom - top), (len(offsets) ** 2, int((effective.weight > 0).sum())))


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a network's parameters and MACs grows with the width squared, with the width, and not at all.

    MACs of convolutions also grow with the side squared, those of the classifier do not.
    """

    squared: int
    linear: int
    fixed: int
    squared_macs: int
    linear_macs: int
    classifier_macs: int

    def predict(self, width: float, side_ratio: float) -> tuple[float, float]:
        """Parameters and MACs at another width, and at a side so many times as large."""
        parameters = self.squared * width**2 + self.linear * width + self.fixed
        maps = side_ratio**2 * (self.squared_macs * width**2 + self.linear_macs * width)
        return parameters, maps + self.classifier_macs * width


def parts(report: Report) -> Parts:
    """Pointwise convolutions grow with the square, the biases of the classifier not, all else in a line."""
    squared = squared_macs = classifier = 0
    for operation in report.graph.operations:
        weight = operation.attributes.get("weight")
        if weight and operation.name == "convolution" and weight.shape[2:] == (1, 1):
            squared += weight.numel
            squared_macs += cost(operation).macs
        elif operation.name != "convolution":
            classifier += cost(operation).macs
    fixed = report.bias_parameters
    rest = report.parameters - squared - fixed
    return Parts(squared, rest, fixed, squared_macs, report.macs - squared_macs - classifier, classifier)


@dataclass(frozen=True, slots=True)
class Scaled:
    """A network at a width and a side: parameters and MACs, as (predicted, counted)."""

    name: str
    width: float
    side: int
    parameters: tuple[float, int]
    macs: tuple[float, int]

    @property
    def is_exact(self) -> bool:
        """Whether both are predicted to the last one."""
        return all(round(predicted, 3) == counted for predicted, counted in (self.parameters, self.macs))


def scale(name: str, width: float, side: int) -> Scaled:
    """Predicted from the whole network at 224 pixels."""
    expected = parts(profile(name, 224)).predict(width, side / 224)
    with torch.device("meta"):
        report = profile(create_classifier(name, width=width), side)
    return Scaled(name, width, side, (expected[0], report.parameters), (expected[1], report.macs))
