"""Measures against scipy, scikit-learn and plain loops; what is undefined is NaN."""

import math

import numpy as np
import pytest

pytest.importorskip("scipy.stats")
pytest.importorskip("sklearn.metrics")

from scipy import stats
from sklearn import metrics as sklearn_metrics

from mien.errors import InputError
from mien.metrics import (
    as_flags,
    average_ranks,
    bootstrap_interval,
    confusion_matrix,
    cumulative_score,
    expected_calibration_error,
    interval_error,
    landmark_error,
    macro_f1,
    mean_absolute_error,
    pearson,
    reliability,
    roc_auc,
    roc_curve,
    spearman,
)

NOTHING = np.zeros(0, np.float32)


def pair(seed: int, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    preds = rng.normal(size=40)
    target = preds + rng.normal(size=40)
    return (preds.round(), target.round()) if ties else (preds, target)


@pytest.mark.parametrize("seed", range(5))
def test_age_errors_against_loops(seed: int) -> None:
    preds, target = (30 + 8 * part for part in pair(seed))
    errors = [abs(p - t) for p, t in zip(preds, target, strict=True)]
    assert mean_absolute_error(preds, target) == pytest.approx(sum(errors) / 40)
    for years in (0.0, 3.0, 5.0):
        assert cumulative_score(preds, target, years) == sum(e <= years for e in errors) / 40


def test_an_error_of_exactly_five_years_counts() -> None:
    assert cumulative_score(np.array([30.0, 36.0]), np.array([25.0, 30.0])) == 0.5


def test_interval_error_is_the_distance_to_the_nearer_end() -> None:
    preds = np.array([25.0, 30.0, 35.0, 40.0, 47.0, 35.0])
    target = np.array([[30.0, 40.0]] * 5 + [[np.nan, np.nan]])
    assert interval_error(preds, target).tolist()[:5] == [5, 0, 0, 0, 7]
    assert np.isnan(interval_error(preds, target)[5])


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_correlations_are_scipys(seed: int, ties: bool) -> None:
    preds, target = pair(seed, ties)
    assert pearson(preds, target) == pytest.approx(stats.pearsonr(preds, target).statistic)
    assert spearman(preds, target) == pytest.approx(stats.spearmanr(preds, target).statistic)
    assert average_ranks(preds) == pytest.approx(stats.rankdata(preds))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_auc_is_scikit_learns_and_the_share_of_pairs(seed: int, ties: bool) -> None:
    score, other = pair(seed, ties)
    positive = other > 0.3
    assert roc_auc(score, positive) == pytest.approx(sklearn_metrics.roc_auc_score(positive, score))
    won = [float(p > n) + 0.5 * float(p == n) for p in score[positive] for n in score[~positive]]
    assert roc_auc(score, positive) == pytest.approx(sum(won) / len(won))


def test_auc_of_float32_scores_and_of_all_ties() -> None:
    score = np.linspace(0, 1, 1000, dtype=np.float32)
    assert roc_auc(score, score > 0.5) == 1.0
    assert roc_auc(np.zeros(4, np.float32), np.array([True, False, True, False])) == 0.5


@pytest.mark.parametrize("seed", range(5))
def test_macro_f1_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    preds, target = rng.integers(0, 3, (2, 60))
    assert macro_f1(preds, target, 3) == pytest.approx(sklearn_metrics.f1_score(target, preds, average="macro"))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_macro_f1_says_over_which_classes() -> None:
    target, preds = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    for over, labels in (("seen", None), ("labeled", [0, 1])):
        expected = sklearn_metrics.f1_score(target, preds, average="macro", labels=labels)
        assert macro_f1(preds, target, 4, over) == pytest.approx(expected)
    assert macro_f1(preds, target, 4) == macro_f1(preds, target, 4, "seen") < macro_f1(preds, target, 4, "labeled")
    assert math.isnan(macro_f1(preds, target, 4, "all"))
    assert macro_f1(preds, target, 3, "all") == macro_f1(preds, target, 3)
    assert macro_f1(np.array([1, 1]), np.array([0, 0]), 3, "labeled") == 0
    with pytest.raises(InputError, match=r"'over' must be 'seen', 'labeled' or 'all'\. Got 'known'"):
        macro_f1(preds, target, 3, "known")
    with pytest.raises(InputError, match=r"'preds' must be classes of 0 to 1\. Got 0 to 2"):
        macro_f1(preds, target, 2)


@pytest.mark.parametrize("seed", range(3))
def test_confusion_matrix_is_scikit_learns_with_rows_of_the_truth(seed: int) -> None:
    target, preds = np.random.default_rng(seed).integers(0, 4, (2, 50))
    expected = sklearn_metrics.confusion_matrix(target, preds, labels=range(5))
    assert confusion_matrix(preds, target, 5).tolist() == expected.tolist()


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_roc_curve_is_scikit_learns_and_its_area_the_auc(seed: int, ties: bool) -> None:
    score, other = pair(seed, ties)
    positive = other > 0.3
    alarms, hits = roc_curve(score, positive)
    expected = sklearn_metrics.roc_curve(positive, score, drop_intermediate=False)
    assert alarms == pytest.approx(expected[0])
    assert hits == pytest.approx(expected[1])
    assert np.trapezoid(hits, alarms) == pytest.approx(roc_auc(score, positive))


def test_reliability_and_ece_against_loops() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.31, 1, 300)
    probability[0] = 1.0
    happened = rng.uniform(size=300) < probability**2
    said, share, counts = reliability(probability, happened, bins=10)
    error = 0.0
    for k in range(10):
        inside = [i for i, p in enumerate(probability) if min(int(p * 10), 9) == k]
        assert counts[k] == len(inside)
        assert math.isnan(said[k]) == (not inside)
        if inside:
            assert said[k] == pytest.approx(sum(probability[inside]) / len(inside))
            assert share[k] == pytest.approx(sum(happened[inside]) / len(inside))
            error += len(inside) / 300 * abs(share[k] - said[k])
    assert expected_calibration_error(probability, happened, bins=10) == pytest.approx(error)


