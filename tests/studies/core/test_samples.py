"""The data are what their docstrings say, and are fixed by their seed."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.studies.core.samples import (
    Sample,
    ages,
    latent,
    logistic,
    mislabel,
    pairs,
    similar_classes,
    split,
    two_sided,
)


def test_parts_share_no_row() -> None:
    sample = Sample(torch.arange(10)[:, None], torch.arange(10))
    parts = split(sample, (5, 3), 0)
    rows = torch.cat([part.y for part in parts])
    assert [len(part) for part in parts] == [5, 3]
    assert len(set(rows.tolist())) == 8


def test_look_alikes_are_the_most_similar() -> None:
    sample, similarity = similar_classes(3000, 0)
    assert similarity.diagonal().count_nonzero() == 0
    assert similarity.argmax(1).tolist() == [1, 0, 3, 2, 5, 4]
    means = torch.stack([sample.x[sample.y == k].mean(0) for k in range(6)])
    assert float((means[0] - means[1]).norm()) == pytest.approx(2, abs=0.3)


def test_ages_have_the_noise_that_is_asked_for() -> None:
    noisy, clean = ages(4000, 0, noise=4.0), ages(4000, 0, noise=0.0)
    assert torch.equal(noisy.x, clean.x)
    inside = (clean.y > 15) & (clean.y < 75)
    assert float((noisy.y - clean.y)[inside].std()) == pytest.approx(4, rel=0.05)


def test_noise_can_grow_with_age() -> None:
    noisy, clean = ages(20000, 0, noise=1.0, growth=0.1), ages(20000, 0, noise=0.0)
    for low, expected in ((18, 3.0), (38, 5.0)):
        group = (clean.y > low) & (clean.y < low + 4)
        assert float((noisy.y - clean.y)[group].std()) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_share_of_wrong_labels(share: float) -> None:
    y = torch.full((5000,), 200.0)
    changed = mislabel(y, share, 0)
    assert float((changed != y).float().mean()) == pytest.approx(share, abs=0.02)
    assert torch.equal(y, torch.full((5000,), 200.0))


def test_two_sided_labels_have_two_likely_values() -> None:
    sample = two_sided(5000, 0)
    away = sample.y - 42 - 10 * latent(sample.x, 0)
    inside = (sample.y > 0) & (sample.y < 90)
    assert float((away[inside] > 10).float().mean()) == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_share_of_wrong_answers(noise: float) -> None:
    value = torch.randn(200, generator=torch.Generator().manual_seed(0))
    rows = pairs(value, 4000, noise, 0)
    assert rows.shape == (4000, 2)
    assert float((value[rows[:, 0]] < value[rows[:, 1]]).float().mean()) == pytest.approx(noise, abs=0.02)


@pytest.mark.parametrize("make", [ages, logistic, two_sided, lambda count, seed: similar_classes(count, seed)[0]])
def test_seeds(make) -> None:
    before = torch.get_rng_state()
    a, b, other = make(50, 3), make(50, 3), make(50, 4)
    assert torch.equal(a.x, b.x)
    assert torch.equal(a.y, b.y)
    assert not torch.equal(a.x, other.x)
    assert torch.equal(before, torch.get_rng_state())
