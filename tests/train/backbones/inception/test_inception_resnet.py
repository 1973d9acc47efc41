"""Inception-ResNet v1 and v2: the figures of the paper, residual scaling, stochastic depth."""

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch
from tests.train.backbones.inception.inception_measures import backbone_of, blank
from torch import nn

from mien.train.backbones.base import Build
from mien.train.backbones.inception.blocks import Conv, mixed
from mien.train.backbones.inception.inception_resnet import NETWORKS, Residual, ScaledResidual

# Szegedy et al. 2017, Figure 14 (stem), Figures 10 to 19 and Figure 15; the blocks of v2 are those of slim.
STEM = [(149, 32), (147, 32), (147, 64), (73, 64), (73, 80), (71, 192)]
SHAPES = {
    "inception_resnet_v1": [*STEM, *[(35, 256)] * 6, *[(17, 896)] * 11, *[(8, 1792)] * 7],
    "inception_resnet_v2": [
        *STEM, (35, 192), *[(35, 320)] * 11, *[(17, 1088)] * 21, *[(8, 2080)] * 11, (8, 1536),
    ],
}  # fmt: skip
BLOCKS = {"inception_resnet_v1": (5, 10, 5), "inception_resnet_v2": (10, 20, 9)}


def residuals(net: nn.Module) -> list[ScaledResidual]:
    return [m for m in net.modules() if isinstance(m, ScaledResidual)]


@pytest.mark.parametrize("name", NETWORKS)
def test_sizes_of_the_figures(name: str) -> None:
    x, found = blank(299), []
    for layer in backbone_of(NETWORKS[name].table).layers:
        x = layer(x)
        found.append((x.shape[-1], x.shape[1]))
    assert found == SHAPES[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_branches_are_scaled_by_017_010_020_and_the_last_not(name: str) -> None:
    a, b, c = BLOCKS[name]
    found = residuals(backbone_of(NETWORKS[name].table))
    assert [block.scale for block in found] == [0.17] * a + [0.10] * b + [0.20] * c + [1.0]
    assert [isinstance(block.act, nn.ReLU) for block in found] == [True] * (a + b + c) + [False]


def test_block_is_its_formula() -> None:
    torch.manual_seed(0)
    row = Residual(mixed([Conv(4)], [Conv(2), Conv(3, 3)]), 0.17)
    block, channels = row.build(Build(5))
    assert isinstance(block, ScaledResidual)
    assert channels == 5
    block.eval()
    x = torch.randn(2, 5, 6, 6)
    branches, project = block.body
    expected = x + 0.17 * project(branches(x))
    torch.testing.assert_close(block(x), expected.clamp(min=0))
    assert project.bias is not None
    open_end, _ = row._replace(act=False).build(Build(5))
    open_end.load_state_dict(block.state_dict())
    torch.testing.assert_close(open_end.eval()(x), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_stochastic_depth_grows_with_depth_up_to_its_rate(name: str) -> None:
    net = backbone_of(NETWORKS[name].table, drop_path=0.3)
    rates = [block.drop_path.rate for block in residuals(net)]
    places = [i for i, layer in enumerate(net.layers) if isinstance(layer, ScaledResidual)]
    assert rates == pytest.approx([0.3 * i / (len(net.layers) - 1) for i in places])
    assert max(rates) <= 0.3


def test_a_dropped_branch_leaves_its_sample_as_it_was() -> None:
    torch.manual_seed(0)
    block, _ = Residual(mixed([Conv(4)]), 0.5, act=False).build(Build(3, drop_path=0.4))
    block.train()
    x = torch.randn(200, 3, 2, 2)
    change = block(x) - x
    kept = change.abs().amax((1, 2, 3)) > 0
    assert 0.45 < kept.float().mean() < 0.75
    undropped = 0.5 * block.body(x)  # batch statistics are those of the whole batch in both
    torch.testing.assert_close(change[kept], undropped[kept] / 0.6, rtol=1e-4, atol=1e-5)
    block.eval()
    torch.testing.assert_close(block(x), x + 0.5 * block.body(x))
