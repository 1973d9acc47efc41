"""Cross entropies: derivatives exactly p - y, twice differentiable, and steady where a formula would overflow."""

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
from torch import Tensor
from torch.nn import functional as F

from mien.train.losses.gradients import index_cross_entropy, sigmoid_cross_entropy, soft_cross_entropy


def double(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_derivative_of_sigmoid_loss_is_sigmoid_minus_target_everywhere() -> None:
    logits = torch.tensor([-50.0, -1.0, 0.0, 0.0, 0.0, 2.0, 50.0], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([1.0, 0.2, 0.0, 0.5, 1.0, 1.0, 0.0], dtype=torch.float64)
    sigmoid_cross_entropy(logits, target).sum().backward()
    torch.testing.assert_close(logits.grad, torch.sigmoid(logits.detach()) - target, rtol=0, atol=1e-15)


def test_derivative_of_softmax_loss_is_softmax_minus_target() -> None:
    logits, target = double(5, 4).requires_grad_(), torch.softmax(double(5, 4, seed=1), 1)
    soft_cross_entropy(logits, target).sum().backward()
    torch.testing.assert_close(logits.grad, torch.softmax(logits.detach(), 1) - target, rtol=0, atol=1e-15)


@pytest.mark.parametrize("epsilon", [0.0, 0.2])
def test_derivative_for_a_class_is_softmax_minus_smoothed_one_hot(epsilon: float) -> None:
    logits, index = double(5, 4).requires_grad_(), torch.tensor([0, 3, 1, 1, 2])
    index_cross_entropy(logits, index, epsilon).sum().backward()
    y = (1 - epsilon) * torch.eye(4, dtype=torch.float64)[index] + epsilon / 4
    torch.testing.assert_close(logits.grad, torch.softmax(logits.detach(), 1) - y, rtol=0, atol=1e-15)


def test_shares_that_do_not_sum_to_one_have_the_derivative_of_their_formula() -> None:
    logits, target = double(5, 4).requires_grad_(), double(5, 4, seed=1).abs()
    soft_cross_entropy(logits, target).sum().backward()
    expected = target.sum(1, keepdim=True) * torch.softmax(logits.detach(), 1) - target
    torch.testing.assert_close(logits.grad, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("check", [torch.autograd.gradcheck, torch.autograd.gradgradcheck])
def test_first_and_second_derivatives(check: object) -> None:
    logits, soft = double(4, 3).requires_grad_(), torch.softmax(double(4, 3, seed=1), 1).requires_grad_()
    index = torch.tensor([0, 2, 1, 1])
    assert check(lambda z: index_cross_entropy(z, index), [logits])
    assert check(lambda z: index_cross_entropy(z, index, 0.3), [logits])
    assert check(soft_cross_entropy, [logits, soft])
    assert check(lambda z, y: soft_cross_entropy(z, y, 0.3), [logits, soft])
    assert check(sigmoid_cross_entropy, [logits, soft])
    assert check(lambda z: sigmoid_cross_entropy(z, soft.detach()), [logits])
    assert check(lambda y: soft_cross_entropy(logits.detach(), y), [soft])


def test_a_graph_can_be_walked_twice() -> None:
    logits, index = double(4, 3).requires_grad_(), torch.tensor([0, 2, 1, 1])
    target = torch.softmax(double(4, 3, seed=1), 1)
    for loss in (
        index_cross_entropy(logits, index),
        soft_cross_entropy(logits, target),
        sigmoid_cross_entropy(logits, target),
    ):
        (first,) = torch.autograd.grad(loss.sum(), logits, retain_graph=True)
        kept = first.clone()
        (second,) = torch.autograd.grad(loss.sum(), logits)
        assert torch.equal(second, kept)
        assert torch.equal(first, kept)


def test_large_logits_lose_nothing() -> None:
    logits = torch.tensor([[1e4, 0.0, -1e4], [1e4, 1e4 - 1, 1e4 - 2]], dtype=torch.float64, requires_grad=True)
    index = torch.tensor([2, 1])
    loss = index_cross_entropy(logits, index)
    near = torch.log(1 + torch.exp(torch.tensor([1.0, -1.0], dtype=torch.float64)).sum())
    torch.testing.assert_close(loss.detach(), torch.stack([torch.tensor(2e4, dtype=torch.float64), near]))
    loss.sum().backward()
    assert logits.grad[0].tolist() == [1.0, 0.0, -1.0]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_small_losses_of_sure_logits_do_not_cancel(dtype: torch.dtype) -> None:
    logits = torch.tensor([1.0, 5.0, 15.0, 40.0, 80.0], dtype=dtype)
    exact = torch.log1p(torch.exp(-logits.double())).to(dtype)
    torch.testing.assert_close(sigmoid_cross_entropy(logits, torch.ones_like(logits)), exact)
    torch.testing.assert_close(sigmoid_cross_entropy(-logits, torch.zeros_like(logits)), exact)


def test_infinite_logits_are_as_torch_has_them() -> None:
    infinite = float("inf")
    for z, y in ((infinite, 0.0), (infinite, 0.5), (infinite, 1.0), (-infinite, 0.0)):
        logits, target = torch.tensor([z], requires_grad=True), torch.tensor([y])
        found, expected = sigmoid_cross_entropy(logits, target), F.binary_cross_entropy_with_logits(logits, target)
        torch.testing.assert_close(found[0], expected, equal_nan=True)
        gradients = [torch.autograd.grad(each.sum(), logits)[0] for each in (found, expected)]
        torch.testing.assert_close(*gradients, equal_nan=True)
    # torch says NaN here, but what is infinitely wrong costs infinitely much, as at the other end
    assert sigmoid_cross_entropy(torch.tensor([-infinite]), torch.ones(1)) == infinite
    for row in ([0.0, infinite], [0.0, -infinite], [-infinite, -infinite]):
        for index in (torch.tensor([0]), torch.tensor([1])):
            for epsilon in (0.0, 0.1):
                logits = torch.tensor([row], requires_grad=True)
                expected = F.cross_entropy(logits, index, label_smoothing=epsilon)
                found = index_cross_entropy(logits, index, epsilon)
                torch.testing.assert_close(found[0], expected, equal_nan=True)
                gradients = [torch.autograd.grad(each.sum(), logits)[0] for each in (found, expected)]
                torch.testing.assert_close(*gradients, equal_nan=True)
