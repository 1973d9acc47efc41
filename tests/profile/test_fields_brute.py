"""Fields of random networks against what changes when pixels do, and counts against naive loops."""

import itertools

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch
from tests.profile.random_networks import Space, dependence, network
from torch import nn

from mien.profile import profile

HEIGHT, WIDTH = 53, 49
MARGIN = 10
"""Nearer to the border padding takes the place of pixels that a field in theory has."""


def check(net: nn.Module, height: int = HEIGHT, width: int = WIDTH, margin: int = MARGIN) -> int:
    """Compare every position; how many had a field that lies inside the picture."""
    report = profile(net, (1, 1, height, width))
    shape = report.output_shapes[0]
    inside = 0
    for axis, side in enumerate((height, width)):
        found = report.fields[report.graph.outputs[0].id][0, axis + 2]
        truth = dependence(net, height, width, axis)
        others = [d for d in range(4) if d != axis + 2]
        firsts = torch.from_numpy(found.first.copy()).expand(shape).amin(others)
        lasts = torch.from_numpy(found.last.copy()).expand(shape).amax(others)
        for seen, first, last in zip(truth, firsts.tolist(), lasts.tolist(), strict=True):
            pixels = seen.nonzero().flatten().tolist()
            if first > last:  # a gap that a transposed convolution leaves
                assert not pixels
            elif not pixels and not found.aligned:
                continue  # it reads padding alone, where branches of different strides do not go on alike
            elif first >= margin and last < side - margin:
                inside += 1
                assert (pixels[0], pixels[-1]) == (first, last)
            else:
                assert not pixels or (first <= pixels[0] and pixels[-1] <= last)
        sizes = [last - first + 1 for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)]
        assert found.size == max(0, *sizes)
    return inside


@pytest.mark.parametrize("seed", range(16))
def test_fields_of_random_networks(seed: int) -> None:
    net = network(seed)
    try:
        with torch.no_grad():
            net(torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.float64))
    except RuntimeError:
        pytest.skip("unpadded layers left nothing of the map")
    check(net)


@pytest.mark.slow
def test_fields_of_many_random_networks() -> None:
    checked = 0
    for seed in range(16, 300):
        try:
            checked += check(network(seed)) > 0
        except RuntimeError:
            continue
    assert checked > 100


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("after", [nn.Identity(), nn.MaxPool2d(3, 2), nn.Conv2d(1, 1, 3, padding=1)])
def test_transposed_convolutions(kernel: int, stride: int, dilation: int, after: nn.Module) -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 1, 3, 2), nn.ConvTranspose2d(1, 1, kernel, stride, kernel // 2, dilation=dilation), after
    )
    for parameter in net.parameters():
        parameter.data.fill_(1.0)
    assert check(net.double(), 33, 31, margin=0) > 0


def test_space_to_depth_is_a_strided_window() -> None:
    report = profile(nn.Sequential(Space(), nn.Conv2d(4, 1, 1)), (1, 1, 16, 16))
    assert (report.receptive_field, report.effective_stride) == ((2, 2), (2, 2))


def sides(conv: nn.Module, x: torch.Tensor) -> tuple[int, ...]:
    return tuple(conv(x).shape[2:])


def naive(conv: nn.Conv2d, x: torch.Tensor) -> tuple[int, int]:
    """Multiplications and additions of the loops of a convolution, one by one."""
    times = plus = 0
    per_group = conv.in_channels // conv.groups
    for _ in itertools.product(range(len(x)), range(conv.out_channels), *map(range, sides(conv, x))):
        products = 0
        for _ in itertools.product(range(per_group), *map(range, conv.kernel_size)):
            products += 1
        times += products
        plus += products - 1 + (conv.bias is not None)
    return times, plus


def naive_transposed(conv: nn.ConvTranspose2d, x: torch.Tensor) -> tuple[int, int]:
    """The same for the loops that spread each input over outputs; the first product that arrives is not added."""
    times = plus = 0
    reached: set[tuple[int, ...]] = set()
    per_group, outputs = conv.in_channels // conv.groups, conv.out_channels // conv.groups
    for n, i, o in itertools.product(range(len(x)), range(conv.in_channels), range(outputs)):
        for place in itertools.product(*map(range, x.shape[2:])):
            for tap in itertools.product(*map(range, conv.kernel_size)):
                settings = zip(place, tap, conv.stride, conv.dilation, strict=True)
                goal = (n, i // per_group, o, *(p * s + t * d for p, t, s, d in settings))
                times += 1
                plus += goal in reached
                reached.add(goal)
    return times, plus + (len(x) * conv.out_channels * torch.tensor(sides(conv, x)).prod().item()) * (
        conv.bias is not None
    )


CONVOLUTIONS = [
    nn.Conv2d(4, 6, 3), nn.Conv2d(4, 6, (1, 3), (2, 1), (0, 2), bias=False), nn.Conv2d(4, 4, 3, groups=4, padding=1),
    nn.Conv2d(4, 6, 2, groups=2, dilation=2), nn.Conv1d(4, 3, 5, 2), nn.Conv3d(4, 2, 2, bias=False),
]  # fmt: skip
TRANSPOSED = [
    nn.ConvTranspose2d(4, 6, 3, 2, 1), nn.ConvTranspose2d(4, 6, 2, 3, groups=2, bias=False),
    nn.ConvTranspose2d(4, 2, (3, 1), (1, 2), dilation=2), nn.ConvTranspose1d(4, 3, 4, 2, 1),
]  # fmt: skip


@pytest.mark.parametrize("conv", CONVOLUTIONS + TRANSPOSED, ids=str)
def test_operations_of_naive_loops(conv: nn.Module) -> None:
    x = torch.zeros(2, 4, *((5, 6, 4)[: conv.weight.ndim - 2]))  # type: ignore[union-attr]
    report = profile(conv, tuple(x.shape))
    count = naive_transposed if conv in TRANSPOSED else naive
    assert (report.multiplications, report.additions) == count(conv, x)  # type: ignore[operator]
    assert report.parameters == sum(p.numel() for p in conv.parameters())
    assert report.bias_parameters == (0 if conv.bias is None else conv.bias.numel())
