"""Penalties: values, subgradients at their kinks, and proximal steps that are the minimum they claim to be."""

from collections.abc import Callable

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.train.losses.penalties import (
    group_penalty,
    group_proximal_,
    l1_penalty,
    l1_proximal_,
    l2_penalty,
    nuclear_norm_penalty,
    nuclear_proximal_,
)

PENALTIES = (l1_penalty, l2_penalty, group_penalty, nuclear_norm_penalty)
STEPS = [(l1_penalty, l1_proximal_), (group_penalty, group_proximal_), (nuclear_norm_penalty, nuclear_proximal_)]


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_values_by_hand() -> None:
    w = torch.tensor([[3.0, -4.0], [0.0, 0.0]])
    assert [float(penalty(w)) for penalty in PENALTIES] == pytest.approx([7, 25, 5 * 2**0.5, 5])


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 2, 2, 2)])
def test_derivative(penalty: Callable[..., Tensor], shape: tuple[int, ...]) -> None:
    assert torch.autograd.gradcheck(penalty, [draw(*shape).requires_grad_()])


def test_subgradient_of_the_nuclear_norm_is_u_vt_of_what_is_above_zero() -> None:
    low_rank = (draw(5, 2) @ draw(2, 4, seed=1)).requires_grad_()
    nuclear_norm_penalty(low_rank).backward()
    u, _, vh = torch.linalg.svd(low_rank.detach(), full_matrices=False)
    torch.testing.assert_close(low_rank.grad, u[:, :2] @ vh[:2])


@pytest.mark.parametrize("penalty", PENALTIES)
def test_zeros_and_equal_singular_values_have_a_finite_derivative(penalty: Callable[..., Tensor]) -> None:
    for w in (torch.zeros(3, 3), torch.eye(3)):
        w.requires_grad_()
        (slope,) = torch.autograd.grad(penalty(w), w)
        assert slope.isfinite().all()
        assert w.any() or not slope.any()


@pytest.mark.parametrize("penalty", PENALTIES)
def test_tensors_add_up_and_a_module_gives_its_weights(penalty: Callable[..., Tensor]) -> None:
    layers = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Linear(4, 2))
    weights = [layers[0].weight, layers[2].weight]
    torch.testing.assert_close(penalty(layers), penalty(weights[0]) + penalty(weights[1]))
    torch.testing.assert_close(penalty(iter(weights)), penalty(layers))
    weights[1].requires_grad_(False)
    torch.testing.assert_close(penalty(layers), penalty(weights[0]))


def test_nothing_to_penalise_is_an_error() -> None:
    with pytest.raises(InputError, match="'parameters' must hold at least one tensor"):
        l1_penalty(nn.BatchNorm2d(3))


@pytest.mark.parametrize(("penalty", "proximal_"), STEPS)
@pytest.mark.parametrize("shape", [(4, 3), (3, 2, 2, 2)])
def test_proximal_step_is_a_minimum(
    penalty: Callable[..., Tensor], proximal_: Callable[..., None], shape: tuple[int, ...]
) -> None:
    start, step = draw(*shape), 0.4
    found = start.clone()
    proximal_(found, step)

    def objective(x: Tensor) -> Tensor:
        return (x - start).square().sum() / 2 + step * penalty(x)

    for seed in range(200):
        away = draw(*shape, seed=seed + 1) * 10.0 ** (-(seed % 4))
        assert objective(found + away) > objective(found)


@pytest.mark.parametrize(("penalty", "proximal_"), STEPS)
def test_proximal_step_works_in_place_on_parameters(
    penalty: Callable[..., Tensor], proximal_: Callable[..., None]
) -> None:
    layer = nn.Linear(6, 4)
    weight, bias = layer.weight, layer.bias.detach().clone()
    before = penalty(layer).item()
    proximal_(layer, 0.05)
    assert layer.weight is weight
    assert penalty(layer).item() < before
    assert torch.equal(layer.bias, bias)
    proximal_(layer, 100.0)
    assert not layer.weight.any()
    with pytest.raises(InputError, match="'step' must be at least 0"):
        proximal_(layer, -1.0)


def test_what_each_step_makes_zero() -> None:
    w = torch.tensor([[3.0, 0.3], [0.2, -0.1]])
    sparse, grouped, low_rank = w.clone(), w.clone(), w.clone()
    l1_proximal_(sparse, 0.5)
    group_proximal_(grouped, 0.5)
    nuclear_proximal_(low_rank, 0.5)
    assert (sparse == 0).tolist() == [[False, True], [True, True]]
    assert (grouped == 0).tolist() == [[False, False], [True, True]]
    assert torch.linalg.matrix_rank(low_rank, tol=1e-5) == 1
