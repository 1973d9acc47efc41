"""MobileNetV4: shapes at any size, weights counted from the paper's table, batch of one, derivatives."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch
from torch import nn

from mien.train.backbones.mobilenet import (
    ConvSpec,
    MobileNetV4,
    UIBSpec,
    UniversalInvertedBottleneck,
    conv_bn,
    scaled,
)

# Channels in, kernels of both depthwise convolutions, inner channels, channels out: Table 11 at width 1.
BOTTLENECKS = [
    (64, 5, 5, 192, 96), *[(96, 0, 3, 192, 96)] * 4, (96, 3, 0, 384, 96), (96, 3, 3, 576, 128), (128, 5, 5, 512, 128),
    (128, 0, 5, 512, 128), (128, 0, 5, 384, 128), *[(128, 0, 3, 512, 128)] * 2,
]  # fmt: skip
CONVOLUTIONS = [(3, 3, 32), (32, 3, 32), (32, 1, 32), (32, 3, 96), (96, 1, 64)]


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def by_hand() -> int:
    """Weights of the table: k k in out for a convolution, k k c for a depthwise one, 2 c for each norm."""
    total = sum(kernel**2 * inputs * outputs + 2 * outputs for inputs, kernel, outputs in CONVOLUTIONS)
    for inputs, start, middle, inner, outputs in BOTTLENECKS:
        total += (start**2 + 2) * inputs if start else 0
        total += inputs * inner + 2 * inner
        total += (middle**2 + 2) * inner if middle else 0
        total += inner * outputs + 2 * outputs
    return total


def test_weights_are_those_of_the_table() -> None:
    assert count(MobileNetV4()) == by_hand()


def test_with_the_papers_classifier_it_has_the_papers_size() -> None:
    head = 128 * 960 + 2 * 960 + 960 * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    assert round((count(MobileNetV4()) + head) / 1e6, 1) == 3.8  # Table 11 and the authors' model list


@pytest.mark.parametrize("size", [(32, 32), (48, 80), (33, 65), (97, 31), (112, 112), (1, 1)])
@pytest.mark.parametrize("width", [0.25, 1.0])
def test_feature_map_is_a_32nd_rounded_up(size: tuple[int, int], width: float) -> None:
    net = MobileNetV4(width=width).eval()
    with torch.no_grad():
        found = net(torch.zeros(2, 3, *size))
    assert found.shape == (2, net.num_features, -(-size[0] // 32), -(-size[1] // 32))
    assert net.num_features == scaled(128, width)


def test_other_inputs_and_own_tables() -> None:
    net = MobileNetV4((ConvSpec(3, 2, 16), UIBSpec(3, 3, 2, 24, 2.0)), in_channels=1).eval()
    assert net(torch.zeros(1, 1, 20, 20)).shape == (1, 24, 5, 5)


def test_a_batch_of_one_gives_what_it_gives_among_others() -> None:
    torch.manual_seed(0)
    net = MobileNetV4(width=0.25).eval()
    pictures = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        together, alone = net(pictures), net(pictures[1:2])
    torch.testing.assert_close(alone, together[1:2], rtol=1e-4, atol=1e-5)


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    net = MobileNetV4(width=0.25).train()
    net(torch.randn(2, 3, 64, 64)).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    assert all(p.grad.any() for p in net.parameters() if p.ndim > 1)


def test_bottleneck_adds_its_input_only_where_shapes_allow() -> None:
    def residual(stride: int, outputs: int) -> bool:
        return UniversalInvertedBottleneck(16, UIBSpec(3, 3, stride, outputs, 2.0), outputs).residual

    assert [residual(1, 16), residual(2, 16), residual(1, 24)] == [True, False, False]
    block = UniversalInvertedBottleneck(16, UIBSpec(0, 3, 1, 16, 2.0), 16).eval()
    nn.init.zeros_(block.body[-1][1].weight)
    picture = torch.randn(1, 16, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(block(picture), picture)


@pytest.mark.parametrize("kernels", [(3, 0), (0, 3), (5, 5), (0, 0)])
def test_exactly_one_depthwise_convolution_strides(kernels: tuple[int, int]) -> None:
    block = UniversalInvertedBottleneck(8, UIBSpec(*kernels, 2, 16, 3.0), 16)
    depthwise = [m for m in block.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert [conv.kernel_size[0] for conv in depthwise] == [k for k in kernels if k]
    assert sorted(conv.stride[0] for conv in depthwise) == [1, 2][2 - len(depthwise) :]
    assert block.body[0][0].bias is None


@pytest.mark.parametrize("channels", [8, 24, 32, 64, 96, 128, 960])
@pytest.mark.parametrize("width", [0.1, 0.25, 0.5, 0.75, 1.0, 1.4])
def test_scaled_channels_are_the_nearest_multiple_of_8_that_loses_at_most_a_tenth(channels: int, width: float) -> None:
    wanted = channels * width
    allowed = [n for n in range(8, 2000, 8) if n >= 0.9 * wanted]
    best = min(allowed, key=lambda n: (abs(n - wanted), -n))
    assert scaled(channels, width) == best


def test_narrower_is_smaller() -> None:
    sizes = [count(MobileNetV4(width=width)) for width in (0.25, 0.5, 0.75, 1.0)]
    assert np.all(np.diff(sizes) > 0)


def test_convolution_without_activation_keeps_negative_values() -> None:
    torch.manual_seed(0)
    assert conv_bn(3, 8, 3, act=False)(torch.randn(2, 3, 8, 8)).min() < 0
    assert conv_bn(3, 8, 3)(torch.randn(2, 3, 8, 8)).min() == 0
