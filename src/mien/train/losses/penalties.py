"""Penalties on weights, and their proximal steps.

Each takes a tensor, tensors, or a module; of a module the parameters with two dimensions or more that are trained, as
biases and norms stay free. Tensors are (groups, ...): one row or filter a group.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mien.errors import InputError, expect

Parameters = Tensor | Iterable[Tensor] | nn.Module


def l1_penalty(parameters: Parameters) -> Tensor:
    """sum |w|; subgradient sign(w), 0 at 0. Drives weights to exactly 0. Tibshirani, JRSS B 58, 1996, Eq. 1.

    >>> l1_penalty(torch.tensor([3.0, -4.0]))
    tensor(7.)
    """
    return _sum(w.abs().sum() for w in _weights(parameters))


def l2_penalty(parameters: Parameters) -> Tensor:
    """sum w^2; gradient 2 w. Makes weights small, none of them 0. Hoerl & Kennard, Technometrics 12, 1970.

    >>> l2_penalty(torch.tensor([3.0, -4.0]))
    tensor(25.)
    """
    return _sum(w.square().sum() for w in _weights(parameters))


def group_penalty(parameters: Parameters) -> Tensor:
    """sum_g sqrt(n_g) ||w_g||_2 over rows or filters w_g of n_g weights; gradient sqrt(n_g) w_g / ||w_g||, 0 at 0.

    Drives whole filters to 0. Yuan & Lin, JRSS B 68, 2006, Eq. 2.1 and section 2.

    >>> group_penalty(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor(7.0711)
    """
    return _sum(_group_norms(w).sum() * _group_size(w) ** 0.5 for w in _weights(parameters))


def nuclear_norm_penalty(parameters: Parameters) -> Tensor:
    """sum of singular values of each weight as a matrix (groups, the rest); subgradient U V^T of those above 0.

    Drives the rank down: its largest convex minorant on the unit ball of the spectral norm. Fazel, thesis, 2002;
    subgradient: Watson, Linear Algebra and its Applications 170, 1992. First derivatives only.

    >>> nuclear_norm_penalty(torch.diag(torch.tensor([3.0, -4.0])))
    tensor(7.)
    """
    return _sum(_nuclear_norm(_matrix(w)) for w in _weights(parameters))


@torch.no_grad()
def l1_proximal_(parameters: Parameters, step: float) -> None:
    """w <- sign(w) max(|w| - step, 0) in place, the minimum of ||x - w||^2 / 2 + step * `l1_penalty`(x).

    step: learning rate times the strength of the penalty. Parikh & Boyd, "Proximal algorithms", 2014, section 6.5.2.
    """
    expect(step >= 0, "step", "at least 0", step)
    for w in _weights(parameters):
        w.copy_(w.sign() * torch.relu(w.abs() - step))


@torch.no_grad()
def group_proximal_(parameters: Parameters, step: float) -> None:
    """w_g <- w_g max(0, 1 - step sqrt(n_g) / ||w_g||) in place, the proximal step of `group_penalty`.

    step: learning rate times the strength of the penalty. Parikh & Boyd, "Proximal algorithms", 2014, section 6.5.4.
    """
    expect(step >= 0, "step", "at least 0", step)
    for w in _weights(parameters):
        norms = _group_norms(w)
        shrink = torch.relu(1 - step * _group_size(w) ** 0.5 / torch.where(norms > 0, norms, 1))
        w.mul_(shrink.reshape(-1, *[1] * (w.ndim - 1)))


@torch.no_grad()
def nuclear_proximal_(parameters: Parameters, step: float) -> None:
    """W <- U max(S - step, 0) V^T in place, the proximal step of `nuclear_norm_penalty`.

    step: learning rate times the strength of the penalty. Cai, Candes & Shen, SIAM J. Optim. 20, 2010, theorem 2.1.
    """
    expect(step >= 0, "step", "at least 0", step)
    for w in _weights(parameters):
        u, s, vh = torch.linalg.svd(_matrix(w), full_matrices=False)
        w.copy_(((u * torch.relu(s - step)) @ vh).reshape(w.shape))


class _NuclearNorm(torch.autograd.Function):
    """The derivative of torch's own singular values is NaN or huge where two of them meet, or at 0."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
        ctx.save_for_backward(u, s, vh)
        norm: Tensor = s.sum()
        return norm

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        u, s, vh = ctx.saved_tensors
        above = s > s.amax() * max(u.shape[0], vh.shape[1]) * torch.finfo(s.dtype).eps
        derivative: Tensor = grad * ((u * above) @ vh)
        return derivative


def _nuclear_norm(matrix: Tensor) -> Tensor:
    norm: Tensor = _NuclearNorm.apply(matrix)  # type: ignore[no-untyped-call]
    return norm


def _weights(parameters: Parameters) -> Iterator[Tensor]:
    if isinstance(parameters, nn.Module):
        return (p for p in parameters.parameters() if p.ndim > 1 and p.requires_grad)
    return iter([parameters] if isinstance(parameters, Tensor) else parameters)


def _sum(terms: Iterator[Tensor]) -> Tensor:
    found = list(terms)
    if not found:
        raise InputError("'parameters' must hold at least one tensor of two dimensions or more. Got none.")
    return torch.stack(found).sum() if len(found) > 1 else found[0]


def _matrix(w: Tensor) -> Tensor:
    return w.reshape(len(w), -1)


def _group_norms(w: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(_matrix(w), dim=1)
    return norms


def _group_size(w: Tensor) -> int:
    return w.numel() // max(len(w), 1)
