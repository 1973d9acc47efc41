"""What only the losses for classes promise: torch's own values, and derivatives where the formula has a kink."""

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
import torch.nn.functional as F

from mien.train.losses.classification import sigmoid_cross_entropy_loss, softmax_cross_entropy_loss


def test_derivative_of_sigmoid_loss_is_sigmoid_minus_target_everywhere() -> None:
    logits = torch.tensor([-50.0, -1.0, 0.0, 0.0, 0.0, 2.0, 50.0], requires_grad=True)
    target = torch.tensor([1.0, 0.2, 0.0, 0.5, 1.0, 1.0, 0.0])
    sigmoid_cross_entropy_loss(logits, target, "sum").backward()
    torch.testing.assert_close(logits.grad, torch.sigmoid(logits.detach()) - target)


def test_derivative_of_softmax_loss_is_softmax_minus_target() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0], [5.0, -5.0, 1.0]], requires_grad=True)
    target = torch.tensor([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]])
    softmax_cross_entropy_loss(logits, target, "sum").backward()
    torch.testing.assert_close(logits.grad, torch.softmax(logits.detach(), 1) - target)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_hard_labels_give_what_torch_gives(reduction: str) -> None:
    logits = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    label = torch.arange(9) % 4
    hard = F.one_hot(label, 4).float()
    found = softmax_cross_entropy_loss(logits, hard, reduction)
    torch.testing.assert_close(found, F.cross_entropy(logits, label, reduction=reduction))
    found = sigmoid_cross_entropy_loss(logits, hard, reduction)
    torch.testing.assert_close(found, F.binary_cross_entropy_with_logits(logits, hard, reduction=reduction))


def test_one_unknown_class_masks_the_whole_row_and_one_unknown_unit_only_itself() -> None:
    target = torch.tensor([[1.0, 0.0, float("nan")], [0.0, 1.0, 0.0]])
    logits = torch.ones(2, 3)
    assert softmax_cross_entropy_loss(logits, target, "none").count_nonzero() == 1
    assert sigmoid_cross_entropy_loss(logits, target, "none").count_nonzero() == 5
