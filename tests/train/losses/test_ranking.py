"""What only the losses for pairs promise: order, ties, and what a constant scorer costs."""

import math

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import numpy as np
import torch
from torch import Tensor

from mien.errors import InputError
from mien.train.losses.ranking import (
    batch_pairs,
    bradley_terry_loss,
    hinge_ranking_loss,
    preferred_share,
    ranknet_loss,
    rater_pairs,
    softmax_comp_loss,
)
from mien.train.losses.spread import is_constant_scorer

RAW = (hinge_ranking_loss, ranknet_loss, bradley_terry_loss)


def scores(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_one_pair_by_hand() -> None:
    assert ranknet_loss(torch.tensor([0.3]), torch.tensor([1.0])).item() == pytest.approx(math.log1p(math.exp(0.7)))


@pytest.mark.parametrize("loss", [*RAW, softmax_comp_loss])
def test_no_target_means_the_first_is_preferred(loss: object) -> None:
    a, b = scores(2, 6)
    assert loss(a, b) == loss(a, b, torch.ones(6, dtype=torch.float64))
    torch.testing.assert_close(loss(a, b), loss(b, a, torch.zeros(6, dtype=torch.float64)))


@pytest.mark.parametrize("loss", [*RAW, softmax_comp_loss])
def test_a_tie_pulls_both_together(loss: object) -> None:
    a, b = torch.tensor([1.0, -0.5]).requires_grad_().unbind()
    (first,) = torch.autograd.grad(loss(a[None], b[None], torch.tensor([0.5])), a)
    assert first > 0


def test_softmax_of_two_classes_is_the_sigmoid_of_their_difference() -> None:
    a, b = scores(2, 6, 2)
    found = softmax_comp_loss(a, b, margin=0.1, reduction="none")
    low, high = torch.softmax(b, 1)[:, 1], torch.softmax(a, 1)[:, 1]
    torch.testing.assert_close(found, (low - high + 0.1).clamp(min=0))
    torch.testing.assert_close(
        found, softmax_comp_loss(a.diff(dim=1)[:, 0], b.diff(dim=1)[:, 0], margin=0.1, reduction="none")
    )


def test_derivative_of_softmax_comp_by_hand() -> None:
    a, b = torch.tensor([0.2], requires_grad=True), torch.tensor([0.9], requires_grad=True)
    softmax_comp_loss(a, b).backward()
    low, high = torch.sigmoid(b.detach()), torch.sigmoid(a.detach())
    torch.testing.assert_close(a.grad, -high * (1 - high))
    torch.testing.assert_close(b.grad, low * (1 - low))


def test_a_constant_scorer_is_a_solution_without_a_margin_and_only_then() -> None:
    constant = torch.full((8,), 0.3, requires_grad=True)
    a, b = constant[:4], constant[4:]
    loss = softmax_comp_loss(a, b)
    assert loss == 0
    assert torch.autograd.grad(loss, constant)[0].count_nonzero() == 0
    assert is_constant_scorer(torch.sigmoid(constant))
    for other in (softmax_comp_loss(a, b, margin=0.1), *(raw(a, b) for raw in RAW)):
        assert other > 0
        assert torch.autograd.grad(other, constant)[0].count_nonzero() == 8


def test_descent_finds_the_order() -> None:
    target = torch.tensor([0.0, 3.0, 1.0, 2.0])
    for loss in (ranknet_loss, hinge_ranking_loss, lambda a, b, **how: softmax_comp_loss(a, b, margin=0.5, **how)):
        score = scores(4, seed=3).requires_grad_()
        for _ in range(300):
            i, j, gap = batch_pairs(target)
            score.data -= torch.autograd.grad(loss(score[i], score[j], weight=gap), score)[0]
        assert torch.equal(score.argsort(), target.argsort())


def test_without_ties_bradley_terry_is_ranknet_and_rare_ties_come_close() -> None:
    a, b = scores(2, 6)
    target = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0, 1.0], dtype=torch.float64)
    plain = bradley_terry_loss(a, b, target)
    assert plain == ranknet_loss(a, b, target)
    torch.testing.assert_close(bradley_terry_loss(a, b, target, torch.tensor(-40.0)), plain)


