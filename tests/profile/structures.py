"""Small networks with the structures of MobileViT, Swin, GhostNetV2 and MViT: what their fields hang on."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class PatchAttention(nn.Module):
    """MobileViT: the pixel p of every patch attends to the pixels p of all patches (unfold, attend, fold)."""

    def __init__(self, channels: int, side: int = 2) -> None:
        super().__init__()
        self.side = side
        self.attention = nn.TransformerEncoderLayer(channels, 2, 2 * channels, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        rows, columns, k = h // self.side, w // self.side, self.side
        x = x.reshape(n * c * rows, k, columns, k).transpose(1, 2)
        x = x.reshape(n, c, rows * columns, k * k).transpose(1, 3).reshape(n * k * k, rows * columns, c)
        x = self.attention(x)
        x = x.view(n, k * k, rows * columns, c).transpose(1, 3)
        return x.reshape(n * c * rows, columns, k, k).transpose(1, 2).reshape(n, c, h, w)


class ShiftedWindows(nn.Module):
    """Swin: attention in windows of a map (N, H, W, C) that is rolled by a shift and back."""

    def __init__(self, channels: int, side: int, shift: int) -> None:
        super().__init__()
        self.side, self.shift = side, shift
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)

    def forward(self, x: Tensor) -> Tensor:
        n, h, w, c = x.shape
        k = self.side
        parts = self.norm(x)
        if self.shift:
            parts = torch.roll(parts, (-self.shift, -self.shift), (1, 2))
        parts = parts.view(n, h // k, k, w // k, k, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, k * k, c)
        q, key, v = self.qkv(parts).chunk(3, -1)
        parts = functional.scaled_dot_product_attention(q, key, v)
        parts = parts.view(n, h // k, w // k, k, k, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        if self.shift:
            parts = torch.roll(parts, (self.shift, self.shift), (1, 2))
        return x + parts


class PatchMerging(nn.Module):
    """Swin: two by two positions become one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduction = nn.Linear(4 * channels, 2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        parts = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.reduction(torch.cat(parts, -1))


class Swin(nn.Module):
    """Patches of 4, then pairs of plain and shifted windows with merging in between; gives (N, C, H, W)."""

    def __init__(self, channels: int = 4, side: int = 4, stages: int = 2) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, channels, 4, 4)
        blocks: list[nn.Module] = []
        for k in range(stages):
            width = channels * 2**k
            blocks += [PatchMerging(width // 2)] if k else []
            blocks += [ShiftedWindows(width, side, 0), ShiftedWindows(width, side, side // 2)]
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.patches(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PooledGate(nn.Module):
    """GhostNetV2: a gate that is computed on a map pooled by two and resized back to the size of the map."""

    def __init__(self, channels: int, kernel: int = 5, mode: str = "nearest") -> None:
        super().__init__()
        self.mode = mode
        self.gate = nn.Sequential(
            nn.Conv2d(channels, channels, 1),
            nn.Conv2d(channels, channels, (1, kernel), padding=(0, kernel // 2), groups=channels),
            nn.Conv2d(channels, channels, (kernel, 1), padding=(kernel // 2, 0), groups=channels),
        )
        self.body = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.gate(functional.avg_pool2d(x, 2, 2)))
        return self.body(x) * functional.interpolate(gate, size=x.shape[-2:], mode=self.mode)


class PoolingAttention(nn.Module):
    """MViT: queries, keys and values of tokens (N, T, C) with a class token are pooled as maps before they meet."""

    def __init__(self, channels: int, side: int, stride: int, heads: int = 2) -> None:
        super().__init__()
        self.side, self.heads, width = side, heads, channels // heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.pools = nn.ModuleList(
            nn.Conv2d(width, width, 3, s, 1, groups=width, bias=False) for s in (stride, 2 * stride, 2 * stride)
        )
        self.norm = nn.LayerNorm(width)
        self.after = (side + stride - 1) // stride
        reach = 2 * max(self.after, side) - 1
        self.rel_h, self.rel_w = (nn.Parameter(torch.randn(reach, width)) for _ in range(2))
        self.out = nn.Linear(channels, channels)
        self.skip = nn.MaxPool2d(stride + 1, stride, stride // 2 + (stride == 1)) if stride > 1 else nn.Identity()

    def pool(self, x: Tensor, conv: nn.Module) -> tuple[Tensor, int]:
        token, x = x[:, :, :1], x[:, :, 1:]
        n, heads, _, width = x.shape
        x = x.reshape(n * heads, self.side, self.side, width).permute(0, 3, 1, 2)
        x = conv(x)
        side = x.shape[-1]
        x = x.reshape(n, heads, width, side * side).transpose(2, 3)
        return self.norm(torch.cat((token, x), 2)), side

    def relative(self, scores: Tensor, q: Tensor, sides: tuple[int, int]) -> Tensor:
        n, heads, _, width = q.shape
        a, b = sides
        ratio = max(b / a, 1.0), max(a / b, 1.0)
        line = torch.arange(a)[:, None] * ratio[0] - (torch.arange(b)[None, :] - (b - 1)) * ratio[1]
        rows, columns = self.rel_h[line.long()], self.rel_w[line.long()]
        maps = q[:, :, 1:].reshape(n, heads, a, a, width)
        by_row = torch.einsum("bythwc,hkc->bythwk", maps[:, :, None], rows)[:, :, 0]
        by_column = torch.einsum("bythwc,wkc->bythwk", maps[:, :, None], columns)[:, :, 0]
        scores[:, :, 1:, 1:] = (
            scores[:, :, 1:, 1:].view(n, heads, a, a, b, b)
            + by_row[:, :, :, :, :, None]
            + by_column[:, :, :, :, None, :]
        ).view(n, heads, a * a, b * b)
        return scores

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, c = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        (q, a), (k, b), (v, _) = (self.pool(part, conv) for part, conv in zip((q, k, v), self.pools, strict=True))
        scores = self.relative(q @ k.transpose(2, 3) * q.shape[-1] ** -0.5, q, (a, b)).softmax(-1)
        out = scores @ v
        out[:, :, 1:] += q[:, :, 1:]
        return self.out(out.transpose(1, 2).reshape(n, -1, c))


class MViT(nn.Module):
    """Patches with a class token, two pooling attentions; gives tokens, or the map of the last one."""

    def __init__(self, side: int = 32, channels: int = 8, mapped: bool = True) -> None:
        super().__init__()
        self.mapped = mapped
        self.patches = nn.Conv2d(3, channels, 7, 4, 3)
        self.token = nn.Parameter(torch.zeros(1, 1, channels))
        self.blocks = nn.Sequential(PoolingAttention(channels, side // 4, 1), PoolingAttention(channels, side // 4, 2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = self.blocks(torch.cat((self.token.expand(len(x), -1, -1), x), 1))
        if not self.mapped:
            return x
        side = int((x.shape[1] - 1) ** 0.5)
        return x[:, 1:].transpose(1, 2).reshape(len(x), -1, side, side)
