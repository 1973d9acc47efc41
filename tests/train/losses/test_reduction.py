"""Which entries count, and how modules carry their options."""

import copy
import pickle

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
from torch import nn

from mien.errors import InputError
from mien.train import losses
from mien.train.losses.reduction import Entries


def test_a_weight_or_a_mask_with_one_value_a_face_counts_for_its_row() -> None:
    loss, weight = torch.arange(6.0).reshape(3, 2), torch.tensor([2.0, 0.0, 1.0])
    entries = Entries.of(loss.shape, None, weight, torch.tensor([True, True, False]))
    assert entries.reduce(loss, "none").tolist() == [[0, 2], [0, 0], [0, 0]]
    assert entries.reduce(loss, "mean") == 0.5


def test_a_square_batch_does_not_confuse_faces_with_units() -> None:
    target = torch.eye(2)
    rows = losses.l1_loss(torch.zeros(2, 2), target, weight=torch.tensor([1.0, 3.0]), reduction="none")
    assert rows.tolist() == [[1, 0], [0, 3]]
    units = losses.l1_loss(torch.zeros(2, 2), target, weight=torch.tensor([[1.0, 3.0]]), reduction="none")
    assert units.tolist() == [[1, 0], [0, 3]]
    units = losses.l1_loss(torch.zeros(2, 2), 1 - target, weight=torch.tensor([[1.0, 3.0]]), reduction="none")
    assert units.tolist() == [[0, 3], [1, 0]]


def test_weights_can_be_learned() -> None:
    weight = torch.tensor([1.0, 1.0], requires_grad=True)
    losses.l1_loss(torch.tensor([1.0, 3.0]), torch.zeros(2), weight=weight).backward()
    assert weight.grad.tolist() == [-0.5, 0.5]


def test_mean_of_many_entries_is_the_mean_of_few() -> None:
    preds = torch.randn(100, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    parts = torch.stack([losses.l2_loss(part, torch.zeros_like(part)) for part in preds.split(10)])
    torch.testing.assert_close(losses.l2_loss(preds, torch.zeros_like(preds)), parts.mean())


def test_a_column_against_a_vector_is_an_error_and_no_broadcast() -> None:
    with pytest.raises(InputError, match=r"'target' must be of shape \(4, 1\)\. Got \(4,\)\."):
        losses.l1_loss(torch.zeros(4, 1), torch.zeros(4))


def test_options_are_printed_and_can_be_given_for_one_call() -> None:
    loss = losses.SmoothL1Loss(beta=0.5)
    assert repr(loss) == "SmoothL1Loss(beta=0.5, reduction='mean')"
    preds, target = torch.tensor([3.0]), torch.tensor([0.0])
    assert loss(preds, target) == 2.75
    assert loss(preds, target, beta=1.0) == 2.5
    assert repr(losses.DexLoss(torch.arange(101.0))) == "DexLoss(bins=Tensor(101,), reduction='mean')"


def test_parameters_train_and_tensors_move_with_the_module() -> None:
    tie = losses.BradleyTerryLoss(nn.Parameter(torch.zeros(())))
    assert [name for name, _ in tie.named_parameters()] == ["log_tie"]
    tie(torch.zeros(2), torch.ones(2), torch.tensor([0.5, 0.0])).backward()
    assert tie.log_tie.grad != 0
    assert losses.DexLoss(torch.arange(3.0)).double().bins.dtype == torch.float64
    assert not losses.DexLoss(torch.arange(3.0)).state_dict()


def test_modules_are_copied_and_pickled() -> None:
    loss = losses.DldlV2Loss(torch.arange(3.0), sigma=1.5)
    logits, target = torch.eye(3), torch.tensor([0.5, 1.0, 2.0])
    for other in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert torch.equal(other(logits, target), loss(logits, target))
