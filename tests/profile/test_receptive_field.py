"""Fields of graphs with branches, global operations, tokens, windows, padding; against values worked out by hand."""

from fractions import Fraction

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch
from tests.profile.random_networks import Branches, Call
from torch import Tensor, nn
from torch.nn import functional

from mien.profile import Report, explain, profile


def on(model: nn.Module, side: int = 32, channels: int = 4) -> Report:
    return profile(model, (1, channels, side, side))


def conv(kernel, stride=1, padding=0, dilation=1) -> nn.Conv2d:  # type: ignore[no-untyped-def]
    return nn.Conv2d(4, 4, kernel, stride, padding, dilation)


def test_both_axes_are_their_own() -> None:
    report = on(nn.Sequential(conv((1, 7), (1, 2), (0, 3)), conv((3, 1), (2, 1), (1, 0), (4, 1))))
    assert report.receptive_field == (9, 7)
    assert report.effective_stride == (2, 2)
    assert report.effective_padding == (1, 3)


@pytest.mark.parametrize("add", [True, False])
def test_branches_take_the_union(add: bool) -> None:
    report = on(Branches([conv(1), conv(3, padding=1), nn.Sequential(conv(3, padding=1), conv(5, padding=2))], add))
    assert (report.receptive_field, report.effective_padding) == ((7, 7), (3, 3))
    assert report.receptive is not None
    assert report.receptive.aligned


def test_branches_that_are_not_aligned_are_told() -> None:
    report = on(Branches([conv(3, 2), conv(1, 2)], add=True))
    assert report.receptive is not None
    assert not report.receptive.aligned
    assert report.receptive_field == (3, 3)
    assert "branches not aligned" in str(report)
    uneven = on(Branches([nn.Sequential(conv(1, 2), nn.Upsample(scale_factor=2)), conv(1)], add=False))
    assert uneven.receptive is not None
    assert not uneven.receptive.aligned


class Gate(nn.Module):
    """Squeeze-excite by any global statistic."""

    def __init__(self, squeeze) -> None:  # type: ignore[no-untyped-def]
        super().__init__()
        self.squeeze = squeeze
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.linear(self.squeeze(x)).sigmoid()[:, :, None, None]


@pytest.mark.parametrize(
    "squeeze",
    [
        lambda x: x.mean((2, 3)), lambda x: x.amax((2, 3)), lambda x: functional.adaptive_avg_pool2d(x, 1).flatten(1),
        lambda x: functional.avg_pool2d(x, 32).flatten(1), lambda x: x.flatten(2).max(-1)[0],
    ],
)  # fmt: skip
def test_squeeze_excite_is_global_beside_a_local_field(squeeze) -> None:  # type: ignore[no-untyped-def]
    report = on(nn.Sequential(conv(3, padding=1), Gate(squeeze), conv(3, padding=1)))
    assert report.is_global
    assert report.receptive_field == (5, 5)
    assert report.feature_map == (1, 4, 32, 32)


@pytest.mark.parametrize("norm", [nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.LayerNorm([4, 32, 32])])
def test_statistics_over_positions_are_global(norm: nn.Module) -> None:
    report = on(nn.Sequential(conv(3, padding=1), norm))
    assert report.is_global
    assert report.receptive_field == (3, 3)


def test_normalisation_over_channels_is_not() -> None:
    net = nn.Sequential(nn.BatchNorm2d(4), Call(lambda x: functional.layer_norm(x.permute(0, 2, 3, 1), (4,))))
    assert not on(net).is_global
    assert on(net).receptive_field == (1, 1)


class Tokens(nn.Module):
    """Patches of 8 pixels, a class token, positions, one transformer layer; gives all tokens or a map."""

    def __init__(self, mapped: bool) -> None:
        super().__init__()
        self.patches = nn.Conv2d(4, 16, 8, 8)
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.places = nn.Parameter(torch.zeros(1, 17, 16))
        self.layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
        self.mapped = mapped

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        x = self.layer(x)
        return x[:, 1:].transpose(1, 2).unflatten(2, (4, 4)) if self.mapped else x


@pytest.mark.parametrize("mapped", [True, False])
def test_tokens_keep_their_patch_and_attention_is_global(mapped: bool) -> None:
    report = on(Tokens(mapped))
    assert report.receptive_field == (8, 8)
    assert report.effective_stride == (8, 8)
    assert report.is_global
    assert report.notes == ()


