"""The Inceptions have the parameters, operations and receptive fields that were published, each by its convention."""

from copy import deepcopy

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch
from tests.train.backbones.inception.inception_measures import (
    Geometry,
    activations,
    backbone_of,
    blank,
    cost,
    geometry,
    imgclsmob_ops,
    multiply_adds,
    normalised,
    normalised_channels,
    params,
    slim_ops,
    summed,
    whole,
)
from tests.train.backbones.inception.inception_tables import (
    IMGCLSMOB,
    INCEPTION_RESNET_V2,
    INCEPTION_V2,
    INCEPTION_V3,
    INCEPTION_V4,
    KERAS_PARAMS,
    TIMM,
    TORCHVISION_GOOGLENET,
    TORCHVISION_INCEPTION_V3_WITH_AUX,
    EndPoint,
    Timm,
)
from torch import nn

from mien.train.backbones.base import Classifier, Row
from mien.train.backbones.inception.blocks import AvgPool, Mixed
from mien.train.backbones.inception.bn_inception import FIGURE_5, inception
from mien.train.backbones.inception.googlenet import TABLE_1 as GOOGLENET
from mien.train.backbones.inception.inception_resnet import NETWORKS as INCEPTION_RESNETS
from mien.train.backbones.inception.inception_v3 import TABLE_1
from mien.train.backbones.inception.inception_v4 import FIGURE_9

# slim has 96 channels where the paper has 128 after the pooling of 4c and 4d.
SLIM_V2: tuple[Row, ...] = (
    *FIGURE_5[:10],
    inception(160, 128, 160, 128, 160, AvgPool(), 96),
    inception(96, 128, 192, 160, 192, AvgPool(), 96),
    *FIGURE_5[12:],
)
ALL_ROWS = range(1000)
SLIM: dict[str, tuple[tuple[Row, ...], tuple[EndPoint, ...], range | list[int]]] = {
    "inception_v2": (SLIM_V2, INCEPTION_V2, ALL_ROWS),
    "inception_v3": (TABLE_1, INCEPTION_V3, ALL_ROWS),
    "inception_v4": (FIGURE_9, INCEPTION_V4, ALL_ROWS),
    "inception_resnet_v2": (
        INCEPTION_RESNETS["inception_resnet_v2"].table,
        INCEPTION_RESNET_V2,
        [0, 1, 2, 3, 4, 5, 6, 7, 18, 38, 39, 50],
    ),
}


def as_in_imgclsmob(name: str) -> Classifier:
    """Our network with what imgclsmob's has besides: biases in BN-Inception, FaceNet's head on Inception-ResNet v1."""
    net = deepcopy(whole(name))
    with torch.device("meta"):
        if name == "bn_inception":
            for conv in [m for m in net.modules() if isinstance(m, nn.Conv2d)]:
                conv.bias = nn.Parameter(torch.zeros(conv.out_channels))
        if name == "inception_resnet_v1":
            layers = nn.Linear(1792, 512, bias=False), nn.BatchNorm1d(512), nn.Linear(512, 1000)
            net.classifier = nn.Sequential(*layers)
    return net.eval()


@pytest.mark.parametrize("name", IMGCLSMOB)
def test_parameters_and_operations_of_imgclsmob(name: str) -> None:
    size, expected, mega_ops = IMGCLSMOB[name]
    net = as_in_imgclsmob(name)
    assert params(net) == expected
    ops, _ = summed(net, blank(size), imgclsmob_ops)
    assert round(ops / 2e6, 2) == mega_ops


@pytest.mark.parametrize("name", KERAS_PARAMS)
def test_parameters_of_keras(name: str) -> None:
    """Keras counts moving means and variances; only its Xception has a factor (gamma) in batch normalisation."""
    net = whole(name)
    besides = 2 if name == "xception" else 1
    assert params(net) + besides * normalised_channels(net) == KERAS_PARAMS[name]


@pytest.mark.parametrize("name", TIMM)
def test_parameters_multiply_adds_and_activations_of_timm(name: str) -> None:
    """Its counter, fvcore, adds two operations a value for batch normalisation to the multiply-adds."""
    net, x = whole(name), blank(299)
    values, macs, normal = (summed(net, x, count)[0] for count in (activations, cost, normalised))
    found = Timm(round((macs + 2 * normal) / 1e9, 2), round(values / 1e6, 2), round(params(net) / 1e6, 2))
    assert found == TIMM[name]


def test_torchvisions_inception_v3_with_its_auxiliary_head() -> None:
    expected, gigas = TORCHVISION_INCEPTION_V3_WITH_AUX
    net = whole("inception_v3", aux=True)
    assert params(net) == expected
    assert round(multiply_adds(net, blank(299)) / 1e9, 3) == gigas


def test_torchvisions_googlenet() -> None:
    """It has 3x3 where the paper has 5x5, and batch normalisation (2 weights a channel) in place of a bias (1)."""

    def narrowed(row: Row) -> Row:
        if not isinstance(row, Mixed):
            return row
        first, second, (reduce, conv), pool = row.branches
        return row._replace(branches=(first, second, (reduce, conv._replace(kernel=3)), pool))

    expected, gigas = TORCHVISION_GOOGLENET
    net = backbone_of(tuple(map(narrowed, GOOGLENET)))
    biases = sum(m.out_channels for m in net.modules() if isinstance(m, nn.Conv2d))
    assert params(net) + biases + 1025 * 1000 == expected
    assert round((multiply_adds(net, blank(224)) + 1024 * 1000) / 1e9, 3) == gigas


def test_torchvisions_googlenet_with_its_auxiliary_heads() -> None:
    """13.00 M parameters in sovrasov/flops-counter.pytorch: 5x5 and biases as above, and one layer in each head."""
    net = whole("googlenet", aux=True)
    convs = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    fives = sum(m.weight.numel() for m in convs if m.kernel_size == (5, 5))
    assert round((params(net) - fives * 16 // 25 + sum(m.out_channels for m in convs)) / 1e6, 2) == 13.00


@pytest.mark.parametrize("name", SLIM)
def test_receptive_fields_and_padding_at_the_end_points_of_slim(name: str) -> None:
    table, points, rows = SLIM[name]
    found = [Geometry()]
    for layer in backbone_of(table).layers:
        found.append(geometry(layer, found[-1]))
    chosen = [(index, g) for index, g in enumerate(found[1:]) if index in rows]
    assert len(chosen) == len(points)
    for (_, (field, stride, padding)), point in zip(chosen, points, strict=True):
        assert (field, stride) == (point.field, point.stride), point.name
        assert point.padding in (None, padding), point.name


@pytest.mark.parametrize("size", [224, 321])
@pytest.mark.parametrize("name", SLIM)
def test_operations_up_to_the_end_points_of_slim(name: str, size: int) -> None:
    table, points, rows = SLIM[name]
    x, total, found = blank(size), 0, []
    for index, layer in enumerate(backbone_of(table).layers):
        ops, x = summed(layer, x, slim_ops)
        total += ops
        if index in rows:
            found.append(round(total / 1e9, 3))
    assert found == [point.ops_224 if size == 224 else point.ops_321 for point in points]
