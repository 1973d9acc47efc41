"""What only the losses for numbers promise: torch's own smooth L1, and what an interval teaches."""

import math

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
import torch.nn.functional as F

from mien.train.losses.regression import interval_laplace_loss, reduce, smooth_l1_loss


@pytest.mark.parametrize("beta", [0.02, 1.0])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_smooth_l1_is_torchs(beta: float, reduction: str) -> None:
    generator = torch.Generator().manual_seed(0)
    preds, target = torch.randn(2, 20, 3, generator=generator)
    found = smooth_l1_loss(preds, target, beta, reduction)
    torch.testing.assert_close(found, F.smooth_l1_loss(preds, target, beta=beta, reduction=reduction))


def test_exact_age_is_a_laplace_likelihood() -> None:
    preds, scale = torch.tensor([30.0, 41.0]), torch.tensor([2.0, 0.5])
    target = torch.tensor([[33.0, 33.0], [40.0, 40.0]])
    density = torch.distributions.Laplace(preds, scale).log_prob(target[:, 0])
    found = interval_laplace_loss(preds, scale.log(), target, "none")
    torch.testing.assert_close(found, -density - math.log(2))


def test_likelihood_is_best_where_the_scale_is_the_mean_error() -> None:
    preds = torch.tensor([28.0, 33.0, 36.0])
    target = torch.full((3, 2), 32.0)
    log_scale = torch.tensor(math.log((4 + 1 + 4) / 3), requires_grad=True)
    interval_laplace_loss(preds, log_scale.expand(3), target).backward()
    assert log_scale.grad.item() == pytest.approx(0, abs=1e-6)


def test_inside_an_interval_nothing_is_learned_outside_only_the_way_to_its_nearer_end() -> None:
    target = torch.tensor([[30.0, 40.0]]).repeat(4, 1)
    preds = torch.tensor([30.0, 35.0, 28.0, 45.0], requires_grad=True)
    log_scale = torch.zeros(4, requires_grad=True)
    loss = interval_laplace_loss(preds, log_scale, target, "none")
    loss.sum().backward()
    assert loss.tolist() == [0, 0, 2, 5]
    assert preds.grad.tolist() == [0, 0, -1, 1]
    assert log_scale.grad.tolist() == [0, 0, -1, -4]


def test_exact_hit_still_teaches_the_scale_and_leaves_the_age_alone() -> None:
    preds = torch.tensor([30.0], requires_grad=True)
    log_scale = torch.tensor([0.5], requires_grad=True)
    interval_laplace_loss(preds, log_scale, torch.tensor([[30.0, 30.0]])).backward()
    assert preds.grad.item() == 0
    assert log_scale.grad.item() == 1


def test_reduce_of_an_empty_mask_is_zero() -> None:
    loss, nothing = torch.ones(3), torch.zeros(3, dtype=torch.bool)
    assert reduce(loss, nothing, "mean") == reduce(loss, nothing, "sum") == 0
    assert reduce(loss, nothing, "none").tolist() == [0, 0, 0]
