"""Receptive fields, parameters and operations of networks against what was published, and FlopCounterMode."""

from functools import cache
from itertools import pairwise

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch
from tests.profile.published_fields import ALEXNET, BACKBONES, RESNETS, ROWS, VGG_16, VGG_A, parse
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mien.profile import Report, explain, profile
from mien.profile.receptive_field import Receptive
from mien.train.backbones.registry import NETWORKS, create_classifier, find_network

cached = cache(profile)


def hold(found: list[Receptive | None], points: str) -> None:
    """The fields are those of the end points, alike along both axes."""
    expected = parse(points)
    assert len(found) == len(expected)
    for seen, (field, stride, padding) in zip(found, expected, strict=True):
        assert seen is not None
        assert (seen.size, seen.stride) == ((field, field), (stride, stride))
        assert padding is None or seen.padding == (padding, padding)
        assert seen.aligned


def at(report: Report, paths: list[str]) -> list[Receptive | None]:
    modules = {module.path: module for _, module in report.modules.walk()}
    return [modules[path].receptive for path in paths]


@pytest.mark.parametrize("name", BACKBONES)
def test_end_points_of_our_backbones(name: str) -> None:
    report = cached(name)
    rows = ROWS.get(name, range(len(find_network(name).table)))
    paths = [f"backbone.layers.{row}" for row in rows]
    hold(at(report, paths[: len(parse(BACKBONES[name]))]), BACKBONES[name])


def vgg(units: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for block, n in enumerate(units):
        for _ in range(n):
            layers += [nn.Conv2d(channels, 64 * min(2**block, 8), 3, padding=1), nn.ReLU(inplace=True)]
            channels = 64 * min(2**block, 8)
        layers.append(nn.MaxPool2d(2))
    head = nn.Linear(512 * 49, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(7), nn.Flatten(), *head)


def alexnet() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, 4), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.Conv2d(384, 384, 3, padding=1), nn.Conv2d(384, 256, 3, padding=1),
        nn.MaxPool2d(3, 2),
    )  # fmt: skip


class Bottleneck(nn.Module):
    """Unit of ResNet v1; as in slim the last one of a block strides."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width),
        )  # fmt: skip
        project = [nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)]
        self.shortcut = nn.Sequential(*project) if inputs != 4 * width else nn.MaxPool2d(1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def resnet(units: tuple[int, ...]) -> nn.Sequential:
    blocks: list[nn.Module] = []
    channels = 64
    for block, n in enumerate(units):
        width = 64 * 2**block
        strides = [1] * (n - 1) + [2 if block < 3 else 1]
        blocks.append(
            nn.Sequential(*(Bottleneck(4 * width if k else channels, width, s) for k, s in enumerate(strides)))
        )
        channels = 4 * width
    stem = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def built(make, *args) -> nn.Module:  # type: ignore[no-untyped-def]
    with torch.device("meta"):
        net: nn.Module = make(*args)
    return net


def test_alexnet() -> None:
    hold(at(profile(built(alexnet), 224), list("0124567")), ALEXNET)


@pytest.mark.parametrize(("units", "points"), [((2, 2, 3, 3, 3), VGG_16), ((1, 1, 2, 2, 2), VGG_A)])
def test_vgg(units: tuple[int, ...], points: str) -> None:
    net = built(vgg, units)
    report = profile(net, 224)
    kinds = [type(layer).__name__ for layer in net.children()]
    paths, convolutions = [], 0
    for k, kind in enumerate(kinds):  # the table has the first convolution of blocks 1 and 2, the first two of others
        convolutions += kind == "Conv2d"
        if kind == "MaxPool2d" or (kind == "Conv2d" and convolutions <= (1 if len(paths) < 4 else 2)):
            paths.append(str(k))
        convolutions *= kind != "MaxPool2d"
    hold(at(report, paths), points)


def test_vgg_16_has_the_published_counts() -> None:
    report = profile(built(vgg, (2, 2, 3, 3, 3)), 224)
    assert report.parameters == 138_357_544  # imgclsmob, keras
    assert round(report.macs / 1e9, 2) == 15.47  # 15.48 GMACs with biases and activations in ptflops
    assert (report.receptive_field, report.effective_stride, report.feature_map) == (
        (212, 212),
        (32, 32),
        (1, 512, 7, 7),
    )


@pytest.mark.parametrize("units", RESNETS)
def test_resnet(units: tuple[int, ...]) -> None:
    report = profile(built(resnet, units), 224)
    hold(at(report, list("4567")), RESNETS[units])
    if units == (3, 4, 6, 3):
        assert report.parameters == 25_557_032  # imgclsmob


PARAMETERS = {  # imgclsmob, torchvision for MobileNet v2 and v3
    "inception_v3": 23_834_568, "inception_v4": 42_679_816,
    "inception_resnet_v2": 55_843_464, "xception": 22_855_952, "mobilenet_v1": 4_231_976, "mobilenet_v2": 3_504_872,
    "mobilenet_v3_small": 2_542_856, "mobilenet_v3_large": 5_483_032,
}  # fmt: skip
ACTIVATIONS = {  # timm, results/benchmark-infer-amp-nchw-pt291-cu128-4090.csv at aa4b5850, in millions
    "inception_v3": 8.97, "inception_v4": 15.09, "inception_resnet_v2": 25.06, "xception": 35.83,
    "mobilenet_v1": 5.04, "mobilenet_v2": 6.68, "mobilenet_v3_small": 1.42, "mobilenet_v3_large": 4.41,
    "mobilenet_v4_conv_small": 1.97, "mobilenet_v4_conv_medium": 7.58, "mobilenet_v4_conv_large": 27.31,
}  # fmt: skip
MACS = {"mobilenet_v1": 569, "mobilenet_v2": 300, "mobilenet_v3_large": 217, "mobilenet_v3_small": 56}
"""In millions, to one unit: slim's mobilenet_v1.md and mobilenet/README.md; Table 3 of the paper of v3."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_published_parameters(name: str) -> None:
    assert cached(name).parameters == PARAMETERS[name]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_published_activations(name: str) -> None:
    assert round(cached(name).activations / 1e6, 2) == ACTIVATIONS[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_macs_are_those_of_flop_counter_mode(name: str) -> None:
    report = cached(name)
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
        create_classifier(name).eval()(torch.zeros(report.input_shapes[0]))
    assert report.flops == counter.get_total_flops()
    assert (report.multiplications, report.macs) == (report.flops // 2, report.flops // 2)


@pytest.mark.parametrize("name", MACS)
def test_published_macs(name: str) -> None:
    assert abs(cached(name).macs / 1e6 - MACS[name]) < 1


@pytest.mark.parametrize("name", NETWORKS)
def test_explanation_ends_at_the_field(name: str) -> None:
    report = cached(name)
    steps = explain(report)
    assert steps[-1].field == report.receptive_field[0]  # type: ignore[index]
    assert steps[0].after == 1
    for before, step in pairwise(steps):
        assert step.after == before.field
        assert step.field == (step.after - 1) * step.stride + (step.kernel - 1) * step.dilation + 1


def test_squeeze_excite_makes_the_field_global_and_the_local_one_stays() -> None:
    found = {name: cached(name) for name in NETWORKS}
    assert {name for name, report in found.items() if report.is_global} == {"mobilenet_v3_small", "mobilenet_v3_large"}
    assert found["mobilenet_v3_large"].receptive_field == (595, 595)
