"""Votes teach Action Units through weights that cannot change what a unit means."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="tasks need mien[train]")

import torch

from mien.expression.emotion import DISPLAYS, SPEAKS_FOR
from mien.expression.emotion import strength as strength_of
from mien.facs import CODES
from mien.train.model import FaceModel
from mien.train.tasks import create_task
from mien.train.tasks.evidence import EvidenceLayer, strength


def batch_of(votes, units=None, count=16):
    blank = torch.full((count, len(CODES)), torch.nan)
    return {
        "action_units": blank if units is None else units,
        "emotion": torch.full((count, 3), torch.nan),
        "votes": votes,
        "held_units": blank,
    }


def test_strength_is_that_of_use():
    z = np.linspace(-12, 12, 97)
    expected = strength_of(1 / (1 + np.exp(-z)))
    assert strength(torch.from_numpy(z)).numpy() == pytest.approx(expected, abs=1e-4)


def test_weights_stay_nonnegative_and_where_a_unit_may_speak():
    layer = EvidenceLayer()
    optimizer = torch.optim.SGD(layer.parameters(), lr=5.0)
    units = torch.randn(64, len(CODES), generator=torch.Generator().manual_seed(0))
    for _ in range(20):
        optimizer.zero_grad()
        layer(units)[:, DISPLAYS.index("neutral")].sum().neg().backward()
        optimizer.step()
    for row, name in zip(layer.weight.detach(), DISPLAYS, strict=True):
        assert (row >= 0).all()
        assert {code for code, value in zip(CODES, row, strict=True) if value > 0} <= set(SPEAKS_FOR[name])


def test_votes_reach_the_units_only_through_what_may_speak():
    task = create_task("expression", through_evidence=1.0)
    units = torch.zeros(16, len(CODES), requires_grad=True)
    votes = torch.eye(8)[torch.full((16,), DISPLAYS.index("anger"))]
    outputs = {"action_units": units, "emotion_direct": torch.zeros(16, 3)}
    task.loss(outputs, batch_of(votes)).backward()
    pulled = dict(zip(CODES, units.grad.sum(0).tolist(), strict=True))
    assert all(pulled[code] < 0 for code in ("AU23", "AU24"))  # anger alone: gradient descent raises them
    assert all(pulled[code] > 0 for code in ("AU12", "AU09", "AU20"))  # they speak for other displays


def test_held_units_pull_to_the_earlier_models():
    task = create_task("expression", through_evidence=1.0, held_weight=1.0)
    units = torch.zeros(16, len(CODES), requires_grad=True)
    batch = {**batch_of(torch.full((16, 8), torch.nan)), "held_units": torch.full((16, len(CODES)), 0.9)}
    task.loss({"action_units": units, "emotion_direct": torch.zeros(16, 3)}, batch).backward()
    assert (units.grad < 0).all()


def test_the_weights_are_learned_and_saved_with_the_network_but_no_output_of_it():
    model = FaceModel(create_task("expression", through_evidence=1.0), "mobilenet_v4_conv_small", 0.25, 48)
    names = dict(model.named_parameters())
    assert {"parts.evidence.raw", "parts.evidence.bias"} <= set(names)
    assert list(model.heads) == ["action_units", "emotion_direct"]
    plain = FaceModel(create_task("expression"), "mobilenet_v4_conv_small", 0.25, 48)
    assert not [name for name in plain.state_dict() if name.startswith("parts.")]
