"""A scale that is learned from the errors: per piece, in training only, saved with the module."""

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch

from mien.errors import InputError
from mien.train.losses.scale import RunningScale

LABEL = torch.tensor([5.0, 15.0, 25.0])


def test_before_the_first_batch_the_scale_is_one() -> None:
    assert RunningScale([10.0, 20.0])(LABEL).tolist() == [1, 1, 1]


def test_running_mean_by_hand() -> None:
    scale = RunningScale([10.0, 20.0], decay=0.5)
    scale(torch.tensor([1.0, 2.0, 15.0]), torch.tensor([1.0, -3.0, 4.0]))
    scale(torch.tensor([3.0]), torch.tensor([8.0]))
    # first piece: (0.5 * 4 + 8) / (0.5 * 2 + 1); second: 4 / 1, not touched again; third: the mean of both
    assert scale(LABEL).tolist() == [5, 4, pytest.approx((10 + 4) / (2 + 1))]


def test_a_label_on_an_edge_belongs_to_the_piece_above() -> None:
    scale = RunningScale([10.0, 20.0])
    scale(torch.tensor([9.9, 10.0, 20.0]), torch.tensor([1.0, 2.0, 3.0]))
    assert scale.total.tolist() == [1, 2, 3]


def test_a_rare_piece_is_remembered_for_long() -> None:
    scale = RunningScale([10.0], decay=0.5)
    scale(torch.tensor([50.0]), torch.tensor([7.0]))
    for _ in range(2000):
        scale(torch.tensor([5.0]), torch.tensor([1.0]))
    assert scale(torch.tensor([50.0])).item() == 7


def test_it_finds_the_spread_of_each_piece() -> None:
    generator, scale = torch.Generator().manual_seed(0), RunningScale([20.0, 60.0])
    for _ in range(200):
        label = 80 * torch.rand(64, generator=generator)
        spread = torch.bucketize(label, scale.edges) * 2.0 + 1
        scale(label, spread * (2 * torch.rand(64, generator=generator) - 1))
    torch.testing.assert_close(
        scale(torch.tensor([10.0, 40.0, 70.0])), torch.tensor([0.5, 1.5, 2.5]), rtol=0.05, atol=0
    )


def test_in_use_nothing_is_learned_and_the_state_is_saved() -> None:
    scale = RunningScale([10.0, 20.0])
    scale(LABEL, torch.tensor([1.0, 2.0, 3.0]))
    scale.eval()
    assert scale(LABEL, torch.full((3,), 100.0)).tolist() == [1, 2, 3]
    other = RunningScale([0.0, 1.0])
    other.load_state_dict(scale.state_dict())
    assert other(LABEL).tolist() == [1, 2, 3]


def test_perfect_predictions_do_not_divide_by_zero() -> None:
    scale = RunningScale([10.0], minimum=0.01)
    assert scale(torch.tensor([5.0]), torch.zeros(1)).item() == pytest.approx(0.01)


def test_options_that_cannot_be_are_errors() -> None:
    with pytest.raises(InputError, match="'edges' must be rising"):
        RunningScale([2.0, 2.0])
    with pytest.raises(InputError, match="'decay' must be in 0"):
        RunningScale([2.0], decay=2)
    with pytest.raises(InputError, match="'minimum' must be above 0"):
        RunningScale([2.0], minimum=0)