def test_outcomes_of_davidsons_model_are_a_distribution() -> None:
    a, b = torch.tensor([0.7]), torch.tensor([-0.2])
    losses = [bradley_terry_loss(a, b, torch.tensor([t]), torch.tensor(0.4)) for t in (1.0, 0.5, 0.0)]
    assert torch.stack(losses).neg().exp().sum().item() == pytest.approx(1)


def test_the_share_of_ties_is_learned() -> None:
    log_tie = torch.zeros((), dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0.5, 0.5, 0.5, 0.0, 1.0], dtype=torch.float64)
    for _ in range(500):
        loss = bradley_terry_loss(torch.zeros(5), torch.zeros(5), target, log_tie)
        log_tie.data -= torch.autograd.grad(loss, log_tie)[0]
    # even strengths: P(tie) = nu / (2 + nu) = 3 / 5
    assert log_tie.exp().item() == pytest.approx(3, abs=1e-4)


def test_pairs_are_ordered_and_stay_within_their_group() -> None:
    label = torch.tensor([4.0, 2.5, 2.5, float("nan"), 9.0, 1.0])
    group = torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0, float("nan")])
    i, j, gap = batch_pairs(label, group)
    assert list(zip(i.tolist(), j.tolist(), gap.tolist(), strict=True)) == [(0, 1, 1.5), (0, 2, 1.5)]
    assert len(batch_pairs(label)[0]) == 9


def test_share_of_raters_is_that_of_drawn_opinions() -> None:
    mean, spread = torch.tensor([3.4, 3.0], dtype=torch.float64), torch.tensor([0.7, 1.1], dtype=torch.float64)
    opinions = mean + spread * scores(200_000, 2)
    share = preferred_share(mean[:1], mean[1:], spread[:1], spread[1:])
    assert share.item() == pytest.approx((opinions[:, 0] > opinions[:, 1]).double().mean().item(), abs=5e-3)
    torch.testing.assert_close(preferred_share(mean[1:], mean[:1], spread[1:], spread[:1]), 1 - share)


def test_pairs_of_raters_are_those_of_a_loop() -> None:
    given = (scores(7, 5).mul(2).round()).masked_fill(scores(7, 5, seed=1) > 0.5, float("nan"))
    group = torch.arange(7) % 2
    expected = []
    for i in range(7):
        for j in range(i + 1, 7):
            seen = [(a, b) for a, b in zip(given[i].tolist(), given[j].tolist(), strict=True) if a == a and b == b]
            if seen and group[i] == group[j]:
                wins = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in seen)
                expected.append((i, j, wins / len(seen), len(seen)))
    found = [list(part) for part in zip(*(part.tolist() for part in rater_pairs(given, group)), strict=True)]
    assert len(expected) > 4
    assert found == pytest.approx(np.array(expected))


def test_a_batch_without_any_pair_has_no_loss_and_no_gradient() -> None:
    score = torch.zeros(3, requires_grad=True)
    i, j, gap = batch_pairs(torch.ones(3))
    loss = ranknet_loss(score[i], score[j], weight=gap)
    loss.backward()
    assert loss == 0
    assert score.grad.tolist() == [0, 0, 0]


def test_order_of_the_batch_does_not_matter() -> None:
    score, target = scores(2, 12, seed=1)
    group, order = torch.arange(12) % 2, torch.randperm(12, generator=torch.Generator().manual_seed(2))
    found = []
    for s, t, g in ((score, target, group), (score[order], target[order], group[order])):
        i, j, gap = batch_pairs(t, g)
        found.append(ranknet_loss(s[i], s[j], weight=gap))
    torch.testing.assert_close(*found)


def test_options_that_cannot_be_are_errors() -> None:
    a, b = scores(2, 3)
    with pytest.raises(InputError, match="'margin' must be at least 0"):
        softmax_comp_loss(a, b, margin=-1)
    with pytest.raises(InputError, match="'log_tie' must be a tensor of one number"):
        bradley_terry_loss(a, b, None, torch.zeros(3))
    with pytest.raises(InputError, match=r"'b' must be of shape \(3,\)"):
        ranknet_loss(a, b[:2])
    with pytest.raises(InputError, match=r"'group' must be of shape \(3,\)"):
        batch_pairs(a, b[:2])