def test_ece_of_true_probabilities_is_small_and_of_boasting_ones_is_the_gap() -> None:
    rng = np.random.default_rng(1)
    probability = rng.uniform(0.5, 1, 20000)
    assert expected_calibration_error(probability, rng.uniform(size=20000) < probability) < 0.02
    assert expected_calibration_error(np.full(1000, 0.99), np.arange(1000) < 700) == pytest.approx(0.29)


def test_landmark_error_against_a_loop() -> None:
    rng = np.random.default_rng(0)
    target = rng.uniform(0, 100, (4, 68, 2))
    preds = target + rng.normal(size=target.shape)
    for i, error in enumerate(landmark_error(preds, target)):
        eyes = math.dist(target[i, 36], target[i, 45])
        assert error == pytest.approx(
            sum(math.dist(p, t) for p, t in zip(preds[i], target[i], strict=True)) / 68 / eyes
        )


def test_landmark_error_has_no_unit() -> None:
    rng = np.random.default_rng(1)
    target, preds = rng.uniform(0, 100, (2, 3, 68, 2))
    assert landmark_error(3 * preds + 7, 3 * target + 7) == pytest.approx(landmark_error(preds, target))


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_bootstrap_interval_is_scipys(statistic: str) -> None:
    values = np.random.default_rng(0).gamma(2, 3, 200)
    everyone = np.arange(len(values))

    def measure(index: np.ndarray) -> float:
        return float(getattr(np, statistic)(values[index]))

    low, high = bootstrap_interval(measure, everyone, rounds=4000)
    other = stats.bootstrap(
        (values,), getattr(np, statistic), n_resamples=4000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert (low, high) == pytest.approx((other.low, other.high), abs=0.1 * (high - low))
    assert bootstrap_interval(measure, everyone) == bootstrap_interval(measure, everyone)


def test_bootstrap_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(300):
        values = rng.normal(5, 2, 60)
        low, high = bootstrap_interval(lambda i, v=values: float(v[i].mean()), np.arange(60), rounds=200)
        inside += low <= 5 <= high
    assert 0.9 <= inside / 300 <= 0.98


def test_undefined_is_nan_and_warns_of_nothing() -> None:
    flat, two = np.ones(4), np.array([True, False])
    undefined = [
        mean_absolute_error(NOTHING, NOTHING), cumulative_score(NOTHING, NOTHING), pearson(NOTHING, NOTHING),
        pearson(np.ones(1), np.ones(1)), pearson(flat, np.arange(4.0)), pearson(np.arange(4.0), flat),
        spearman(NOTHING, NOTHING), spearman(flat, np.arange(4.0)), roc_auc(NOTHING, two[:0]),
        roc_auc(np.arange(2.0), two | True), roc_auc(np.arange(2.0), two & False),
        macro_f1(NOTHING.astype(int), NOTHING.astype(int), 3), expected_calibration_error(NOTHING, two[:0]),
        *bootstrap_interval(lambda i: float("nan"), np.arange(3)), *bootstrap_interval(len, NOTHING.astype(int)),
    ]  # fmt: skip
    assert all(math.isnan(value) for value in undefined)
    assert interval_error(NOTHING, np.zeros((0, 2))).shape == (0,)
    assert landmark_error(np.zeros((0, 68, 2)), np.zeros((0, 68, 2))).shape == (0,)


def test_one_nan_makes_a_measure_nan_or_an_error() -> None:
    gap, other = np.array([1.0, np.nan, 3.0, 2.0]), np.array([1.0, 2.0, 4.0, 5.0])
    positive = np.array([True, False, True, False])
    for measure in (mean_absolute_error, cumulative_score, pearson, spearman):
        assert math.isnan(measure(gap, other)), measure
        assert math.isnan(measure(other, gap)), measure
    assert math.isnan(roc_auc(gap, positive))
    assert np.isnan(average_ranks(gap)).all()
    assert np.isnan(roc_curve(gap, positive)).all()
    assert math.isnan(expected_calibration_error(gap / 10, positive))
    with pytest.raises(InputError, match=r"'probability' must be numbers of 0 to 1\. Got nan"):
        reliability(gap / 10, positive)
    with pytest.raises(InputError, match=r"'probability' must be numbers of 0 to 1\. Got 2\.0"):
        reliability(other, positive)
    points = np.random.default_rng(0).uniform(0, 9, (2, 68, 2))
    points[1, 45] = points[1, 36]
    assert np.isnan(landmark_error(points + 1, points)).tolist() == [False, True]


@pytest.mark.parametrize("kind", [int, np.uint8, float, object])
def test_positives_may_be_0_and_1_of_any_type(kind: type) -> None:
    score, other = pair(0)
    positive = other > 0.3
    numbers = positive.astype(kind)
    assert roc_auc(score, numbers) == roc_auc(score, positive)
    assert all(np.array_equal(a, b) for a, b in zip(roc_curve(score, numbers), roc_curve(score, positive), strict=True))
    p = 1 / (1 + np.exp(-score))
    assert expected_calibration_error(p, numbers) == expected_calibration_error(p, positive)
    with pytest.raises(InputError, match="'positive' must be booleans, or 0 and 1"):
        roc_auc(score, numbers * 2)
    assert as_flags("positive", np.zeros(0)).dtype == bool


def test_curves_of_nothing_are_nan_and_so_are_rates_of_no_face() -> None:
    assert np.isnan(roc_curve(NOTHING, NOTHING)).all()
    alarms, hits = roc_curve(np.array([0.1, 0.9]), np.array([True, True]))
    assert np.isnan(alarms).all()
    assert hits.tolist() == [0, 0.5, 1]
    said, share, counts = reliability(NOTHING, NOTHING)
    assert np.isnan([said, share]).all()
    assert counts.sum() == 0
    assert confusion_matrix(NOTHING.astype(int), NOTHING.astype(int), 2).tolist() == [[0, 0], [0, 0]]
