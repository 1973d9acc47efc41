"""All else is equal between the heads, and what is learnt from is what is told."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.studies.age_heads import runs as study
from mien.studies.age_heads.measures import MAE
from mien.train.losses import softmax_cross_entropy_loss
from mien.train.tasks.age import AgeTask

TINY = study.Settings(train=400, held_out=200, steps=120, every=40, goal=8.0)


def test_bodies_are_equal_and_nothing_global_changes() -> None:
    before = torch.get_rng_state()
    x = torch.zeros(2, 1, 16, 16)
    one, other, another = (
        study.network_of(AgeTask(head), x, seed) for head, seed in (("l1", 0), ("dex", 0), ("dex", 1))
    )
    for a, b in zip(list(one.parameters())[:-2], list(other.parameters())[:-2], strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(next(other.parameters()), next(another.parameters()))
    assert (one(x).shape, other(x).shape) == ((2, 1), (2, 101))
    assert torch.equal(before, torch.get_rng_state())


def test_every_head_has_a_loss_on_ages() -> None:
    x, age = torch.randn(8, 10, generator=torch.Generator().manual_seed(0)), torch.full((8, 2), 30.0)
    for method in study.METHODS:
        task = AgeTask(method.head)
        loss = study.loss_of(method, task, 0.1)(study.network_of(task, x, 0)(x), age)
        assert loss.isfinite()


def test_smoothing_is_that_of_the_cross_entropy() -> None:
    output = torch.randn(4, 101, generator=torch.Generator().manual_seed(0))
    age = torch.tensor([0, 20, 50, 99])
    smooth = study.loss_of(study.Method("dex", smooth=True), AgeTask("dex"), 0.1)
    expected = softmax_cross_entropy_loss(output, age, label_smoothing=0.1)
    torch.testing.assert_close(smooth(output, torch.stack([age, age], 1).float()), expected)


def test_mixup_mixes_faces_and_ages_alike() -> None:
    age = torch.arange(8.0)
    x, mixed = study.mixer(AgeTask("l1"), 0.4, 0)(age[:, None].clone(), torch.stack([age, age], 1))
    torch.testing.assert_close(x[:, 0], mixed[:, 0])
    assert torch.equal(mixed[:, 0], mixed[:, 1])
    assert not torch.equal(mixed[:, 0], age)


def test_faces_of_unknown_age_are_left_out(faces) -> None:
    age = faces.columns["age"].copy()
    age[:40] = np.nan
    world = study.make_world(0, TINY, replace(faces, columns={"age": age}))
    assert [len(part) for part in (world.train, world.held_out, world.test)] == [120, 40, 40]


def test_a_network_learns_ages_and_equal_seeds_are_equal() -> None:
    world = study.make_world(0, TINY, None)
    clean, again, dirty = (study.train(study.Method("l1"), share, 0, TINY, world) for share in (0.0, 0.0, 0.5))
    assert clean.measures[MAE] < 0.8 * study.constant_error(world)
    assert clean.curve == again.curve
    assert clean.curve[0] > clean.curve[-1] == clean.measures[MAE]
    assert dirty.measures[MAE] > clean.measures[MAE]
    assert clean.measures[study.SECONDS] > 0
    assert study.STEPS not in dirty.measures
