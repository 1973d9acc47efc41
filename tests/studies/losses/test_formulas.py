"""The ways to a gradient agree where the formula as written still works."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.studies.losses.formulas import LOSSES, central_differences, gradient


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_as_written(name: str) -> None:
    ours, written, probability = LOSSES[name]
    logits = torch.tensor([[0.5, -1.0, 2.0]], dtype=torch.float64)
    target = torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(ours(logits, target), written(logits, target))
    torch.testing.assert_close(gradient(written, logits, target), probability(logits) - target)


def test_central_differences_of_a_cube() -> None:
    logits = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    found = central_differences(lambda z, _: (z**3).sum(), logits, logits, 1e-5)
    torch.testing.assert_close(found, 3 * logits**2)
