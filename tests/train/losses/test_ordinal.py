"""What only the losses for ordered labels promise: ranks that agree, distributions that peak at the label."""

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
from torch import Tensor

from mien.errors import InputError
from mien.train.losses.ordinal import (
    coral_loss,
    coral_rank,
    dex_loss,
    dldl_v2_loss,
    expectation,
    mean_variance_loss,
)

BINS = torch.arange(11.0, dtype=torch.float64)


def descend(loss: object, logits: Tensor, steps: int = 500, rate: float = 1.0) -> Tensor:
    for _ in range(steps):
        (slope,) = torch.autograd.grad(loss(logits), logits)
        logits.data -= rate * slope
    return logits.detach()


def test_shared_direction_gives_falling_probabilities_that_fit_the_rank() -> None:
    score = torch.zeros(5, 1, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    target = torch.arange(5)
    for _ in range(2000):
        steps = torch.autograd.grad(coral_loss(score + bias, target), (score, bias))
        for each, step in zip((score, bias), steps, strict=True):
            each.data -= step
    assert (bias.detach().diff() < 0).all()
    assert torch.equal(coral_rank(score.detach() + bias.detach()), target)


def test_half_a_rank_and_an_unknown_one() -> None:
    logits = torch.zeros(3, 4)
    assert coral_loss(logits, torch.tensor([-1, -1, -1])) == 0
    each = coral_loss(logits, torch.tensor([2.0, float("nan"), 0.0]), reduction="none")
    assert (each != 0).tolist() == [True, False, True]


@pytest.mark.parametrize("label", [0.0, 3.0, 3.25, 10.0])
def test_dex_learns_the_label_between_two_bins(label: float) -> None:
    logits = torch.zeros(1, 11, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([label], dtype=torch.float64)
    found = descend(lambda z: dex_loss(z, target, BINS), logits, 3000)
    assert expectation(found, BINS).item() == pytest.approx(label, abs=0.02)
    p = torch.softmax(found, 1)[0]
    assert p[int(label)] == pytest.approx(1 - label % 1, abs=0.01)


def test_dex_takes_labels_beyond_the_ends_and_whole_numbers() -> None:
    logits = torch.randn(2, 11, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ends = dex_loss(logits, torch.tensor([0.0, 10.0], dtype=torch.float64), BINS)
    assert dex_loss(logits, torch.tensor([-4.0, 99.0], dtype=torch.float64), BINS) == ends
    assert dex_loss(logits, torch.tensor([0, 10]), BINS) == ends


def test_dldl_is_zero_for_the_label_distribution_itself() -> None:
    target = torch.tensor([5.0], dtype=torch.float64)
    logits = (-((BINS - 5) ** 2) / (2 * 1.5**2))[None]
    assert dldl_v2_loss(logits, target, BINS, sigma=1.5).item() == pytest.approx(0, abs=1e-12)
    assert dldl_v2_loss(logits + 7, target, BINS, sigma=1.5).item() == pytest.approx(0, abs=1e-12)
    assert dldl_v2_loss(logits, target, BINS, sigma=1.0) > 0.01


def test_dldl_weights_the_expectation() -> None:
    logits, target = torch.zeros(1, 11, dtype=torch.float64), torch.tensor([2.0], dtype=torch.float64)
    light, heavy = (dldl_v2_loss(logits, target, BINS, weight_expectation=w) for w in (0.0, 1.0))
    assert (heavy - light).item() == pytest.approx(5 - 2)


def test_mean_variance_narrows_the_distribution() -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(1, 11, generator=generator, dtype=torch.float64)
    target = torch.tensor([4.5], dtype=torch.float64)
    found = []
    for weight_variance in (0.0, 1.0):
        logits = start.clone().requires_grad_()
        descend(lambda z, w=weight_variance: mean_variance_loss(z, target, BINS, 0.2, w), logits, 300, 0.1)
        p = torch.softmax(logits.detach(), 1)
        found.append((p * (BINS - expectation(logits.detach(), BINS)[:, None]) ** 2).sum().item())
    assert found[1] < found[0]


def test_bins_that_cannot_be_are_errors() -> None:
    logits, target = torch.zeros(1, 3), torch.zeros(1)
    with pytest.raises(InputError, match="'bins' must be 3 numbers"):
        dex_loss(logits, target, torch.arange(4.0))
    with pytest.raises(InputError, match="'bins' must be rising"):
        dex_loss(logits, target, torch.tensor([0.0, 2.0, 1.0]))
    with pytest.raises(InputError, match="'sigma' must be above 0"):
        dldl_v2_loss(logits, target, torch.arange(3.0), sigma=0)


@pytest.mark.parametrize("rank", [5, 99, 1.5, float("inf")])
def test_ranks_that_do_not_exist_are_refused(rank: float) -> None:
    with pytest.raises(InputError, match=r"'target' must be whole ranks up to 4\. Got "):
        coral_loss(torch.zeros(2, 4), torch.tensor([0, rank]))
    assert coral_loss(torch.zeros(2, 4), torch.tensor([0, rank]), mask=torch.tensor([True, False])).isfinite()
