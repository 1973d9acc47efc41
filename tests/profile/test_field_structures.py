"""Fields of MobileViT, Swin, GhostNetV2 and MViT, of writes, resizing and kernels that are computed."""

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch
from tests.profile.random_networks import Call
from tests.profile.structures import MViT, PatchAttention, PooledGate, Swin
from torch import Tensor, nn
from torch.nn import functional

from mien.profile import profile


def test_attention_among_patches_is_global() -> None:
    report = profile(nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), PatchAttention(4)), (1, 3, 64, 64))
    assert report.is_global
    assert (report.receptive_field, report.effective_stride) == ((3, 3), (2, 2))


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_merging_after_shifted_windows_doubles_the_stride(stages: int) -> None:
    report = profile(Swin(stages=stages), (1, 3, 128, 128))
    assert report.effective_stride == (4 * 2 ** (stages - 1),) * 2
    assert report.notes == ()


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("side", [33, 64, 65])
def test_maps_resized_back_do_not_explode(mode: str, side: int) -> None:
    blocks = [nn.Sequential(PooledGate(4, mode=mode), nn.Conv2d(4, 4, 3, 1 + k % 2, 1)) for k in range(8)]
    report = profile(nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), *blocks), (1, 3, side, side))
    assert report.effective_stride == (32, 32)
    assert report.receptive_field is not None
    assert max(report.receptive_field) < 1000  # each gate adds at most 6 positions of twice the stride


@pytest.mark.parametrize("mapped", [True, False])
def test_pooling_attention(mapped: bool) -> None:
    report = profile(MViT(mapped=mapped), (1, 3, 32, 32))
    assert report.is_global
    assert report.uncounted == {}
    assert report.notes == ()


def test_circular_padding_is_padding() -> None:
    for net in (
        nn.Conv2d(3, 4, 5, padding=2, padding_mode="circular"),
        nn.Sequential(nn.CircularPad2d(2), nn.Conv2d(3, 4, 5)),
    ):
        report = profile(net, (1, 3, 9, 9))
        assert (report.receptive_field, report.effective_padding, report.notes) == ((5, 5), (2, 2), ())


def test_writes_land_where_they_are_written() -> None:
    def interleaved(x: Tensor) -> Tensor:
        out = torch.empty(1, 3, 16, 8, device=x.device)
        out[:, :, ::2] = x
        out[:, :, 1::2] = x
        return out

    report = profile(Call(interleaved), (1, 3, 8, 8))
    assert (report.receptive_field, report.notes) == ((1, 1), ())
    assert report.fields[report.graph.outputs[0].id][0, 2].first.ravel().tolist() == [k // 2 for k in range(16)]


def test_a_kernel_that_is_computed_from_the_picture_is_global() -> None:
    def dynamic(x: Tensor) -> Tensor:
        return functional.conv2d(x, x.mean((2, 3)).view(1, 3, 1, 1).expand(4, 3, 3, 3))

    report = profile(Call(dynamic), (1, 3, 9, 9))
    assert (report.receptive_field, report.is_global) == ((3, 3), True)


def test_channels_by_number_keep_their_places() -> None:
    report = profile(Call(lambda x: x[:, torch.tensor([2, 0, 1], device=x.device)]), (1, 3, 9, 9))
    assert (report.receptive_field, report.is_global, report.notes) == ((1, 1), False, ())


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
@pytest.mark.parametrize("factor", [0.3, 0.7, 1.7, 2.5])
def test_positions_that_interpolation_reads(mode: str, factor: float) -> None:
    net = Call(lambda x: functional.interpolate(x, scale_factor=factor, mode=mode))
    x = torch.rand(1, 1, 23, 23)
    report = profile(net, (1, 1, 23, 23))
    field = report.fields[report.graph.outputs[0].id][0, 2]
    before = net(x)
    for row in range(23):
        moved = x.clone()
        moved[:, :, row] += 100.0
        changed = (net(moved) - before).abs().amax((0, 1, 3)) > 1e-3
        for place in changed.nonzero().flatten().tolist():
            assert field.first.ravel()[place] <= row <= field.last.ravel()[place]
    assert field.size <= 4
