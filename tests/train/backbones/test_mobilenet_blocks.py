"""Blocks of the MobileNets: counted by hand, their formulas, where they add, stride and activate."""

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mien.train.backbones.base import Build
from mien.train.backbones.mobilenet.blocks import Conv, Residual, SqueezeExcite
from mien.train.backbones.mobilenet.v1 import Separable
from mien.train.backbones.mobilenet.v2 import Bottleneck, bottlenecks
from mien.train.backbones.mobilenet.v3 import Bneck, Dense
from mien.train.backbones.mobilenet.v4 import UIB, FusedIB
from mien.train.backbones.registry import create_backbone

# Channels in, kernels of both depthwise convolutions, inner channels, channels out: V4, Table 11.
BOTTLENECKS = [
    (64, 5, 5, 192, 96), *[(96, 0, 3, 192, 96)] * 4, (96, 3, 0, 384, 96), (96, 3, 3, 576, 128), (128, 5, 5, 512, 128),
    (128, 0, 5, 512, 128), (128, 0, 5, 384, 128), *[(128, 0, 3, 512, 128)] * 2,
]  # fmt: skip
CONVOLUTIONS = [(3, 3, 32), (32, 3, 32), (32, 1, 32), (32, 3, 96), (96, 1, 64)]


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def weights(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def macs(module: nn.Module, *shape: int) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.eval()(torch.zeros(*shape))
    return counter.get_total_flops() // 2


def convolutions(module: nn.Module) -> list[nn.Conv2d]:
    return [m for m in module.modules() if isinstance(m, nn.Conv2d)]


def by_hand() -> int:
    """Weights of a table: k k in out for a convolution, k k c for a depthwise one, 2 c for each normalisation."""
    total = sum(kernel**2 * inputs * outputs + 2 * outputs for inputs, kernel, outputs in CONVOLUTIONS)
    for inputs, start, middle, inner, outputs in BOTTLENECKS:
        total += (start**2 + 2) * inputs if start else 0
        total += inputs * inner + 2 * inner
        total += (middle**2 + 2) * inner if middle else 0
        total += inner * outputs + 2 * outputs
    return total


def test_v4_conv_small_has_the_weights_of_its_table() -> None:
    assert weights(create_backbone("mobilenet_v4_conv_small")) == by_hand()


def test_v4_conv_small_keeps_the_names_of_its_weights() -> None:
    names = set(create_backbone("mobilenet_v4_conv_small").state_dict())
    assert {name.split(".")[0] for name in names} == {"layers"}
    assert {
        "layers.0.0.weight",
        "layers.4.1.running_var",
        "layers.5.body.3.0.weight",
        "layers.16.body.2.1.bias",
    } <= names
    assert len(names) == 264


def test_separable_costs_what_equation_5_says() -> None:
    layer, outputs = Separable(1, 64).build(Build(32))
    assert outputs == 64
    assert macs(layer, 1, 32, 14, 14) == (9 * 32 + 32 * 64) * 14 * 14  # D_K^2 M D_F^2 + M N D_F^2
    assert weights(layer) == 9 * 32 + 2 * 32 + 32 * 64 + 2 * 64


@pytest.mark.parametrize(("width", "channels"), [(0.25, 16), (0.3, 19), (1.0, 64), (1.5, 96)])
def test_v1_multiplies_its_channels_without_rounding_to_8(width: float, channels: int) -> None:
    assert Separable(1, 64).build(Build(32, width))[1] == channels


def test_a_line_of_the_table_of_v2_strides_once() -> None:
    assert bottlenecks(6, 24, 3, 2) == [Bottleneck(6, 24, 2), Bottleneck(6, 24, 1), Bottleneck(6, 24, 1)]


def test_inverted_residual_of_v2_by_hand() -> None:
    layer, outputs = Bottleneck(6, 24, 2).build(Build(16))
    assert outputs == 24
    assert weights(layer) == (16 * 96 + 2 * 96) + (9 * 96 + 2 * 96) + (96 * 24 + 2 * 24)
    assert macs(layer, 1, 16, 8, 8) == 64 * 16 * 96 + 16 * 9 * 96 + 16 * 96 * 24
    assert [conv.stride for conv in convolutions(layer)] == [(1, 1), (2, 2), (1, 1)]
    assert len(convolutions(Bottleneck(1, 16, 1).build(Build(32))[0])) == 2  # t = 1: nothing to expand


def test_v2_caps_inner_values_at_6_and_leaves_the_bottleneck_linear() -> None:
    torch.manual_seed(0)
    layer, _ = Bottleneck(6, 24, 1).build(Build(16))
    assert isinstance(layer, Residual)
    inner = layer.body[:2].train()(1000 * noise(8, 16, 6, 6).abs() ** 4)
    assert inner.min() == 0
    assert inner.max() <= 6
    assert layer.train()(noise(8, 16, 6, 6)).min() < 0


def test_squeeze_excite_is_its_formula() -> None:
    torch.manual_seed(0)
    layer, x = SqueezeExcite(72), noise(2, 72, 5, 7)
    first, second = convolutions(layer)
    mean = x.mean((2, 3))
    inner = (mean @ first.weight[:, :, 0, 0].T + first.bias).clamp(min=0)
    gate = ((inner @ second.weight[:, :, 0, 0].T + second.bias + 3).clamp(0, 6) / 6)[:, :, None, None]
    torch.testing.assert_close(layer(x), x * gate)


@pytest.mark.parametrize(("channels", "middle"), [(16, 8), (72, 24), (96, 24), (120, 32), (480, 120), (960, 240)])
def test_squeeze_is_a_quarter_rounded_to_8(channels: int, middle: int) -> None:
    assert weights(SqueezeExcite(channels)) == 2 * channels * middle + channels + middle


def test_h_swish_is_that_of_the_paper() -> None:
    x = torch.linspace(-6, 6, 101)
    torch.testing.assert_close(nn.Hardswish()(x), x * nn.functional.relu6(x + 3) / 6)  # Section 5.2


def test_bneck_of_v3_by_hand() -> None:
    layer, outputs = Bneck(40, 5, 240, 48, True, nn.Hardswish, 2).build(Build(40))
    squeeze = 2 * 240 * 64 + 240 + 64
    assert outputs == 48
    assert weights(layer) == (40 * 240 + 480) + (25 * 240 + 480) + squeeze + (240 * 48 + 96)
    kinds = [type(m).__name__ for m in layer.modules() if not list(m.children())]
    assert kinds.count("Hardswish") == 2
    assert kinds.index("AdaptiveAvgPool2d") > kinds.index("Hardswish")
    assert kinds[-2:] == ["BatchNorm2d", "DropPath"]


@pytest.mark.parametrize(("width", "inputs", "middle"), [(1.0, 80, 184), (0.75, 64, 144), (0.5, 40, 96)])
def test_v3_expands_by_the_same_factor_at_any_width(width: float, inputs: int, middle: int) -> None:
    layer, _ = Bneck(80, 3, 184, 80, False, nn.Hardswish, 1).build(Build(inputs, width))
    assert convolutions(layer)[0].out_channels == middle


@pytest.mark.parametrize(("width", "channels"), [(0.5, 1280), (1.0, 1280), (1.4, 1792)])
def test_the_last_layer_widens_and_never_narrows(width: float, channels: int) -> None:
    for row in (Conv(1, 1, 1280, shrinks=False), Dense(1280)):
        assert row.build(Build(8, width))[1] == channels


def test_fused_ib_of_v4_by_hand() -> None:
    layer, outputs = FusedIB(3, 2, 48, 4).build(Build(32))
    assert outputs == 48
    assert weights(layer) == (9 * 32 * 128 + 256) + (128 * 48 + 96)
    assert layer.train()(noise(2, 32, 9, 9)).shape == (2, 48, 5, 5)


@pytest.mark.parametrize("kernels", [(3, 0), (0, 3), (5, 5), (0, 0)])
def test_exactly_one_depthwise_convolution_strides(kernels: tuple[int, int]) -> None:
    layer, _ = UIB(*kernels, 2, 16, 3).build(Build(8))
    depthwise = [conv for conv in convolutions(layer) if conv.groups > 1]
    assert [conv.kernel_size[0] for conv in depthwise] == [k for k in kernels if k]
    assert [conv.stride[0] for conv in depthwise] == [1, 2][2 - len(depthwise) :]
    assert all(conv.bias is None for conv in convolutions(layer))


@pytest.mark.parametrize(
    ("row", "added"),
    [
        (UIB(3, 3, 1, 16, 2), True), (UIB(3, 3, 2, 16, 2), False), (UIB(3, 3, 1, 24, 2), False),
        (Bottleneck(6, 16, 1), True), (Bottleneck(6, 16, 2), False), (Bottleneck(6, 24, 1), False),
        (Bneck(16, 3, 64, 16, True, nn.ReLU, 1), True), (FusedIB(3, 1, 16, 4), True), (FusedIB(3, 2, 16, 4), False),
    ],
)  # fmt: skip
def test_blocks_add_their_input_where_the_shapes_allow(row: UIB | Bottleneck | Bneck | FusedIB, added: bool) -> None:
    layer, outputs = row.build(Build(16))
    assert isinstance(layer, Residual)
    nn.init.zeros_(layer.body[-1][1].weight)  # the branch gives nothing
    x = noise(2, 16, 8, 8)
    out = layer.eval()(x)
    assert out.shape[1] == outputs
    assert torch.equal(out, x if added else torch.zeros_like(out))
