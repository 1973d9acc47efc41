"""Rows that the Inceptions share: padding, pooling at the border, branches side by side, sizes of pictures."""

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch
from tests.train.backbones.inception.inception_measures import Geometry, backbone_of, blank, geometry
from torch import Tensor, nn
from torch.nn import functional

from mien.train.backbones.base import Build
from mien.train.backbones.inception import NETWORKS
from mien.train.backbones.inception.blocks import AvgPool, Conv, GridPool, MaxPool, mixed

VALID = ["inception_v3", "inception_v4", "inception_resnet_v1", "inception_resnet_v2"]


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [5, 8, 17])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (5, 1), (7, 2)])
def test_valid_layers_shrink_and_others_keep_the_size(size: int, kernel: int, stride: int) -> None:
    for valid, expected in ((False, -(-size // stride)), (True, (size - kernel) // stride + 1)):
        if valid and kernel > size:
            continue
        rows = [Conv(4, kernel, stride, valid)] + ([MaxPool(kernel, stride, valid)] if kernel > 1 else [])
        for row in rows:
            layer, _ = row.build(Build(4))
            assert layer(noise(2, 4, size, size)).shape == (2, 4, expected, expected)


@pytest.mark.parametrize("kernel", [(1, 7), (7, 1), (1, 3), (3, 1)])
def test_factorised_convolutions_keep_the_size(kernel: tuple[int, int]) -> None:
    layer, channels = Conv(6, kernel).build(Build(3))
    assert channels == 6
    assert layer(noise(2, 3, 9, 8)).shape == (2, 6, 9, 8)
    assert [p.shape for p in layer.parameters()] == [(6, 3, *kernel), (6,), (6,)]


def test_mean_at_the_border_is_over_real_pixels() -> None:
    layer, _ = AvgPool().build(Build(1))
    torch.testing.assert_close(layer(torch.ones(1, 1, 6, 5)), torch.ones(1, 1, 6, 5))


def test_branches_stand_side_by_side_in_their_order() -> None:
    row = mixed([Conv(3)], [Conv(2), mixed([Conv(4)], [Conv(1, 3)])], [MaxPool(3, 1)])
    layer, channels = row.build(Build(5))
    assert channels == 3 + 4 + 1 + 5
    assert isinstance(layer, nn.Module)
    layer.eval()
    x = noise(2, 5, 7, 7)
    found = layer(x)
    assert found.shape == (2, channels, 7, 7)
    torch.testing.assert_close(found[:, 8:], functional.max_pool2d(x, 3, 1, 1))


@pytest.mark.parametrize(("grid", "side"), [(14, 4), (17, 5)])
def test_pooling_of_auxiliary_heads_is_that_of_the_papers_at_their_sizes(grid: int, side: int) -> None:
    x = noise(2, 3, grid, grid)
    torch.testing.assert_close(GridPool(side)(x), functional.avg_pool2d(x, 5, 3))


@pytest.mark.parametrize("grid", [(1, 1), (4, 9), (5, 5), (6, 7), (10, 12), (28, 28)])
def test_pooling_of_auxiliary_heads_fits_any_grid(grid: tuple[int, int]) -> None:
    assert GridPool(4)(noise(1, 2, *grid)).shape == (1, 2, 4, 4)


@pytest.mark.parametrize("name", NETWORKS)
def test_stride_of_a_row_is_that_of_its_layer(name: str) -> None:
    table = NETWORKS[name].table
    for row, layer in zip(table, backbone_of(table).layers, strict=True):
        assert geometry(layer, Geometry()).stride == row.stride


@pytest.mark.parametrize(("stem_stride", "smallest"), [(2, 75), (1, 39)])
@pytest.mark.parametrize("name", VALID)
def test_smallest_picture(name: str, stem_stride: int, smallest: int) -> None:
    net = backbone_of(NETWORKS[name].table, stem_stride=stem_stride)
    assert net(blank(smallest)).shape == (1, net.num_features, 1, 1)
    with pytest.raises(RuntimeError, match="Kernel size can't be greater"):
        net(blank(smallest - 1))


@pytest.mark.parametrize("name", NETWORKS)
def test_other_channels_and_stem_stride(name: str) -> None:
    net = backbone_of(NETWORKS[name].table, in_channels=1, stem_stride=1)
    plain = backbone_of(NETWORKS[name].table)
    assert net(blank(107, channels=1)).shape[1] == plain.num_features
    assert net.feature_strides == tuple(s // 2 for s in plain.feature_strides if s > 2)
    assert net.feature_channels == plain.feature_channels[1:]
