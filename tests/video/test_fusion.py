"""Reads of one person as one: right values, honest intervals."""

import numpy as np
import pytest

from mien.errors import InputError
from mien.faces import Age, Attractiveness
from mien.video.fusion import MOST_OWN, fuse_ages, fuse_attractiveness


def ages(values, halves):
    values, halves = np.asarray(values, float), np.asarray(halves, float)
    return Age(values, values - halves, values + halves)


def test_one_read_stays_as_it_is():
    fused = fuse_ages(ages([31.0], [9.0]))
    assert (fused.value[0], fused.low[0], fused.high[0]) == pytest.approx((31.0, 22.0, 40.0))


def test_sure_reads_count_more():
    assert fuse_ages(ages([30.0, 40.0], [5.0, 10.0])).value[0] == pytest.approx((4 * 30 + 40) / 5)


def half(fused):
    return float(fused.high[0] - fused.value[0])


def test_the_same_read_again_is_no_evidence():
    assert half(fuse_ages(ages([30.0] * 20, [9.0] * 20))) == pytest.approx(9.0)


def test_the_interval_shrinks_with_evidence_down_to_what_reads_share():
    halves = [half(fuse_ages(ages([27.0, 33.0] * n, [9.0] * 2 * n))) for n in (1, 500)]
    assert 9.0 > halves[0] > halves[-1]
    own = 9.0 / (9.0 / 1.6449) ** 2  # values differ by 3 years, a normal error's SD is 9 / 1.6449
    assert own < MOST_OWN
    assert halves[-1] == pytest.approx(9 * np.sqrt(1 - own), rel=2e-3)


@pytest.mark.parametrize("n", [2, 5, 10])
@pytest.mark.parametrize("shared", [0.5, 0.8, 0.95, 1.0])
def test_the_interval_covers_whatever_reads_share(n, shared):
    """Errors of reads: one part of the person, one of the read; 90 % intervals by their scale."""
    rng = np.random.default_rng(0)
    scale = rng.uniform(3, 8, (1500, 1)) * rng.uniform(0.85, 1.15, (1500, n))
    person, truth = rng.normal(size=(1500, 1)), 60.0
    error = scale * (np.sqrt(shared) * person + np.sqrt(1 - shared) * rng.normal(size=(1500, n)))
    fused = [fuse_ages(ages(truth + e, 1.645 * s)) for e, s in zip(error, scale, strict=True)]
    covered = np.mean([f.low[0] <= truth <= f.high[0] for f in fused])
    assert covered >= 0.885
    if shared < 0.9 and n > 2:
        assert np.mean([half(f) for f in fused]) < 0.95 * 1.645 * scale.mean()


def test_wrong_reads_are_refused():
    with pytest.raises(InputError, match="at least one"):
        fuse_ages(ages([], []))


def test_scores_are_averaged_and_their_interval_does_not_shrink():
    def read(score):
        score = np.array([score])
        return Attractiveness(
            score, 50 + 10 * score, "pool", score - 1, score + 1, coverage=0.9, embedding=score[:, None]
        )

    fused = fuse_attractiveness([read(0.0), read(1.0)])
    assert fused.score == pytest.approx([0.5])
    assert fused.percentile == pytest.approx([55.0])
    assert (fused.low, fused.high) == (pytest.approx([-0.5]), pytest.approx([1.5]))
    assert fused.percentile_low is None
    assert fused.embedding.shape == (1, 1)
    assert (fused.pool, fused.coverage) == ("pool", 0.9)
