"""The Inception and MobileNet series: counts of each network, where its MACs are, what each version changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from mien.profile import Report, profile
from mien.profile.cost import cost

SHORT = {
    "googlenet": "v1",
    "bn_inception": "v2",
    "inception_v3": "v3",
    "inception_v4": "v4",
    "inception_resnet_v1": "IR v1",
    "inception_resnet_v2": "IR v2",
    "xception": "Xception",
    "mobilenet_v1": "v1",
    "mobilenet_v2": "v2",
    "mobilenet_v3_small": "v3 small",
    "mobilenet_v3_large": "v3 large",
    "mobilenet_v4_conv_small": "v4 small",
    "mobilenet_v4_conv_medium": "v4 medium",
    "mobilenet_v4_conv_large": "v4 large",
}
"""Networks with their names within the series."""
INCEPTIONS = tuple(SHORT)[:7]
CHANGES: Mapping[str, tuple[str, str]] = {
    "googlenet": (
        "",
        "1x1, 3x3, 5x5 and pooling side by side; 1x1 in front narrows what the large kernels read; an average over "
        "the last map in place of wide linear layers",
    ),
    "bn_inception": (
        "googlenet",
        "two 3x3 in place of 5x5, with wider outputs; batch normalisation; grids reduced by strides within the blocks",
    ),
    "inception_v3": (
        "bn_inception",
        "1x7 with 7x1 on the middle grid, 1x3 beside 3x1 on the last; a stem of 3x3 in place of 7x7; no padding there",
    ),
    "inception_v4": ("inception_v3", "one regular pattern of more and wider blocks; a stem with branches"),
    "inception_resnet_v1": (
        "inception_v3",
        "each block adds its few narrow branches to its input, widened again by a 1x1",
    ),
    "inception_resnet_v2": ("inception_v4", "the same sums, with more blocks, in place of concatenations"),
    "xception": ("inception_v3", "the limit of branches: one a channel, depthwise 3x3 with 1x1, and shortcuts"),
    "mobilenet_v1": ("googlenet", "a plain chain of depthwise 3x3 and 1x1; one multiplier for all widths"),
    "mobilenet_v2": (
        "mobilenet_v1",
        "1x1 widens sixfold, depthwise 3x3, 1x1 narrows without activation; sums join the narrow ends",
    ),
    "mobilenet_v3_large": (
        "mobilenet_v2",
        "searched widths, 5x5 depthwise, squeeze-excite, h-swish; the last wide layer moved behind the pooling",
    ),
    "mobilenet_v3_small": ("mobilenet_v3_large", "fewer and narrower blocks, smaller maps earlier"),
    "mobilenet_v4_conv_small": (
        "mobilenet_v3_large",
        "whole 3x3 at the start, a depthwise before the widening where the search wants it; ReLU, no squeeze-excite",
    ),
    "mobilenet_v4_conv_medium": ("mobilenet_v4_conv_small", "the same blocks, more and wider"),
    "mobilenet_v4_conv_large": ("mobilenet_v4_conv_medium", "the same blocks, more and wider"),
}
"""Network -> the one that it is held against, and what it changed."""
KINDS = ("1x1", "depthwise", "strips", "wide")
"""Pointwise convolutions and linear layers; one channel a filter; 1 x n and n x 1; n x n over all channels."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network at the input of its paper, and at the input of the one that it is held against."""

    report: Report
    alike: Report
    shares: Mapping[str, float]


def count(name: str) -> Network:
    """Counts of a registered network with 1000 classes."""
    report, before = profile(name), CHANGES[name][0]
    alike = profile(name, profile(before).input_shapes[0]) if before else report
    return Network(report, alike, shares(report))


def shares(report: Report) -> dict[str, float]:
    """Share of the MACs in each kind of layer.

    >>> {kind: round(share, 2) for kind, share in shares(profile("mobilenet_v1")).items()}
    {'1x1': 0.95, 'depthwise': 0.03, 'strips': 0.0, 'wide': 0.02}
    """
    parts = dict.fromkeys(KINDS, 0.0)
    for operation in report.graph.operations:
        macs = cost(operation).macs
        if macs:
            weight = operation.attributes.get("weight")
            parts[_kind(weight.shape if weight else (), operation.attributes.get("groups", 1))] += macs / report.macs
    return parts


def _kind(weight: tuple[int, ...], groups: int) -> str:
    kernel = weight[2:]
    if prod(kernel) == 1:
        return "1x1"
    if groups > 1 and weight[1] == 1:
        return "depthwise"
    return "strips" if 1 in kernel else "wide"


def effect(name: str, networks: Mapping[str, Network], times: Mapping[str, float]) -> str:
    """What a change did to the counts, and to the time where both were timed, at the input of the one before."""
    before, network = CHANGES[name][0], networks[name]
    made = ", ".join(f"{network.shares[kind]:.0%} {kind}" for kind in KINDS if network.shares[kind] >= 0.005)
    if before not in networks:
        size = network.report.receptive_field or (0,)
        counts = f"{network.report.parameters / 1e6:.1f} M parameters, {network.report.macs / 1e6:.0f} M MACs"
        return f"{counts}, field {size[0]}; MACs {made}"
    old = networks[before].report
    field, past = network.alike.receptive_field or (0,), old.receptive_field or (0,)
    text = (
        f"parameters x {network.alike.parameters / old.parameters:.2f}, MACs x {network.alike.macs / old.macs:.2f}, "
        f"values x {network.alike.activations / old.activations:.2f}, field {past[0]} to {field[0]}"
    )
    if name in times and before in times:
        text += f", time x {times[name] / times[before]:.2f}"
    return f"{text}; MACs {made}"