def windows(x: Tensor) -> Tensor:
    """Attention in windows of 4 x 4, as in Swin."""
    n, c, h, w = x.shape
    parts = x.view(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 16, c)
    parts = functional.scaled_dot_product_attention(parts, parts, parts)
    return parts.view(n, h // 4, w // 4, 4, 4, c).permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w)


def test_attention_in_windows_is_local() -> None:
    report = on(nn.Sequential(conv(2, 2), Call(windows)))
    assert not report.is_global
    assert report.receptive_field == (8, 8)
    assert report.effective_stride == (2, 2)


def test_a_linear_layer_over_positions_is_global() -> None:
    assert on(nn.Sequential(conv(3), nn.Flatten(), nn.Linear(3600, 4))).receptive_field == (3, 3)
    mixer = on(Call(lambda x: functional.linear(x.flatten(2), torch.zeros(9, 1024, device=x.device))))
    assert mixer.receptive_field == (1, 1)


def test_pooling_and_ceil_mode() -> None:
    report = on(nn.Sequential(nn.MaxPool2d(3, 2, 1, ceil_mode=True), nn.AvgPool2d(2), nn.MaxPool2d(3, 2, dilation=2)))
    assert (report.receptive_field, report.effective_stride) == ((21, 21), (8, 8))


def test_padding_modules_are_padding() -> None:
    for pad in (nn.ZeroPad2d(2), nn.ReflectionPad2d(2), nn.ReplicationPad2d(2)):
        report = on(nn.Sequential(pad, conv(5)))
        assert (report.receptive_field, report.effective_padding) == ((5, 5), (2, 2))


@pytest.mark.parametrize(
    ("up", "field"), [(nn.Upsample(scale_factor=2), 3), (nn.Upsample(scale_factor=2, mode="bilinear"), 5)]
)
def test_upsampling_halves_the_stride(up: nn.Module, field: int) -> None:
    report = on(nn.Sequential(conv(3, 2, 1), up))
    assert report.receptive is not None
    assert report.receptive.stride == (Fraction(1), Fraction(1))
    assert report.receptive_field == (field, field)


def test_unfold_slices_shuffles_and_flips() -> None:
    assert on(nn.Unfold(3)).receptive_field == (3, 3)
    assert on(Call(lambda x: x[:, :, 1::3, 2::2])).effective_stride == (3, 2)
    assert on(nn.Sequential(conv(3, padding=1), nn.PixelUnshuffle(2), nn.Conv2d(16, 4, 1))).receptive_field == (4, 4)
    shuffled = on(nn.Sequential(conv(3, 2, 1), nn.PixelShuffle(2)))
    assert (shuffled.receptive_field, shuffled.effective_stride) == ((3, 3), (1, 1))
    assert on(nn.Sequential(nn.ChannelShuffle(2), conv(3))).receptive_field == (3, 3)
    assert on(nn.Sequential(Call(lambda x: x.flip(2).flip(2)), conv(3))).receptive_field == (3, 3)


def test_one_and_three_dimensions() -> None:
    assert profile(nn.Sequential(nn.Conv1d(2, 2, 3, dilation=4), nn.AvgPool1d(2)), (1, 2, 40)).receptive_field == (10,)
    cube = profile(nn.Sequential(nn.Conv3d(1, 1, (1, 2, 3)), nn.MaxPool3d(2)), (1, 1, 9, 9, 9))
    assert cube.receptive_field == (2, 3, 4)


def test_operators_without_a_rule_are_told() -> None:
    def warp(x: Tensor) -> Tensor:
        return functional.grid_sample(x, torch.zeros(1, 5, 5, 2, device=x.device), align_corners=False)

    report = on(Call(warp))
    assert "grid_sampler_2d" in report.notes[0]


def test_an_operator_without_a_rule_on_what_is_global_needs_no_note() -> None:
    pooled = on(nn.Sequential(conv(3), nn.AdaptiveAvgPool2d(1), Call(lambda x: x.as_strided((1, 4), (4, 1)))))
    assert (pooled.receptive_field, pooled.notes) == ((3, 3), ())


def test_gaps_along_one_axis_leave_nothing_along_the_other() -> None:
    spread = nn.ConvTranspose2d(4, 4, (1, 3), (2, 1), (0, 1))
    assert on(spread).receptive_field == (1, 3)
    empty = on(nn.Sequential(spread, Call(lambda x: x[:, :, 1::2])))
    axes = empty.fields[empty.graph.outputs[0].id]
    assert [axis.size for axis in axes.values()] == [0, 0]


def test_a_network_without_positions_has_no_field() -> None:
    report = profile(nn.Linear(4, 2), (1, 4))
    assert (report.receptive_field, report.effective_stride, report.feature_map) == (None, None, None)
    assert "receptive field  none" in str(report)


def test_the_recurrence_of_a_chain() -> None:
    net = nn.Sequential(conv(3, 2), nn.MaxPool2d(2), conv(3, dilation=2), conv(1))
    steps = [(step.module, step.field) for step in explain(on(net))]
    assert steps == [("2", 5), ("1", 10), ("0", 21)]
