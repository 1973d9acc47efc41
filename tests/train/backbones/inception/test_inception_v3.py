"""Inception v3 against Table 1 of its paper, and its auxiliary head."""

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch
from tests.train.backbones.inception.inception_measures import backbone_of, blank, params, whole
from torch import Tensor, nn

from mien.train.backbones.inception.inception_v3 import TABLE_1, AuxiliaryHead
from mien.train.backbones.registry import create_classifier

# Szegedy et al. 2016, Table 1: sides of the maps between its rows (149, 147, 147, 73, 71, 35, 17, 8), and the
# channels of the authors' network, whose 1x1 convolution has 80 and whose first 35x35 module 256 channels.
SHAPES = [
    (149, 32), (147, 32), (147, 64), (73, 64), (73, 80), (71, 192), (35, 192), (35, 256), (35, 288), (35, 288),
    *[(17, 768)] * 5, (8, 1280), (8, 2048), (8, 2048),
]  # fmt: skip


def test_sizes_of_table_1() -> None:
    x, found = blank(299), []
    for layer in backbone_of(TABLE_1).layers:
        x = layer(x)
        found.append((x.shape[-1], x.shape[1]))
    assert found == SHAPES


def test_normalisation_has_the_epsilon_of_the_authors() -> None:
    net = whole("inception_v3", aux=True)
    assert {m.eps for m in net.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-3}


def test_auxiliary_head_reads_after_the_last_17x17_grid() -> None:
    net = whole("inception_v3", aux=True)
    assert net.backbone.taps == (14,)
    assert SHAPES[14] == (17, 768)
    assert SHAPES[15][0] == 8
    assert params(net.aux) == 768 * 128 + 2 * 128 + 25 * 128 * 768 + 2 * 768 + 769 * 1000


def test_auxiliary_head_is_down_to_one_pixel_at_the_papers_size() -> None:
    head = AuxiliaryHead(768, 10).layers
    x = head[:3](torch.zeros(2, 768, 17, 17))
    assert head[0](torch.zeros(2, 768, 17, 17)).shape == (2, 768, 5, 5)
    assert x.shape == (2, 768, 1, 1)


def test_auxiliary_logits_come_while_training_only() -> None:
    torch.manual_seed(0)
    net = create_classifier("inception_v3", 7, aux=True)
    pictures = torch.randn(2, 3, 96, 96)
    logits, aux = net(pictures)
    assert [x.shape for x in (logits, *aux)] == [(2, 7)] * 2
    with torch.no_grad():
        assert isinstance(net.eval()(pictures), Tensor)
