"""Heads for age: each learns exact ages and groups, decodes in training as in use, and starts near the middle."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="tasks need mien[train]")

import torch

from mien.estimates import age_estimate, age_value
from mien.train.tasks import create_task
from mien.train.tasks.age import WIDTHS, expected_age

N = 24
AGES = torch.linspace(1, 88, N).round()


@pytest.fixture(params=WIDTHS)
def head(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def groups(age: torch.Tensor) -> torch.Tensor:
    low = age.div(10, rounding_mode="floor") * 10
    return torch.stack([low, low + 10], 1)


def fitted(head: str, target: torch.Tensor, steps: int = 400) -> torch.Tensor:
    """Outputs (N, width) that gradient descent on the head's own loss finds from zero."""
    task = create_task("age", head=head)
    output = torch.zeros(N, WIDTHS[head]).requires_grad_()
    optimizer = torch.optim.Adam([output], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        task.loss({"age": output}, {"age": target}).backward()
        optimizer.step()
    return output.detach()


def test_each_head_can_be_fitted_to_exact_ages(head: str) -> None:
    output = fitted(head, torch.stack([AGES, AGES], 1))
    value, scale = age_value(output.numpy(), head)
    assert np.abs(value - AGES.numpy()).max() < 2.5
    assert (scale > 0).all()


def test_each_head_moves_into_the_group_and_rests_there(head: str) -> None:
    output = fitted(head, groups(AGES))
    low, high = groups(AGES).numpy().T
    value, _ = age_value(output.numpy(), head)
    assert (low - 0.6 <= value).all()
    assert (value <= high + 0.6).all()
    task = create_task("age", head=head)
    inside = output.clone().requires_grad_()
    task.loss({"age": inside}, {"age": groups(torch.from_numpy(value).clamp(0.1, 95))}).backward()
    resting = inside.grad.abs().amax(1)
    assert (resting == 0).float().mean() > 0.9


def test_training_and_use_decode_alike(head: str) -> None:
    output = torch.randn(N, WIDTHS[head], generator=torch.Generator().manual_seed(1))
    value, _ = age_value(output.numpy(), head)
    np.testing.assert_allclose(expected_age(output, head).clamp(0, 110).numpy(), value, rtol=1e-4, atol=1e-4)
    decoding = {"head": head, "coverage": 0.9, "band_edges": [30.0], "band_quantiles": [1.0, 2.0]}
    estimate = age_estimate(output.numpy(), decoding)
    np.testing.assert_array_equal(estimate.value, value)
    assert (estimate.low <= estimate.value).all()
    assert (estimate.value <= estimate.high).all()


def test_a_fresh_head_says_something_in_the_middle_of_life(head: str) -> None:
    layer = create_task("age", head=head).head("age", 16)
    value, _ = age_value(layer(torch.zeros(1, 16)).detach().numpy(), head)
    assert 20 < value[0] < 60


def test_a_missing_label_teaches_nothing(head: str) -> None:
    task = create_task("age", head=head)
    target = torch.stack([AGES, AGES], 1)
    target[::2] = torch.nan
    output = torch.full((N, WIDTHS[head]), 0.013).requires_grad_()
    task.loss({"age": output}, {"age": target}).backward()
    assert (output.grad[::2] == 0).all()
    assert (output.grad[1::2] != 0).any(1).all()


def test_older_than_k_never_rises_with_k() -> None:
    layer = create_task("age", head="coral").head("age", 16)
    logits = layer(torch.randn(8, 16, generator=torch.Generator().manual_seed(2)))
    assert (logits.diff(dim=1) < 0).all()
