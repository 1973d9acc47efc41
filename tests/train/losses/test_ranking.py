"""What only the ranking loss promises: it sees order and groups, and neither the origin nor a common shift."""

import math

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch

from mien.train.losses.ranking import ranknet_loss


def test_one_pair_by_hand() -> None:
    score, target = torch.tensor([0.3, 1.0]), torch.tensor([4.0, 2.5])
    loss = ranknet_loss(score, target, torch.zeros(2))
    assert loss.item() == pytest.approx(1.5 * math.log1p(math.exp(0.7)))


def test_a_common_shift_of_scores_or_ratings_changes_nothing() -> None:
    score, target = torch.randn(2, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    group = torch.arange(10) % 3
    loss = ranknet_loss(score, target, group)
    torch.testing.assert_close(ranknet_loss(score + 5, target - 3, group), loss)


def test_ties_and_pairs_across_groups_say_nothing() -> None:
    score = torch.tensor([3.0, -3.0], requires_grad=True)
    for target, group in (([2.0, 2.0], [0, 0]), ([1.0, 2.0], [0, 1])):
        loss = ranknet_loss(score, torch.tensor(target), torch.tensor(group))
        loss.backward()
        assert loss == 0
        assert score.grad.tolist() == [0, 0]


def test_order_of_the_batch_does_not_matter() -> None:
    score, target = torch.randn(2, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    group, order = torch.arange(12) % 2, torch.randperm(12, generator=torch.Generator().manual_seed(2))
    found = ranknet_loss(score[order], target[order], group[order])
    torch.testing.assert_close(found, ranknet_loss(score, target, group))


def test_descent_finds_the_order() -> None:
    target = torch.tensor([0.0, 3.0, 1.0, 2.0])
    score = torch.zeros(4, requires_grad=True)
    for _ in range(100):
        (step,) = torch.autograd.grad(ranknet_loss(score, target, torch.zeros(4)), score)
        score.data -= step
    assert torch.equal(score.argsort(), target.argsort())


def test_a_face_of_unknown_group_is_compared_with_no_one() -> None:
    group = torch.tensor([float("nan"), float("nan")])
    assert ranknet_loss(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]), group) == 0
