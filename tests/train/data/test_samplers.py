"""Samplers: rare labels as often as common ones, pairs that can be compared, and the same draws after a resume."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="samplers belong to mien[train]")

import torch
from torch.utils.data import SequentialSampler

from mien.errors import InputError
from mien.train.data import samplers as samplers_module
from mien.train.data.samplers import (
    BalancedSampler,
    PairSampler,
    Shared,
    WeightedSampler,
    label_bins,
    label_weights,
)

RARE = np.array([0.0] * 90 + [1.0] * 9 + [2.0])


def test_bins_of_classes_numbers_intervals_and_shares() -> None:
    assert label_bins(np.array([[3], [0], [np.nan]])).tolist() == [3, 0, -1]
    assert label_bins(np.array([[20, 30], [31, 31], [0, 3]]), 5).tolist() == [5, 6, 0]
    assert label_bins(np.array([[0.1, 0.9, 0], [np.nan] * 3, [1, 0, 0]])).tolist() == [1, -1, 0]
    assert label_bins(np.array([-7.0, -1.0, 4.0]), 5).min() >= 0
    assert len(set(label_bins(np.linspace(0, 1, 1000)))) in (20, 21)


def test_weights_make_bins_equal_or_go_by_the_square_root() -> None:
    equal, soft = label_weights(RARE, "classes"), label_weights(RARE, "sqrt")
    sums = [equal[k == RARE].sum() for k in range(3)]
    assert sums == pytest.approx([sums[0]] * 3)
    assert soft[95] / soft[0] == pytest.approx(np.sqrt(10))
    for weight in (equal, soft):
        assert weight.mean() == pytest.approx(1)
    assert label_weights(np.full(5, 3.0)).tolist() == pytest.approx([1] * 5)
    missing = label_weights(np.array([1, 1, 1, np.nan]), "classes")
    assert missing.tolist() == pytest.approx([2 / 3] * 3 + [2])
    with pytest.raises(InputError, match="'how' must be 'classes' or 'sqrt'"):
        label_weights(RARE, "equal")  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [99, 100, 300, 7])
def test_every_bin_is_drawn_as_often(count: int) -> None:
    sampler = BalancedSampler(RARE, count)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == count
    often = Counter(RARE[drawn])
    assert max(often.values()) - min(often.values()) <= 1
    assert set(often) == {0, 1, 2}
    common = [row for row in drawn if RARE[row] == 0]
    assert len(set(common)) == min(len(common), 90)


def test_rows_without_a_label_are_left_out_and_a_set_without_any_is_an_error() -> None:
    assert set(BalancedSampler(np.array([0, np.nan, 1, np.nan]), 20)) == {0, 2}
    with pytest.raises(InputError, match=r"at least one label\. Got 2 rows"):
        BalancedSampler(np.full(2, np.nan))


def samplers(seed: int | None) -> list[Any]:
    values = np.random.default_rng(0).uniform(1, 5, 100)
    group = np.arange(100) % 3
    return [BalancedSampler(values, seed=seed), PairSampler(values, group, 8, 0.5, seed)]


def test_draws_follow_seed_and_epoch_alone() -> None:
    for first, again, other in zip(samplers(0), samplers(0), samplers(1), strict=True):
        epoch = list(first)
        torch.manual_seed(1)
        assert list(again) == epoch
        assert list(other) != epoch
        again.set_epoch(1)
        assert list(again) != epoch
        again.set_epoch(0)
        assert list(again) == epoch


def test_without_a_seed_draws_follow_torchs_state_as_a_checkpoint_restores_it() -> None:
    for sampler in samplers(None):
        torch.manual_seed(0)
        list(sampler)
        state = torch.get_rng_state()
        second = list(sampler)
        third = list(sampler)
        assert second != third
        torch.set_rng_state(state)
        assert [list(sampler), list(sampler)] == [second, third]


@pytest.mark.parametrize("gap", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("batch_size", [2, 8, 64])
def test_pairs_are_of_one_group_with_the_gap_and_the_better_one_first(gap: float, batch_size: int) -> None:
    rng = np.random.default_rng(3)
    values, group = rng.uniform(1, 5, 120).round(1), rng.integers(0, 4, 120).astype(float)
    values[:5], group[5:10] = np.nan, np.nan
    sampler = PairSampler(values, group, batch_size, gap)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    seen = set()
    for batch in batches:
        assert 2 <= len(batch) <= batch_size
        assert len(set(group[batch])) == 1
        better, worse = values[batch[::2]], values[batch[1::2]]
        assert (better > worse).all()
        assert ((better - worse).round(6) >= gap).all()  # labels have one decimal, floats have not
        seen |= set(batch)
    far = np.abs(values - values[:, None]).round(6) >= max(gap, 0.1)
    assert seen == set(np.flatnonzero((far & (group == group[:, None])).any(1)))


def test_a_label_exactly_the_gap_away_is_a_partner_and_a_nearer_one_is_none() -> None:
    assert list(PairSampler(np.array([1.0, 2.0]), np.zeros(2), 2, 1.0)) == [[1, 0]] * 2
    with pytest.raises(InputError, match=r"two rows of one group whose labels differ by 1\.5"):
        PairSampler(np.array([1.0, 2.0]), np.zeros(2), 2, 1.5)
    with pytest.raises(InputError, match="two rows of one group"):
        PairSampler(np.array([1.0, 2.0]), np.arange(2), 2)


def test_partners_are_drawn_evenly() -> None:
    values = np.array([0.0, 1, 2, 3, 10])
    sampler = PairSampler(values, np.zeros(5), 2, gap=2.0, seed=0)
    partners: Counter[int] = Counter()
    for epoch in range(400):
        sampler.set_epoch(epoch)
        partners.update(pair[0] for pair in sampler if pair[1] == 0 and len(pair) == 2)
    # Row 0 is drawn with one of rows 2, 3, 4, and by each of them: 2 from {0, 4}, 3 from {0, 1, 4}, 4 from all four.
    expected = {2: 400 * (1 / 3 + 1 / 2), 3: 400 * (1 / 3 + 1 / 3), 4: 400 * (1 / 3 + 1 / 4)}
    assert set(partners) == {2, 3, 4}
    for row, often in expected.items():
        assert partners[row] == pytest.approx(often, abs=5 * np.sqrt(400 / 4 * 2))


@pytest.mark.parametrize(("batch_size", "gap"), [(3, 0.0), (0, 0.0), (4, -1.0)])
def test_sizes_that_make_no_pairs_are_refused(batch_size: int, gap: float) -> None:
    with pytest.raises(InputError):
        PairSampler(np.arange(4.0), np.zeros(4), batch_size, gap)


def test_weights_decide_how_often_and_the_epoch_which() -> None:
    sampler = WeightedSampler(np.array([1.0, 0.0, 3.0]), 4000, seed=1)
    first = list(sampler)
    assert list(sampler) == first
    counts = np.bincount(first, minlength=3)
    assert counts[1] == 0
    assert counts[2] / counts[0] == pytest.approx(3, rel=0.15)
    sampler.set_epoch(1)
    assert list(sampler) != first
    again = Shared(WeightedSampler(np.array([1.0, 0.0, 3.0]), 4000, seed=1))
    again.set_epoch(1)
    assert list(again) == list(sampler)


def test_processes_share_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(WeightedSampler(np.ones(9), 9, seed=0))
    drawn: list[list[int]] = []
    seen: list[list[int]] = []
    for rank in range(2):
        monkeypatch.setattr(samplers_module, "processes", lambda rank=rank: (rank, 2))
        drawn.append(list(Shared(WeightedSampler(np.ones(9), 9, seed=0))))
        shown = Shared(SequentialSampler(range(9)), whole=False)
        seen.append(list(shown))
        assert len(shown) == len(seen[-1])
    assert drawn == [whole[0:8:2], whole[1:9:2]]
    assert sorted(seen[0] + seen[1]) == list(range(9))
