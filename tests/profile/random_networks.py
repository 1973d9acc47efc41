"""Small random networks with positive weights, and what their outputs depend on, found by changing rows of pixels."""

import random
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class Branches(nn.Module):
    """Paths side by side, added or concatenated; cropped to the smallest, as unpadded paths need."""

    def __init__(self, paths: Sequence[nn.Module], add: bool) -> None:
        super().__init__()
        self.paths = nn.ModuleList(paths)
        self.add = add

    def forward(self, x: Tensor) -> Tensor:
        maps = [path(x) for path in self.paths]
        height, width = (min(m.shape[d] for m in maps) for d in (2, 3))
        maps = [m[:, :, :height, :width] for m in maps]
        return torch.stack(maps).sum(0) if self.add else torch.cat(maps, 1)


class Space(nn.Module):
    """Rows and columns of 2 into channels by reshaping alone."""

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        x = x[:, :, : h // 2 * 2, : w // 2 * 2].reshape(n, c, h // 2, 2, w // 2, 2)
        return x.permute(0, 1, 3, 5, 2, 4).reshape(n, c * 4, h // 2, w // 2)


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function) -> None:  # type: ignore[no-untyped-def]
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def convolution(rng: random.Random, inputs: int, outputs: int) -> nn.Module:
    """Any kernel, stride, dilation, padding and groups, different along both axes."""

    def two(*choices: int) -> tuple[int, int]:
        return rng.choice(choices), rng.choice(choices)

    groups = rng.choice([1, 2]) if inputs % 2 == 0 and outputs % 2 == 0 else 1
    kernel, dilation = two(1, 2, 3, 4), two(1, 1, 2)
    padding = tuple(rng.randint(0, (k - 1) * d // 2 + 1) for k, d in zip(kernel, dilation, strict=True))
    if rng.random() < 0.3:
        stride = two(1, 2, 3)  # above the kernel it leaves gaps
        padding = tuple(min(p, (k - 1) * d) for p, k, d in zip(padding, kernel, dilation, strict=True))
        return nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, groups=groups, dilation=dilation)
    return nn.Conv2d(inputs, outputs, kernel, two(1, 1, 2), padding, dilation, groups)


def layer(rng: random.Random, channels: int) -> nn.Module:
    """A layer that gives as many channels as it takes, an even number."""
    kind = rng.choice(["conv", "conv", "conv", "max", "avg", "nearest", "bilinear", "pad", "space", "branches", "flip"])
    if kind == "conv":
        return nn.Sequential(convolution(rng, channels, channels), nn.ReLU())
    if kind == "max":
        return nn.MaxPool2d(rng.choice([2, 3]), rng.choice([1, 2]), padding=1, ceil_mode=rng.random() < 0.5)
    if kind == "avg":
        return nn.AvgPool2d((rng.choice([2, 3]), 3), rng.choice([1, 2]), padding=(0, 1))
    if kind in ("nearest", "bilinear"):
        return nn.Sequential(nn.Upsample(scale_factor=rng.choice([2, 3]), mode=kind), nn.MaxPool2d(2, 2))
    if kind == "pad":
        return nn.Sequential(nn.ZeroPad2d((2, 0, 1, 1)), nn.Conv2d(channels, channels, 3))
    if kind == "space":
        return nn.Sequential(Space(), nn.Conv2d(4 * channels, channels, 1))
    if kind == "flip":
        return Call(lambda x: functional.avg_pool2d(x.transpose(2, 3).flip(2).flip(2).transpose(2, 3), 2, 1))
    add = rng.random() < 0.5
    width = channels if add else channels // 2
    return Branches([convolution(rng, channels, width) for _ in range(2)], add)


def network(seed: int) -> nn.Module:
    """Three to five layers with positive weights in double precision, so that nothing cancels."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    net = nn.Sequential(convolution(rng, 1, 4), *(layer(rng, 4) for _ in range(rng.randint(2, 4))))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.uniform_(0.5, 1.5)
    return net.double().eval()


@torch.no_grad()
def dependence(net: nn.Module, height: int, width: int, axis: int) -> Tensor:
    """(P, N): whether each row of the output changes when a row of the input does; columns with axis 1."""
    sides = (height, width)
    x = torch.rand(1, 1, height, width, dtype=torch.float64).repeat(sides[axis] + 1, 1, 1, 1)
    for row in range(sides[axis]):
        x[row + 1].select(axis + 1, row).add_(1e6)
    out = net(x)
    changed = ((out[1:] - out[:1]).abs() > 1e-6).any(1)
    return changed.any(2 - axis).T
