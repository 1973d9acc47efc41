"""How large errors usually are for a label, learned while training."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mien.errors import InputError, expect
from mien.train.losses.reduction import is_readable


class RunningScale(nn.Module):
    """Running mean of |error| in each piece of the labels, the scale of `normalized_l1_loss`.

    s_k <- decay s_k + sum |e|, n_k <- decay n_k + count for the pieces that a batch touches; scale = s_k / n_k, at
    least `minimum`. A piece without any face yet takes the mean of all; before the first batch the scale is 1.
    edges (n,): rising, n + 1 pieces. It learns in training mode only, and not under `torch.func.vmap`, which cannot
    change a buffer; its state is saved with the module.

    >>> scale = RunningScale([10.0])
    >>> scale(torch.tensor([5.0, 50.0]), torch.tensor([1.0, 4.0]))
    tensor([1., 4.])
    """

    edges: Tensor
    total: Tensor
    count: Tensor

    def __init__(self, edges: Sequence[float] | Tensor, decay: float = 0.99, minimum: float = 1e-3) -> None:
        super().__init__()
        expect(0 <= decay <= 1, "decay", "in 0..1", decay)
        expect(minimum > 0, "minimum", "above 0", minimum)
        self.decay, self.minimum = decay, minimum
        self.register_buffer("edges", ascending(edges, torch.zeros(())))
        self.register_buffer("total", torch.zeros(len(self.edges) + 1))
        self.register_buffer("count", torch.zeros(len(self.edges) + 1))

    @torch.no_grad()
    def forward(self, label: Tensor, error: Tensor | None = None, kept: Tensor | None = None) -> Tensor:
        """Scale of each label, any shape, after learning from |error| where kept (None: all)."""
        piece = torch.bucketize(label.to(self.edges.dtype), self.edges, right=True)
        if self.training and error is not None:
            self._learn(piece, error, torch.ones_like(error) if kept is None else kept)
        return self._scale().gather(0, piece.flatten()).reshape(piece.shape).to(label.dtype)

    def extra_repr(self) -> str:
        """Number of pieces and options."""
        return f"pieces={len(self.count)}, decay={self.decay}, minimum={self.minimum}"

    def _learn(self, piece: Tensor, error: Tensor, kept: Tensor) -> None:
        error = torch.where(kept.bool(), error.abs(), 0)
        total, count = (
            torch.zeros_like(self.total).index_add_(0, piece.flatten(), each.flatten().to(self.total.dtype))
            for each in (error, kept)
        )
        decay = torch.where(count > 0, self.decay, 1.0)
        self.total.mul_(decay).add_(total)
        self.count.mul_(decay).add_(count)

    def _scale(self) -> Tensor:
        everywhere = torch.where(self.count.sum() > 0, self.total.sum() / self.count.sum().clamp(min=1e-12), 1.0)
        scale = torch.where(self.count > 0, self.total / self.count.clamp(min=1e-12), everywhere)
        return scale.clamp(min=self.minimum)


def ascending(edges: Sequence[float] | Tensor, like: Tensor, name: str = "edges") -> Tensor:
    """Numbers as a tensor (n,) of the dtype and device of another one; InputError unless they rise."""
    bounds = torch.as_tensor(edges, dtype=like.dtype, device=like.device)
    if bounds.ndim != 1 or (is_readable(bounds) and not bool((bounds.diff() > 0).all())):
        raise InputError(f"{name!r} must be rising numbers. Got {bounds.tolist()}.")
    return bounds
