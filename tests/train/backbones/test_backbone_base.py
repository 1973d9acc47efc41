"""What all backbones share: rounding of channels, convolutions, whole branches left out, the chain itself."""

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch

from mien.train.backbones.base import Backbone, DropPath, conv_bn, scaled
from mien.train.backbones.mobilenet.blocks import Conv
from mien.train.backbones.mobilenet.v4 import UIB
from mien.train.backbones.registry import create_backbone

TABLE = (Conv(3, 2, 16), Conv(3, 1, 24), UIB(3, 3, 2, 32, 2), UIB(0, 3, 1, 40, 2))


@pytest.mark.parametrize("channels", [8, 24, 32, 64, 96, 128, 960])
@pytest.mark.parametrize("width", [0.1, 0.25, 0.5, 0.75, 1.0, 1.4])
def test_scaled_channels_are_the_nearest_multiple_of_8_that_loses_at_most_a_tenth(channels: int, width: float) -> None:
    wanted = channels * width
    allowed = [n for n in range(8, 2000, 8) if n >= 0.9 * wanted]
    best = min(allowed, key=lambda n: (abs(n - wanted), -n))
    assert scaled(channels, width) == best


def test_convolution_without_activation_keeps_negative_values() -> None:
    torch.manual_seed(0)
    assert conv_bn(3, 8, 3, act=None)(torch.randn(2, 3, 8, 8)).min() < 0
    assert conv_bn(3, 8, 3)(torch.randn(2, 3, 8, 8)).min() == 0


@pytest.mark.parametrize("size", [(32, 32), (48, 80), (33, 65), (97, 31), (1, 1)])
def test_maps_shrink_by_the_strides_rounded_up(size: tuple[int, int]) -> None:
    net = Backbone(TABLE, in_channels=1).eval()
    with torch.no_grad():
        found = [m.shape[1:] for m in net.pyramid(torch.zeros(1, 1, *size))]
    assert (net.feature_channels, net.feature_strides, net.num_features) == ((24, 40), (2, 4), 40)
    assert found == [(c, -(-size[0] // s), -(-size[1] // s)) for c, s in zip((24, 40), (2, 4), strict=True)]


def test_taps_are_the_maps_after_their_rows() -> None:
    torch.manual_seed(0)
    net = Backbone(TABLE, taps=(1, 2)).eval()
    x = torch.randn(1, 3, 16, 16)
    out, maps = net.tapped(x)
    assert net.tap_channels == (24, 32)
    assert torch.equal(out, net(x))
    assert torch.equal(maps[0], net.layers[:2](x))
    assert torch.equal(maps[1], net.layers[:3](x))


def test_rates_of_drop_path_grow_to_the_one_given() -> None:
    rates = [m.rate for m in create_backbone("mobilenet_v2", drop_path=0.2).modules() if isinstance(m, DropPath)]
    assert rates == sorted(rates)
    assert rates[0] > 0
    assert rates[-1] == pytest.approx(0.2)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.75])
def test_drop_path_keeps_whole_branches_and_their_mean(rate: float) -> None:
    torch.manual_seed(0)
    layer = DropPath(rate).train()
    out = layer(torch.ones(4000, 2, 1, 3)).flatten(1)
    assert set(out[:, 0].tolist()) <= {0.0, torch.tensor(1 / (1 - rate)).item()}
    assert torch.equal(out, out[:, :1].expand_as(out))
    spread = (rate / (1 - rate) / 4000) ** 0.5
    assert abs(out[:, 0].mean().item() - 1) <= 4 * spread
    assert torch.equal(layer.eval()(torch.ones(2, 1, 1, 1)), torch.ones(2, 1, 1, 1))
