"""What an interval teaches, and where a likelihood with a learned width is best."""

import math

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch

from mien.train.losses.likelihood import gaussian_nll_loss, interval_laplace_loss, interval_loss


def test_exact_age_is_a_laplace_likelihood() -> None:
    preds, scale = torch.tensor([30.0, 41.0]), torch.tensor([2.0, 0.5])
    target = torch.tensor([[33.0, 33.0], [40.0, 40.0]])
    density = torch.distributions.Laplace(preds, scale).log_prob(target[:, 0])
    found = interval_laplace_loss(preds, scale.log(), target, reduction="none")
    torch.testing.assert_close(found, -density - math.log(2))


def test_likelihood_is_best_where_the_scale_is_the_mean_error() -> None:
    preds = torch.tensor([28.0, 33.0, 36.0])
    target = torch.full((3, 2), 32.0)
    log_scale = torch.tensor(math.log((4 + 1 + 4) / 3), requires_grad=True)
    interval_laplace_loss(preds, log_scale.expand(3), target).backward()
    assert log_scale.grad.item() == pytest.approx(0, abs=1e-6)


def test_gaussian_likelihood_is_best_where_the_variance_is_the_mean_squared_error() -> None:
    preds, target = torch.tensor([28.0, 33.0, 36.0]), torch.full((3,), 32.0)
    log_variance = torch.tensor(math.log((16 + 1 + 16) / 3), requires_grad=True)
    gaussian_nll_loss(preds, log_variance.expand(3), target).backward()
    assert log_variance.grad.item() == pytest.approx(0, abs=1e-6)


def test_inside_an_interval_nothing_is_learned_outside_only_the_way_to_its_nearer_end() -> None:
    target = torch.tensor([[30.0, 40.0]]).repeat(4, 1)
    preds = torch.tensor([30.0, 35.0, 28.0, 45.0], requires_grad=True)
    log_scale = torch.zeros(4, requires_grad=True)
    loss = interval_laplace_loss(preds, log_scale, target, reduction="none")
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


def test_an_interval_may_be_open_and_is_unknown_with_one_unknown_end() -> None:
    preds = torch.tensor([80.0, 50.0, 50.0], requires_grad=True)
    target = torch.tensor([[70.0, math.inf], [70.0, math.inf], [70.0, math.nan]])
    loss = interval_loss(preds, target, reduction="none")
    loss.sum().backward()
    assert loss.tolist() == [0, 20, 0]
    assert preds.grad.tolist() == [0, -1, 0]


def test_interval_without_width_is_l1() -> None:
    preds = torch.randn(9, generator=torch.Generator().manual_seed(0))
    assert torch.equal(interval_loss(preds, torch.zeros(9, 2), reduction="none"), preds.abs())
