"""Networks whose parameters and multiply-accumulates (MACs) are known by formula, to try counting tools on.

MACs are those of convolutions and matrix products, one for each product; layers here have no bias unless a network
is published with it, so that no convention about additions matters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mien.train.backbones.registry import create_classifier, find_network


@dataclass(frozen=True)
class Case:
    """A network, the shape of its input (a batch of one), and what is true."""

    name: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    parameters: int
    macs: int


class Call(nn.Module):
    """A function of a weight and the input."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], *weight: int) -> None:
        super().__init__()
        self.function = function
        self.weight = nn.Parameter(torch.randn(weight))

    def forward(self, x: Tensor) -> Tensor:
        """The function."""
        return self.function(x, self.weight)


class Parts(nn.Module):
    """A function of modules and the input."""

    def __init__(self, function: Callable[..., Tensor], *parts: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.parts = nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        """The function."""
        return self.function(x, *self.parts)


class Scaled(nn.Conv2d):
    """A convolution whose class is not the library's."""

    def forward(self, x: Tensor) -> Tensor:
        """With a gain."""
        return self._conv_forward(x, 2 * self.weight, None)


class Transformer(nn.Module):
    """ViT-B/16 for 224 pixels and 1000 classes (Dosovitskiy et al. 2021): 86,567,656 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, 16)
        self.token, self.places = nn.Parameter(torch.zeros(1, 1, 768)), nn.Parameter(torch.zeros(1, 197, 768))
        layer = nn.TransformerEncoderLayer(768, 12, 3072, 0.0, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 12, nn.LayerNorm(768), enable_nested_tensor=False)
        self.head = nn.Linear(768, 1000)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, 224, 224) -> (B, 1000)."""
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        return self.head(self.layers(x)[:, 0])


def attention(x: Tensor, weight: Tensor) -> Tensor:
    """Attention written out, after one projection."""
    x = x @ weight
    return (x @ x.transpose(-2, -1)).softmax(-1) @ x


def fused(x: Tensor, weight: Tensor) -> Tensor:
    """The same by one function of torch."""
    x = x @ weight
    return functional.scaled_dot_product_attention(x, x, x)


def conv(kernel: Any = 3, **options: Any) -> nn.Module:
    """A convolution of 8 to 8 channels that keeps an odd kernel's map."""
    return nn.Conv2d(8, 8, kernel, bias=False, **options)


def tied() -> nn.Module:
    """Two layers with one weight."""
    net = nn.Sequential(nn.Linear(16, 16, bias=False), nn.Linear(16, 16, bias=False))
    net[1].weight = net[0].weight
    return net


def micro(name: str, make: Callable[[], nn.Module], shape: tuple[int, ...], parameters: int, macs: int) -> Case:
    """A network of one part: some tools leave out a layer that is the whole network."""
    return Case(name, lambda: nn.Sequential(make()).eval(), shape, parameters, macs)


SQUARE = (1, 8, 12, 12)
CELLS = 12 * 12
TOKENS = (1, 10, 16)
MICRO = (
    micro("functional conv", lambda: Call(lambda x, w: functional.conv2d(x, w, padding=1), 8, 8, 3, 3), SQUARE,
          8 * 8 * 9, 8 * 8 * 9 * CELLS),
    micro("functional linear", lambda: Call(functional.linear, 8, 16), TOKENS, 8 * 16, 10 * 8 * 16),
    micro("matrix product", lambda: Call(lambda x, w: x @ w, 16, 8), TOKENS, 8 * 16, 10 * 8 * 16),
    micro("einsum", lambda: Call(lambda x, w: torch.einsum("bnc,cd->bnd", x, w), 16, 8), TOKENS, 8 * 16, 10 * 8 * 16),
    micro("subclass of Conv2d", lambda: Scaled(8, 8, 3, padding=1, bias=False), SQUARE, 8 * 8 * 9, 8 * 8 * 9 * CELLS),
    micro("grouped", lambda: conv(padding=1, groups=4), SQUARE, 8 * 2 * 9, 8 * 2 * 9 * CELLS),
    micro("depthwise", lambda: conv(padding=1, groups=8), SQUARE, 8 * 9, 8 * 9 * CELLS),
    micro("dilated, 'same'", lambda: conv(padding="same", dilation=2), SQUARE, 8 * 8 * 9, 8 * 8 * 9 * CELLS),
    micro("1 x 7, stride 2 x 1", lambda: conv((1, 7), stride=(2, 1), padding=(0, 3)), SQUARE, 64 * 7, 64 * 7 * 6 * 12),
    micro("1-D", lambda: nn.Conv1d(8, 8, 5, bias=False), (1, 8, 20), 8 * 8 * 5, 8 * 8 * 5 * 16),
    micro("3-D", lambda: nn.Conv3d(8, 8, 3, bias=False), (1, 8, 6, 7, 8), 8 * 8 * 27, 8 * 8 * 27 * 4 * 5 * 6),
    micro("transposed", lambda: nn.ConvTranspose2d(8, 8, 2, 2, bias=False), SQUARE, 8 * 8 * 4, 8 * 8 * 4 * CELLS),
    micro("transposed, grouped", lambda: nn.ConvTranspose2d(8, 8, 4, 4, groups=2, bias=False), SQUARE,
          8 * 4 * 16, 8 * 4 * 16 * CELLS),
    micro("linear, (N, T, C)", lambda: nn.Linear(16, 8, bias=False), TOKENS, 8 * 16, 10 * 8 * 16),
    micro("linear, (N, H, W, C)", lambda: nn.Linear(16, 8, bias=False), (1, 9, 9, 16), 8 * 16, 81 * 8 * 16),
    micro("layer used twice", lambda: Parts(lambda x, a: a(a(x)), conv(padding=1)), SQUARE,
          8 * 8 * 9, 2 * 8 * 8 * 9 * CELLS),
    micro("layer in two places", lambda: nn.Sequential(*[conv(padding=1)] * 2), SQUARE,
          8 * 8 * 9, 2 * 8 * 8 * 9 * CELLS),
    micro("tied weights", tied, TOKENS, 16 * 16, 2 * 10 * 16 * 16),
    micro("branch not taken", lambda: Parts(lambda x, a, b: a(x) if x.shape[-1] == 12 else b(x), conv(1), conv(3)),
          SQUARE, 8 * 8 + 8 * 8 * 9, 8 * 8 * CELLS),
    micro("attention, written out", lambda: Call(attention, 16, 16), TOKENS, 256, 10 * 256 + 2 * 100 * 16),
    micro("attention, fused", lambda: Call(fused, 16, 16), TOKENS, 256, 10 * 256 + 2 * 100 * 16),
    micro("MultiheadAttention", lambda: Parts(lambda x, a: a(x, x, x)[0],
          nn.MultiheadAttention(16, 4, bias=False, batch_first=True)), TOKENS, 4 * 256, 4 * 10 * 256 + 2 * 100 * 16),
    micro("LSTM", lambda: Parts(lambda x, a: a(x)[0], nn.LSTM(16, 8, bias=False, batch_first=True)), TOKENS,
          4 * 8 * (16 + 8), 10 * 4 * 8 * (16 + 8)),
)  # fmt: skip


def backbone(name: str) -> Case:
    """A network of a paper, made of convolutions and linear layers alone: their products are summed one by one."""
    side = find_network(name).size
    products: list[int] = []

    def count(layer: Any, _: Any, out: Tensor) -> None:
        products.append(out.numel() * prod(layer.weight.shape[1:]))

    with torch.device("meta"), torch.no_grad():
        net = create_classifier(name).eval()
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.register_forward_hook(count)
        net(torch.zeros(1, 3, side, side))
    parameters = sum(p.numel() for p in net.parameters())
    return Case(name, lambda: create_classifier(name).eval(), (1, 3, side, side), parameters, sum(products))


def vision_transformer() -> Case:
    """Patches, 12 layers of projections, attention and two linear layers, and the head."""
    layer = 197 * (4 * 768**2 + 2 * 768 * 3072) + 2 * 197**2 * 768
    macs = 196 * 768 * 768 + 12 * layer + 768 * 1000
    return Case("ViT-B/16", lambda: Transformer().eval(), (1, 3, 224, 224), 86_567_656, macs)
