"""What only the losses for numbers promise: knees, scales by label, pieces."""

from itertools import pairwise

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch

from mien.errors import InputError
from mien.train.losses.regression import (
    huber_loss,
    l1_loss,
    l2_loss,
    normalized_l1_loss,
    piecewise_weighted_l1_loss,
    smooth_l1_loss,
)
from mien.train.losses.scale import RunningScale

ERRORS = (-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0)


@pytest.mark.parametrize(
    ("loss", "options", "expected"),
    [
        (l2_loss, {}, [2 * e for e in ERRORS]),
        (l1_loss, {}, [-1, -1, -1, 0, 1, 1, 1]),
        (smooth_l1_loss, {}, [-1, -1, -0.5, 0, 0.5, 1, 1]),
        (smooth_l1_loss, {"beta": 2.0}, [-1, -0.5, -0.25, 0, 0.25, 0.5, 1]),
        (huber_loss, {"delta": 2.0}, [-2, -1, -0.5, 0, 0.5, 1, 2]),
    ],
)
def test_derivative_by_hand(loss: object, options: dict[str, float], expected: list[float]) -> None:
    preds = torch.tensor(ERRORS, requires_grad=True)
    loss(preds, torch.zeros(len(ERRORS)), **options, reduction="sum").backward()
    assert preds.grad.tolist() == expected


def test_smooth_l1_has_neither_jump_nor_kink_at_its_knee() -> None:
    preds = torch.tensor([1 - 1e-9, 1 + 1e-9], dtype=torch.float64, requires_grad=True)
    loss = smooth_l1_loss(preds, torch.zeros(2, dtype=torch.float64), reduction="none")
    loss.sum().backward()
    torch.testing.assert_close(loss[0], loss[1], rtol=0, atol=1e-8)
    torch.testing.assert_close(preds.grad[0], preds.grad[1], rtol=0, atol=1e-8)


def test_scale_is_a_tensor_a_function_or_learned_and_has_no_gradient() -> None:
    preds, target = torch.tensor([3.0, 8.0], requires_grad=True), torch.tensor([1.0, 4.0])
    scale = torch.tensor([2.0, 4.0], requires_grad=True)
    assert normalized_l1_loss(preds, target, scale, reduction="none").tolist() == [1, 1]
    assert normalized_l1_loss(preds, target, lambda y: 2 * y, reduction="none").tolist() == [1, 0.5]
    assert normalized_l1_loss(preds, target, RunningScale([2.0]), reduction="none").tolist() == [1, 1]
    normalized_l1_loss(preds, target, scale, reduction="sum").backward()
    assert scale.grad is None
    assert preds.grad.tolist() == [0.5, 0.25]


def test_what_is_not_known_teaches_the_scale_nothing() -> None:
    scale = RunningScale([2.0])
    preds, target = torch.tensor([3.0, float("nan"), 50.0]), torch.tensor([1.0, float("nan"), 1.0])
    normalized_l1_loss(preds, target, scale, mask=torch.tensor([True, True, False]))
    assert scale.count.tolist() == [1, 0]
    assert scale.total.tolist() == [2, 0]


def test_ever_smaller_pieces_converge_to_the_normalized_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    target = 100 * torch.rand(500, generator=generator, dtype=torch.float64)
    preds = target + torch.randn(500, generator=generator, dtype=torch.float64)
    limit = normalized_l1_loss(preds, target, lambda age: 1 + age / 10)
    gaps = []
    for pieces in (2, 8, 32, 128):
        edges = torch.linspace(0, 100, pieces + 1, dtype=torch.float64)
        weights = 1 / (1 + torch.cat([edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]]) / 10)
        gaps.append(abs(float(piecewise_weighted_l1_loss(preds, target, edges, weights) - limit)))
    assert all(after < before / 2 for before, after in pairwise(gaps))


def test_a_label_on_an_edge_belongs_to_the_piece_above() -> None:
    target = torch.tensor([9.9, 10.0, 20.0])
    found = piecewise_weighted_l1_loss(target + 1, target, [10.0, 20.0], [1.0, 2.0, 4.0], reduction="none")
    torch.testing.assert_close(found, torch.tensor([1.0, 2.0, 4.0]))


def test_options_that_cannot_be_are_errors() -> None:
    preds, target = torch.zeros(2), torch.ones(2)
    with pytest.raises(InputError, match="'weights' must be 2 numbers"):
        piecewise_weighted_l1_loss(preds, target, [1.0], [1.0])
    with pytest.raises(InputError, match="'edges' must be rising"):
        piecewise_weighted_l1_loss(preds, target, [2.0, 1.0], [1.0, 1.0, 1.0])
    with pytest.raises(InputError, match="'delta' must be above 0"):
        huber_loss(preds, target, delta=0)
    with pytest.raises(InputError, match="'beta' must be at least 0"):
        smooth_l1_loss(preds, target, beta=-1)
