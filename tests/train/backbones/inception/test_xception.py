"""Xception against Figure 5 of its paper: shapes, blocks, stochastic depth."""

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch
from tests.train.backbones.inception.inception_measures import backbone_of, blank
from torch import nn

from mien.train.backbones.base import Build
from mien.train.backbones.inception.xception import FIGURE_5, Block, Residual, Separable, separable

# Chollet 2017, Figure 5: entry, middle (19x19x728, eight times) and exit flow.
SHAPES = [
    (149, 32), (147, 64), (74, 128), (37, 256), *[(19, 728)] * 9, (10, 1024), (10, 1536), (10, 2048),
]  # fmt: skip


def test_sizes_of_figure_5() -> None:
    x, found = blank(299), []
    for layer in backbone_of(FIGURE_5).layers:
        x = layer(x)
        found.append((x.shape[-1], x.shape[1]))
    assert found == SHAPES


def test_separable_convolution_has_nothing_between_depthwise_and_pointwise() -> None:
    leaves = [type(m).__name__ for m in separable(8, 12).modules() if not list(m.children())]
    assert leaves == ["Conv2d", "Conv2d", "BatchNorm2d"]
    assert sum(p.numel() for p in separable(8, 12).parameters()) == 8 * 9 + 8 * 12 + 2 * 12


def test_separable_row_ends_with_relu() -> None:
    layer, channels = Separable(6).build(Build(3))
    x = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    assert channels == 6
    assert layer(x).min() == 0


@pytest.mark.parametrize(("first_act", "expected"), [(True, 3), (False, 2)])
def test_every_separable_convolution_of_a_block_is_after_a_relu(first_act: bool, expected: int) -> None:
    block, _ = Block(1, (4, 4, 4), first_act).build(Build(4))
    assert sum(isinstance(m, nn.ReLU) for m in block.modules()) == expected
    net = backbone_of(FIGURE_5)
    starts = [isinstance(layer.body[0], nn.ReLU) for layer in net.layers if isinstance(layer, Residual)]
    assert starts == [False] + [True] * 11


@pytest.mark.parametrize("stride", [1, 2])
def test_block_adds_its_shortcut_and_leaves_its_input_alone(stride: int) -> None:
    torch.manual_seed(0)
    block, channels = Block(stride, (4, 4 * stride)).build(Build(4))
    block.eval()
    x = torch.randn(2, 4, 7, 7)
    before = x.clone()
    found = block(x)
    assert found.shape == (2, channels, -(-7 // stride), -(-7 // stride))
    torch.testing.assert_close(x, before)
    torch.testing.assert_close(found, block.shortcut(x) + block.body(x))
    assert isinstance(block.shortcut, nn.Identity) == (stride == 1)


def test_stochastic_depth_grows_with_depth_and_is_off_in_use() -> None:
    net = backbone_of(FIGURE_5, drop_path=0.2)
    rates = [layer.drop_path.rate for layer in net.layers if isinstance(layer, Residual)]
    assert rates == pytest.approx([0.2 * i / 15 for i in range(2, 14)])
    torch.manual_seed(0)
    block, _ = Block(1, (3,)).build(Build(3, drop_path=0.5))
    x = torch.randn(100, 3, 4, 4)
    dropped = (block.train()(x) == x).all((1, 2, 3)).float().mean()
    assert 0.3 < dropped < 0.7
    torch.testing.assert_close(block.eval()(x), x + block.body(x))
