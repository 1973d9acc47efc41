"""Agreement of raters: shares that a loop counts, a ceiling for a perfect score, shares that are calibrated."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.estimates import sigmoid
from mien.studies.ranking.rater_agreement import MODEL, ONE, OTHERS, _right, agreement, calibration


def panel(noise: float, faces: int = 120, raters: int = 25) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True means (N,), whole-number ratings (N, R) of raters of whom each saw a third, strict and mild; two groups."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=faces)
    ratings = truth[:, None] + noise * rng.normal(size=(faces, raters)) + rng.normal(size=raters)
    ratings = np.where(rng.random((faces, raters)) < 0.35, np.round(2 * ratings), np.nan)
    return truth, ratings, np.where(np.arange(faces) % 2, "a", "b")


def test_right_pairs_are_those_of_a_loop() -> None:
    own, other = np.array([1.0, 3.0, 2.0, 2.0, 5.0]), np.array([1.0, 2.0, 2.0, 9.0, np.nan])
    group = np.array(["x", "x", "x", "y", "x"])
    right = pairs = 0.0
    for i in range(5):
        for j in range(i):
            if own[i] == own[j] or group[i] != group[j] or np.isnan(other[i] + other[j]):
                continue
            pairs += 1
            same = (own[i] - own[j]) * (other[i] - other[j])
            right += 1.0 if same > 0 else 0.5 if same == 0 else 0.0
    assert _right(own, other, group).tolist() == [right, pairs]


def test_the_true_mean_is_foretold_best_and_others_lie_between() -> None:
    truth, ratings, group = panel(0.8)
    found = agreement(truth, ratings, group, 100).shares
    assert found[ONE].value < found[OTHERS].value < found[MODEL].value + 0.01
    assert found[OTHERS].low < found[OTHERS].value < found[OTHERS].high
    nothing = agreement(np.zeros(len(truth)), ratings, group, 10).shares[MODEL]
    assert nothing.value == 0.5


def test_raters_who_agree_reach_one() -> None:
    truth, ratings, group = panel(0.0)
    found = agreement(truth, ratings, group, 10)
    assert found.shares[MODEL].value == 1.0
    assert found.shares[OTHERS].value > 0.97
    assert found.pairs > 1000


def test_shares_that_are_foretold_rightly_are_seen() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=400)
    # differences of Gumbel noise are logistic: P(A over B) = sigmoid(a - b)
    ratings = truth[:, None] + rng.gumbel(size=(400, 6))
    group = np.full(400, "one")
    bins = calibration(lambda a, b: sigmoid(a - b), truth, ratings, group, np.array([0.5, 0.6, 0.7, 0.8, 1.0]))
    assert sum(count for count, _, _ in bins) == 6 * 400 * 399 / 2
    for _, foretold, seen in bins:
        assert seen == pytest.approx(foretold, abs=0.02)
