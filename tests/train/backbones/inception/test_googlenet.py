"""GoogLeNet against its Table 1, layer by layer, and its auxiliary heads."""

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch
from tests.train.backbones.inception.inception_measures import backbone_of, blank, multiply_adds, params, whole
from torch import Tensor, nn

from mien.train.backbones.base import Build
from mien.train.backbones.inception.googlenet import TABLE_1, AuxiliaryHead, LocalResponseNorm, conv_relu
from mien.train.backbones.registry import create_classifier

# Szegedy et al. 2015, Table 1: channels out, side, filters (#1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj),
# params in K (1024), ops in M. The printed params of 4a and 4c to 5b and the ops of 5a do not follow from the filters
# printed in the same row (within 1 K and 1 M); neither do 2.7 K and 34 M of the first layer from a 7x7 over three
# channels at stride 2 (9.2 K, 118 M). The filters are what we build.
MODULES = {
    "3a": (256, 28, (64, 96, 128, 16, 32, 32), 159, 128),
    "3b": (480, 28, (128, 128, 192, 32, 96, 64), 380, 304),
    "4a": (512, 14, (192, 96, 208, 16, 48, 64), 364, 73),
    "4b": (512, 14, (160, 112, 224, 24, 64, 64), 437, 88),
    "4c": (512, 14, (128, 128, 256, 24, 64, 64), 463, 100),
    "4d": (528, 14, (112, 144, 288, 32, 64, 64), 580, 119),
    "4e": (832, 14, (256, 160, 320, 32, 128, 128), 840, 170),
    "5a": (832, 7, (256, 160, 320, 32, 128, 128), 1072, 54),
    "5b": (1024, 7, (384, 192, 384, 48, 128, 128), 1388, 71),
}
PARAMS_FOLLOW = ("3a", "3b", "4b")
OPS_FOLLOW = tuple(name for name in MODULES if name != "5a")


def weights(module: nn.Module) -> int:
    """Without biases, as the paper counts."""
    return sum(p.numel() for p in module.parameters() if p.ndim > 1)


def modules() -> dict[str, tuple[int, nn.Module, int]]:
    """Channels in, layer, channels out of the nine modules."""
    found, channels = [], 3
    with torch.device("meta"):
        for row in TABLE_1:
            layer, outputs = row.build(Build(channels))
            if hasattr(row, "branches"):
                found.append((channels, layer, outputs))
            channels = outputs
    return dict(zip(MODULES, found, strict=True))


@pytest.mark.parametrize("name", MODULES)
def test_filters_parameters_and_operations_of_a_module(name: str) -> None:
    outputs, side, (n1, reduce3, n3, reduce5, n5, pool), kilos, megas = MODULES[name]
    inputs, layer, found = modules()[name]
    by_hand = inputs * (n1 + reduce3 + reduce5 + pool) + 9 * reduce3 * n3 + 25 * reduce5 * n5
    assert found == outputs == n1 + n3 + n5 + pool
    assert weights(layer) == by_hand
    ops = multiply_adds(layer, blank(side, inputs))
    assert ops == by_hand * side**2
    assert (abs(by_hand / 1024 - kilos) <= 1) == (name in PARAMS_FOLLOW)
    assert (abs(ops / 1e6 - megas) <= 1) == (name in OPS_FOLLOW)


def test_parameters_and_operations_of_the_layers_before_and_after() -> None:
    net = whole("googlenet")
    first, reduce, conv = (net.backbone.layers[i] for i in (0, 3, 4))
    assert weights(first) == 7 * 7 * 3 * 64
    assert weights(reduce) + weights(conv) == 112 * 1024
    ops = multiply_adds(reduce, blank(56, 64)) + multiply_adds(conv, blank(56, 64))
    assert round(ops / 1e6) == 360
    assert weights(net.classifier) == 1000 * 1024


def test_sizes_of_table_1() -> None:
    x, sides = blank(224), []
    for layer in backbone_of(TABLE_1).layers:
        x = layer(x)
        sides.append(x.shape[-1])
    assert sides == [112, *[56] * 5, *[28] * 3, *[14] * 6, *[7] * 3]


def test_all_parameters_are_those_of_the_reference_model() -> None:
    assert params(whole("googlenet")) == 6_998_552  # bvlc_googlenet without its auxiliary heads


def test_local_response_normalisation_is_its_formula() -> None:
    layer, channels = LocalResponseNorm().build(Build(9))
    x = torch.randn(2, 9, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 100
    expected = torch.empty_like(x)
    for c in range(9):
        squares = x[:, max(0, c - 2) : c + 3].square().sum(1)
        expected[:, c] = x[:, c] / (1 + 1e-4 * squares / 5) ** 0.75
    assert channels == 9
    torch.testing.assert_close(layer(x), expected)


def test_signal_keeps_its_strength_from_layer_to_layer() -> None:
    torch.manual_seed(0)
    x = torch.randn(16, 256, 1, 1)
    for _ in range(20):
        x = conv_relu(256, 256, 1)(x)
    assert 0.3 < x.square().mean() < 3


def test_auxiliary_heads_read_after_4a_and_4d() -> None:
    net = whole("googlenet", aux=True)
    assert net.backbone.tap_channels == (512, 528)
    assert [params(head) for head in net.aux] == [
        inputs * 128 + 128 + 2048 * 1024 + 1024 + 1024 * 1000 + 1000 for inputs in (512, 528)
    ]
    pooled = net.aux[0].layers[0](blank(14, 512))
    assert pooled.shape == (1, 512, 4, 4)  # Section 5


@pytest.mark.parametrize("size", [96, 107])
def test_auxiliary_logits_come_while_training_only(size: int) -> None:
    torch.manual_seed(0)
    net = create_classifier("googlenet", 7, aux=True)
    pictures = torch.randn(2, 3, size, size)
    logits, aux = net(pictures)
    assert [x.shape for x in (logits, *aux)] == [(2, 7)] * 3
    sum(x.square().sum() for x in aux).backward()
    untouched = [i for i, layer in enumerate(net.backbone.layers) if any(p.grad is None for p in layer.parameters())]
    assert untouched == [14, 16, 17]  # 4e, 5a, 5b: behind the last tap
    with torch.no_grad():
        assert isinstance(net.eval()(pictures), Tensor)


def test_dropout_of_auxiliary_heads_is_the_papers() -> None:
    assert [m.p for m in AuxiliaryHead(8, 2).modules() if isinstance(m, nn.Dropout)] == [0.7]
    assert whole("googlenet").dropout.p == 0.4
