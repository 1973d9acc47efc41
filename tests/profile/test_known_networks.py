"""Networks that are not registered, built here, against the counts published for them."""

from collections.abc import Callable

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch
from torch import Tensor, nn

from mien.profile import profile


class Parts(nn.Module):
    """A function of the input and some modules."""

    def __init__(self, function, *parts: nn.Module) -> None:  # type: ignore[no-untyped-def]
        super().__init__()
        self.function = function
        self.parts = nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.parts)


def unit(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: bool = True) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), *([nn.ReLU(inplace=True)] if act else []))


def shuffle_unit(inputs: int, outputs: int, stride: int) -> nn.Module:
    half = outputs // 2
    taken = inputs if stride == 2 else half
    main = nn.Sequential(unit(taken, half), unit(half, half, 3, stride, half, act=False), unit(half, half))
    side = nn.Sequential(unit(inputs, inputs, 3, stride, inputs, act=False), unit(inputs, half))

    def forward(x: Tensor, main: nn.Module, *side: nn.Module) -> Tensor:
        left, right = (side[0](x), x) if side else x.chunk(2, 1)
        both = torch.cat([left, main(right)], 1)
        n, c, h, w = both.shape
        return both.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)

    return Parts(forward, main, *([side] if stride == 2 else []))


def shuffle_net() -> nn.Module:
    layers: list[nn.Module] = [unit(3, 24, 3, 2), nn.MaxPool2d(3, 2, 1)]
    width = 24
    for outputs, repeats in ((116, 4), (232, 8), (464, 4)):
        layers += [shuffle_unit(width if k == 0 else outputs, outputs, 2 if k == 0 else 1) for k in range(repeats)]
        width = outputs
    return nn.Sequential(*layers, unit(464, 1024), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000))


def pre(inputs: int, outputs: int, kernel: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), conv)


def dense_net() -> nn.Module:
    layers: list[nn.Module] = [unit(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    width = 64
    for repeats in (6, 12, 24, 16):
        for _ in range(repeats):
            path = nn.Sequential(pre(width, 128), pre(128, 32, 3))
            layers.append(Parts(lambda x, path: torch.cat([x, path(x)], 1), path))
            width += 32
        if repeats != 16:
            layers.append(nn.Sequential(pre(width, width // 2), nn.AvgPool2d(2)))
            width //= 2
    head = nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 1000)
    return nn.Sequential(*layers, *head)


class VisionTransformer(nn.Module):
    """ViT-B/16."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, 16)
        self.token, self.places = nn.Parameter(torch.zeros(1, 1, 768)), nn.Parameter(torch.zeros(1, 197, 768))
        layer = nn.TransformerEncoderLayer(768, 12, 3072, 0.0, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 12, nn.LayerNorm(768), enable_nested_tensor=False)
        self.head = nn.Linear(768, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        head: Tensor = self.head(self.layers(x)[:, 0])
        return head


class ConvNext(nn.Module):
    """A block of ConvNeXt."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.spatial = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.channels = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x + (self.channels(self.spatial(x).permute(0, 2, 3, 1)) * self.scale).permute(0, 3, 1, 2)


def channel_norm(width: int) -> nn.Module:
    return Parts(lambda x, norm: norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), nn.LayerNorm(width))


def conv_next() -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(3, 96, 4, 4), channel_norm(96)]
    for width, repeats in ((96, 3), (192, 3), (384, 9), (768, 3)):
        if width > 96:
            layers += [channel_norm(width // 2), nn.Conv2d(width // 2, width, 2, 2)]
        layers += [ConvNext(width) for _ in range(repeats)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(768), nn.Linear(768, 1000))


# Parameters and GMACs: torchvision's documentation of its weights; the fields are those of the recurrence by hand.
PUBLISHED: dict[str, tuple[Callable[[], nn.Module], int, float, int, int]] = {
    "ShuffleNet v2 1.0": (shuffle_net, 2_278_604, 0.14, 527, 32),
    "DenseNet-121": (dense_net, 7_978_856, 2.83, 2071, 32),
    "ViT-B/16": (VisionTransformer, 86_567_656, 17.56, 16, 16),
    "ConvNeXt-T": (conv_next, 28_589_128, 4.46, 1688, 32),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_counts(name: str) -> None:
    make, parameters, giga, field, stride = PUBLISHED[name]
    with torch.device("meta"):
        report = profile(make(), 224)
    assert report.parameters == parameters
    assert round(report.macs / 1e9, 2) == giga
    assert (report.receptive_field, report.effective_stride) == ((field, field), (stride, stride))
    assert report.notes == ()
