"""What only the losses for classes promise: unknown labels, smoothing against soft targets, hinges at their kink."""

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch

from mien.errors import InputError
from mien.train.losses.classification import (
    hinge_loss,
    multiclass_hinge_loss,
    sigmoid_cross_entropy_loss,
    smooth_labels,
    soft_targets,
    softmax_cross_entropy_loss,
)


def test_one_unknown_class_masks_the_whole_row_and_one_unknown_unit_only_itself() -> None:
    target = torch.tensor([[1.0, 0.0, float("nan")], [0.0, 1.0, 0.0]])
    logits = torch.ones(2, 3)
    assert softmax_cross_entropy_loss(logits, target, reduction="none").count_nonzero() == 1
    assert sigmoid_cross_entropy_loss(logits, target, reduction="none").count_nonzero() == 5


def test_smoothed_labels_are_what_label_smoothing_means() -> None:
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    index = torch.tensor([0, 3, 1, -1, 2])
    shares = smooth_labels(index, 4, 0.3)
    assert shares[3].isnan().all()
    torch.testing.assert_close(
        softmax_cross_entropy_loss(logits, shares), softmax_cross_entropy_loss(logits, index, label_smoothing=0.3)
    )


def test_label_smoothing_makes_wrong_classes_equal_and_soft_targets_unequal() -> None:
    smooth = smooth_labels(torch.tensor([0]), 3, 0.3)[0]
    similar = soft_targets(torch.tensor([0]), torch.tensor([[6.0, 3.0, 1.0], [3.0, 6.0, 1.0], [1.0, 1.0, 8.0]]))[0]
    assert smooth[1] == smooth[2]
    torch.testing.assert_close(similar, torch.tensor([0.6, 0.3, 0.1]))


def test_training_on_smoothed_labels_ends_at_a_finite_gap_of_the_logits() -> None:
    logits = torch.zeros(1, 4, dtype=torch.float64, requires_grad=True)
    for _ in range(3000):
        loss = softmax_cross_entropy_loss(logits, torch.tensor([1]), label_smoothing=0.1)
        logits.data -= torch.autograd.grad(loss, logits)[0]
    gap = torch.log(torch.tensor((0.9 + 0.025) / 0.025, dtype=torch.float64))
    torch.testing.assert_close(logits[0, 1] - logits[0, 0], gap)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (torch.tensor([0, 3]), r"'target' must be class indices below 3\. Got 3\."),
        (torch.tensor([[0, 1]]), r"'target' must be of shape \(2,\)"),
        (torch.tensor([0.0, 1.0]), r"'target' must be of shape \(2, 3\)"),
    ],
)
def test_targets_that_cannot_be_are_errors(target: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        softmax_cross_entropy_loss(torch.zeros(2, 3), target)


def test_options_that_cannot_be_are_errors() -> None:
    with pytest.raises(InputError, match="'label_smoothing' must be in 0"):
        softmax_cross_entropy_loss(torch.zeros(2, 3), torch.tensor([0, 1]), label_smoothing=1.5)
    with pytest.raises(InputError, match="must be class indices, an integer tensor"):
        multiclass_hinge_loss(torch.zeros(2, 3), torch.zeros(2))
    with pytest.raises(InputError, match="'similarity' must be of numbers of at least 0"):
        soft_targets(torch.tensor([0]), torch.zeros(2, 2))


def test_hinges_are_flat_beyond_the_margin_and_steep_before() -> None:
    score = torch.tensor([0.5, 2.0, -0.5, -2.0], requires_grad=True)
    hinge_loss(score, torch.tensor([1.0, 1.0, 0.0, 0.0]), reduction="sum").backward()
    assert score.grad.tolist() == [-1, 0, 1, 0]
    logits = torch.tensor([[2.0, 1.5, 0.0], [5.0, 1.0, 0.0]], requires_grad=True)
    multiclass_hinge_loss(logits, torch.tensor([0, 0]), reduction="sum").backward()
    assert logits.grad.tolist() == [[-1, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize("target", [-1.0, 0.5, 2.0])
def test_targets_of_the_hinge_are_0_and_1(target: float) -> None:
    with pytest.raises(InputError, match=r"'target' must be 0, 1 or NaN\. Got "):
        hinge_loss(torch.zeros(2), torch.tensor([1.0, target]))
