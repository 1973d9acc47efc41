"""Penalties on weights, and their proximal steps.

Each takes a tensor, tensors, or a module; of a module the parameters with two dimensions or more that are trained, as
biases and norms stay free. Tensors are (groups, ...): one row or filter a group.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from mien.errors import InputError, expect
from mien.train.losses.reduction import to_full

Parameters = Tensor | Iterable[Tensor] | nn.Module


def l1_penalty(parameters: Parameters) -> Tensor:
    """sum |w|; subgradient sign(w), 0 at 0. Drives weights to exactly 0. Tibshirani, JRSS B 58, 1996, Eq. 1.

    >>> l1_penalty(torch.tensor([3.0, -4.0]))
    tensor(7.)
    """
    return _sum(lambda w: w.abs().sum(), parameters)


def l2_penalty(parameters: Parameters) -> Tensor:
    """sum w^2; gradient 2 w. Makes weights small, none of them 0. Hoerl & Kennard, Technometrics 12, 1970.

    >>> l2_penalty(torch.tensor([3.0, -4.0]))
    tensor(25.)
    """
    return _sum(lambda w: w.square().sum(), parameters)


def group_penalty(parameters: Parameters) -> Tensor:
    """sum_g sqrt(n_g) ||w_g||_2 over rows or filters w_g of n_g weights; gradient sqrt(n_g) w_g / ||w_g||, 0 at 0.

    Drives whole filters to 0. Yuan & Lin, JRSS B 68, 2006, Eq. 2.1 and section 2.

    >>> group_penalty(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor(7.0711)
    """
    return _sum(lambda w: _group_norms(w).sum() * _group_size(w) ** 0.5, parameters)


def nuclear_norm_penalty(parameters: Parameters) -> Tensor:
    """sum of singular values of each weight as a matrix (groups, the rest); subgradient U V^T of those above 0.

    Drives the rank down: its largest convex minorant on the unit ball of the spectral norm. Fazel, thesis, 2002;
    subgradient: Watson, Linear Algebra and its Applications 170, 1992. First derivatives only, and none in forward
    mode (`torch.func.jvp`, `hessian`): where two singular values meet there are none.

    >>> nuclear_norm_penalty(torch.diag(torch.tensor([3.0, -4.0])))
    tensor(7.)
    """
    return _sum(lambda w: _nuclear_norm(_matrix(w)), parameters)


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
        norms = _group_norms(to_full(w))
        shrink = torch.relu(1 - step * _group_size(w) ** 0.5 / torch.where(norms > 0, norms, 1))
        w.copy_(w * shrink.reshape(-1, *[1] * (w.ndim - 1)))


@torch.no_grad()
def nuclear_proximal_(parameters: Parameters, step: float) -> None:
    """W <- U max(S - step, 0) V^T in place, the proximal step of `nuclear_norm_penalty`.

    step: learning rate times the strength of the penalty. Cai, Candes & Shen, SIAM J. Optim. 20, 2010, theorem 2.1.
    """
    expect(step >= 0, "step", "at least 0", step)
    for w in _weights(parameters):
        u, s, vh = torch.linalg.svd(_matrix(to_full(w)), full_matrices=False)
        w.copy_(((u * torch.relu(s - step)) @ vh).reshape(w.shape))


class _NuclearNorm(torch.autograd.Function):
    """The derivative of torch's own singular values is NaN or huge where two of them meet, or at 0."""

    generate_vmap_rule = True

    @staticmethod
    def forward(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
        return s.sum(), u, s, vh

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
        ctx.save_for_backward(*inputs, *output[1:])
        ctx.mark_non_differentiable(*output[1:])

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *others: Tensor) -> Tensor:
        find = _subgradient if torch.compiler.is_compiling() else _Subgradient.apply
        derivative: Tensor = grad * find(*ctx.saved_tensors)
        return derivative


class _Subgradient(torch.autograd.Function):
    """U V^T of a matrix. To differentiate it is an error, where a second derivative of 0 would be a silent one."""

    generate_vmap_rule = True

    @staticmethod
    def forward(matrix: Tensor, u: Tensor, s: Tensor, vh: Tensor) -> Tensor:
        return _subgradient(matrix, u, s, vh)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        raise NotImplementedError("'nuclear_norm_penalty' has first derivatives only.")


def _subgradient(matrix: Tensor, u: Tensor, s: Tensor, vh: Tensor) -> Tensor:
    above = s > s.amax() * max(matrix.shape) * torch.finfo(s.dtype).eps
    product: Tensor = (u * above) @ vh
    return product


def _nuclear_norm(matrix: Tensor) -> Tensor:
    norm: Tensor = _NuclearNorm.apply(matrix)[0]  # type: ignore[no-untyped-call]
    return norm


def _weights(parameters: Parameters) -> Iterator[Tensor]:
    if isinstance(parameters, nn.Module):
        return (p for p in parameters.parameters() if p.ndim > 1 and p.requires_grad)
    return iter([parameters] if isinstance(parameters, Tensor) else parameters)


def _sum(term: Callable[[Tensor], Tensor], parameters: Parameters) -> Tensor:
    """Sum over all weights; halves are squared and summed in float32."""
    weights = list(_weights(parameters))
    terms = [term(to_full(w)) for w in weights]
    if not terms:
        raise InputError("'parameters' must hold at least one tensor of two dimensions or more. Got none.")
    total = torch.stack(terms).sum() if len(terms) > 1 else terms[0]
    return total.to(reduce(torch.promote_types, (w.dtype for w in weights)))


def _matrix(w: Tensor) -> Tensor:
    return w.reshape(len(w), -1)


def _group_norms(w: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(_matrix(w), dim=1)
    return norms


def _group_size(w: Tensor) -> int:
    return w.numel() // max(len(w), 1)
