"""Backbones by name."""

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch

from mien.errors import InputError
from mien.train.backbones.registry import BACKBONES, create_backbone


@pytest.mark.parametrize("name", BACKBONES)
def test_backbone_says_how_wide_its_map_is(name: str) -> None:
    net = create_backbone(name, 0.25).eval()
    with torch.no_grad():
        assert net(torch.zeros(1, 3, 64, 64)).shape[:2] == (1, net.num_features)


@pytest.mark.parametrize("name", BACKBONES)
def test_weights_follow_the_seed(name: str) -> None:
    weights = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        weights.append(torch.cat([p.flatten() for p in create_backbone(name, 0.25).parameters()]))
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match=r"'backbone' must be one of mobilenet_v4_conv_small\. Got 'resnet'"):
        create_backbone("resnet")
