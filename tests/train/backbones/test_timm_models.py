"""What timm passes on: maps, options and errors, with a small stand-in for timm and with the real one."""

import sys
import types
import warnings
from typing import Any

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.train.backbones.registry import create_backbone


def pictures(count: int, size: int, channels: int = 3) -> Tensor:
    return torch.randn(count, channels, size, size, generator=torch.Generator().manual_seed(0))


class FakeNet(nn.Module):
    """What `create_model(features_only=True)` of timm gives."""

    def __init__(self, in_chans: int, output_fmt: str) -> None:
        super().__init__()
        self.stem, self.body = nn.Conv2d(in_chans, 4, 3, 2, 1), nn.Conv2d(4, 6, 3, 4, 1)
        self.feature_info = types.SimpleNamespace(channels=lambda: [4, 6], reduction=lambda: [2, 8])
        self.output_fmt = output_fmt

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = [self.stem(x), self.body(self.stem(x))]
        return [m.permute(0, 2, 3, 1) for m in maps] if self.output_fmt == "NHWC" else maps


@pytest.fixture
def fake_timm(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A timm of three networks; the list fills with the options that it was asked with."""
    asked: list[dict[str, Any]] = []

    def create_model(name: str, **options: Any) -> nn.Module:
        asked.append({"name": name, **options})
        if name == "plain" and "drop_path_rate" in options:
            raise TypeError("__init__() got an unexpected keyword argument 'drop_path_rate'")
        if name == "flat":
            raise RuntimeError("features_only not implemented for flat")
        return FakeNet(options["in_chans"], "NHWC" if name == "last" else "NCHW")

    names = ["plain", "deep", "last", "flat"]
    timm = types.ModuleType("timm")
    vars(timm).update(create_model=create_model, list_models=lambda: names, is_model=names.__contains__)
    monkeypatch.setitem(sys.modules, "timm", timm)
    return asked


@pytest.mark.parametrize("name", ["timm:plain", "timm:last"])
def test_timm_gives_maps_as_ours_do(name: str, fake_timm: list[dict[str, Any]]) -> None:
    torch.manual_seed(0)
    net = create_backbone(name, in_channels=1)
    assert (net.num_features, net.feature_channels, net.feature_strides) == (6, (4, 6), (2, 8))
    assert net(pictures(2, 32, 1)).shape == (2, 6, 4, 4)
    pyramid = create_backbone(name, in_channels=1, features_only=True)
    assert [m.shape for m in pyramid(pictures(2, 32, 1))] == [(2, 4, 16, 16), (2, 6, 4, 4)]
    asked = {"name": name.removeprefix("timm:"), "pretrained": False, "features_only": True, "in_chans": 1}
    assert fake_timm == [asked, asked]


def test_timm_takes_drop_path_where_the_network_has_it(fake_timm: list[dict[str, Any]]) -> None:
    create_backbone("timm:deep", drop_path=0.1)
    assert fake_timm[0]["drop_path_rate"] == 0.1
    with pytest.raises(InputError, match=r"'drop_path' must be 0 for 'timm:plain', .* no stochastic depth\. Got 0\.1"):
        create_backbone("timm:plain", drop_path=0.1)


@pytest.mark.usefixtures("fake_timm")
def test_what_timm_cannot_is_refused() -> None:
    with pytest.raises(InputError, match=r"Got 'timm:plane'\. Did you mean 'timm:plain'\?"):
        create_backbone("timm:plane")
    with pytest.raises(InputError, match="Got 'timm:flat': features_only not implemented"):
        create_backbone("timm:flat")
    with pytest.raises(InputError, match="'width' must be 1 for 'timm:plain'"):
        create_backbone("timm:plain", width=0.5)
    with pytest.raises(InputError, match="'stem_stride' must be 2 for 'timm:plain'"):
        create_backbone("timm:plain", stem_stride=1)


def test_without_timm_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError, match=r"'timm:resnet18' needs the package timm.*pip install timm"):
        create_backbone("timm:resnet18")


def test_the_real_timm() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("timm", reason="timm is not installed")
    net = create_backbone("timm:mobilenetv4_conv_small", drop_path=0.1).eval()
    assert net.num_features == 960
    assert net(pictures(1, 96)).shape == (1, 960, 3, 3)
    pyramid = create_backbone("timm:resnet18", features_only=True, in_channels=1)
    found = [(m.shape[1], 64 // m.shape[2]) for m in pyramid(pictures(2, 64, 1))]
    assert found == list(zip(pyramid.feature_channels, pyramid.feature_strides, strict=True))
    with pytest.raises(InputError, match="'drop_path' must be 0 for 'timm:vgg11'"):
        create_backbone("timm:vgg11", drop_path=0.1)
    with pytest.raises(InputError, match="Did you mean 'timm:resnet18'"):
        create_backbone("timm:resnet181")
