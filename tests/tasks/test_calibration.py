"""Calibration: intervals cover what they say, slopes are those of a logistic regression, percentiles are ranks."""

import math

import numpy as np
import pytest

pytest.importorskip("torch", reason="calibration belongs to mien[train]")
pytest.importorskip("sklearn.linear_model")

from sklearn import linear_model

from mien.errors import InputError
from mien.estimates import (
    AGE_CENTER,
    AGE_UNIT,
    action_units_estimate,
    age_estimate,
    age_value,
    attractiveness_estimate,
    sigmoid,
)
from mien.facs import CODES
from mien.tasks import calibrate
from mien.tasks.calibration import (
    BAND_EDGES,
    COVERAGE,
    DETAIL_BINS,
    MIN_BAND,
    action_units_decoding,
    age_decoding,
    attractiveness_decoding,
    comparison_decoding,
    conformal_quantile,
    detail_decoding,
    fit_platt,
    fit_temperature,
    platt_columns,
)


def ages(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (N, 2) whose errors grow with age, heavier tailed than they say, and labels (N, 2)."""
    rng = np.random.default_rng(seed)
    value = rng.uniform(1, 80, count)
    said = 1 + value / 20
    truth = value + rng.standard_t(4, count) * said * (1 + (value > 45))
    output = np.stack([(value - AGE_CENTER) / AGE_UNIT, np.log(said)], 1).astype(np.float32)
    return output, np.repeat(truth[:, None], 2, 1).astype(np.float32)


def covered(decoding: dict, output: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which truths lie inside their interval, and the band of each prediction."""
    age = age_estimate(output, decoding)
    low = np.where(age.low == 0, -np.inf, age.low)  # no one is younger than 0, the simulation may be
    inside = (low <= target[:, 0]) & (target[:, 0] <= age.high)
    return inside, np.searchsorted(BAND_EDGES, age.value, side="right")


@pytest.mark.parametrize("seed", range(3))
def test_each_band_of_age_is_covered_nine_times_in_ten(seed: int) -> None:
    decoding = age_decoding(*ages(6000, seed))
    inside, band = covered(decoding, *ages(40000, 100 + seed))
    assert decoding["coverage"] == COVERAGE == 0.9
    for k in range(len(BAND_EDGES) + 1):
        # calibration and test faces both sample: four standard errors of each
        error = math.sqrt(0.09 / (6000 * 15 / 80)) + math.sqrt(0.09 / (band == k).sum())
        assert inside[band == k].mean() == pytest.approx(0.9, abs=4 * error)


def test_on_average_over_small_calibration_sets_coverage_is_not_below_what_is_said() -> None:
    test = ages(4000, 999)
    shares = [covered(age_decoding(*ages(300, seed)), *test)[0].mean() for seed in range(60)]
    assert np.mean(shares) > 0.9 - 0.005
    assert np.mean(shares) < 0.93


def test_each_set_is_covered_even_where_one_is_harder_than_the_others() -> None:
    (easy, truth), (hard, other) = ages(6000, 0), ages(6000, 1)
    hard[:, 1] -= math.log(1.6)  # errors are 1.6 times what is said
    source = np.repeat([0, 1], 6000)
    decoding = age_decoding(np.concatenate([easy, hard]), np.concatenate([truth, other]), source=source)
    assert decoding == age_decoding(hard, other)
    for shift in (0, math.log(1.6)):
        output, target = ages(20000, 7)
        output[:, 1] -= shift
        assert covered(decoding, output, target)[0].mean() > 0.89


def blurry(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outputs, labels and detail (N,) of faces whose errors are up to 3 times what is said where detail is small."""
    output, target = ages(count, seed)
    detail = np.random.default_rng(seed + 50).uniform(0, 1, count)
    value = age_value(output)[0]
    target = value[:, None] + (target - value[:, None]) * (3 - 2 * np.minimum(2 * detail, 1))[:, None]
    return output, target.astype(np.float32), detail


def test_faces_with_little_detail_are_covered_too_by_wider_intervals() -> None:
    output, target, detail = blurry(12000, 0)
    decoding = age_decoding(*ages(6000, 3))
    decoding |= detail_decoding(output, detail, target, np.zeros(len(detail)), decoding)
    factors = decoding["detail_factors"]
    assert len(factors) == DETAIL_BINS
    assert factors == sorted(factors, reverse=True)
    assert factors[0] > 2
    assert factors[-1] == pytest.approx(1, abs=0.1)
    output, target, detail = blurry(30000, 1)
    age = age_estimate(output, decoding, detail)
    inside = (np.where(age.low == 0, -np.inf, age.low) <= target[:, 0]) & (target[:, 0] <= age.high)
    for k in range(DETAIL_BINS):
        group = np.searchsorted(decoding["detail_edges"], detail, side="right") == k
        assert inside[group].mean() == pytest.approx(0.9, abs=0.025)
    plain = age_estimate(output, decoding)
    assert (age.high - age.low >= plain.high - plain.low - 1e-3).all()


def test_a_band_with_few_faces_takes_the_quantile_of_everyone() -> None:
    output, target = ages(2000, 0)
    value, scale = age_value(output)
    keep = (value < 60) | (np.cumsum(value >= 60) < MIN_BAND)
    decoding = age_decoding(output[keep], target[keep])
    everyone = conformal_quantile((np.abs(value - target[:, 0]) / scale)[keep], 0.9)
    assert decoding["band_quantiles"][-1] == everyone
    assert all(quantile != everyone for quantile in decoding["band_quantiles"][:-1])


def test_only_exact_ages_calibrate() -> None:
    output, target = ages(500, 1)
    groups, unknown = np.array([[0, 100]] * 500, np.float32), np.full((500, 2), np.nan, np.float32)
    mixed = age_decoding(np.tile(output, (3, 1)), np.concatenate([target, groups, unknown]))
    assert mixed == age_decoding(output, target)


@pytest.mark.parametrize("count", [1, 9, 10, 57, 200])
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_conformal_quantile_is_the_smallest_that_covers_enough(count: int, coverage: float) -> None:
    scores = np.random.default_rng(count).exponential(size=count)
    needed = min(math.ceil((count + 1) * coverage), count)
    enough = [s for s in sorted(scores) if sum(other <= s for other in scores) >= needed]
    assert conformal_quantile(scores, coverage) == enough[0]


def simulated_unit(count: int, slope: float, bias: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, count)
    return logits, rng.uniform(size=count) < sigmoid(slope * logits + bias)


@pytest.mark.parametrize(("slope", "bias"), [(1.0, 0.0), (0.4, -2.0), (2.5, 1.0)])
def test_platt_is_the_logistic_regression_of_smoothed_labels(slope: float, bias: float) -> None:
    logits, positive = simulated_unit(3000, slope, bias, 0)
    n = int(positive.sum())
    share = np.where(positive, (n + 1) / (n + 2), 1 / (len(positive) - n + 2))
    both, truth = np.concatenate([logits, logits])[:, None], np.repeat([1, 0], 3000)
    oracle = linear_model.LogisticRegression(C=1e8, tol=1e-10).fit(both, truth, np.concatenate([share, 1 - share]))
    found = fit_platt(logits, positive)
    assert found == pytest.approx((oracle.coef_[0, 0], oracle.intercept_[0]), rel=1e-3, abs=1e-3)
    plain = linear_model.LogisticRegression(C=1e8).fit(logits[:, None], positive)
    assert found == pytest.approx((plain.coef_[0, 0], plain.intercept_[0]), rel=0.02, abs=0.02)


def test_platt_makes_probabilities_true() -> None:
    logits, positive = simulated_unit(20000, 0.3, 1.0, 1)
    slope, bias = fit_platt(logits, positive)
    probability = sigmoid(slope * logits + bias)
    for low in np.arange(0.3, 0.9, 0.1):
        inside = (probability >= low) & (probability < low + 0.1)
        assert positive[inside].mean() == pytest.approx(probability[inside].mean(), abs=4 * 0.5 / inside.sum() ** 0.5)


@pytest.mark.parametrize("scale", [0.1, 1.0, 1e3])
def test_platt_of_a_separable_unit_is_finite(scale: float) -> None:
    logits = np.concatenate([np.linspace(-2, -1, 50), np.linspace(1, 2, 50)]) * scale
    slope, bias = fit_platt(logits, logits > 0)
    assert 0 < slope < np.inf
    assert np.isfinite(bias)
    probability = sigmoid(slope * logits + bias)
    assert probability[logits > 0].min() > 0.9 > 0.1 > probability[logits < 0].max()


def test_platt_never_turns_a_unit_round_and_leaves_a_constant_one_alone() -> None:
    logits, positive = simulated_unit(500, -1.0, 0.0, 2)
    assert fit_platt(logits, positive)[0] > 0
    assert fit_platt(logits, np.ones(500, bool)) == fit_platt(logits, np.zeros(500, bool)) == (1.0, 0.0)
    assert fit_platt(logits[:0], positive[:0]) == (1.0, 0.0)


def test_units_are_fitted_apart_on_the_faces_that_have_a_label_and_rise_with_the_logit() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 2, (400, len(CODES))).astype(np.float32)
    target = (rng.uniform(size=logits.shape) < sigmoid(logits - 1)).astype(np.float32)
    target[:, 0] = np.nan
    target[:200, 1] = np.nan
    decoding = action_units_decoding(logits, target)
    assert decoding["codes"] == list(CODES)
    assert (decoding["slope"][0], decoding["bias"][0]) == (1.0, 0.0)
    assert (decoding["slope"][1], decoding["bias"][1]) == fit_platt(logits[200:, 1], target[200:, 1] >= 0.5)
    rising = np.repeat(np.linspace(-30, 30, 200)[:, None], len(CODES), 1)
    units = action_units_estimate(rising, decoding)
    assert (np.diff(units.probability, axis=0) >= 0).all()
    assert (np.diff(units.intensity, axis=0) >= 0).all()


def test_percentiles_of_the_pool_are_its_ranks() -> None:
    score = np.random.default_rng(4).gamma(2, 3, 1001).astype(np.float32)
    decoding = attractiveness_decoding(score, "P")
    found = attractiveness_estimate(score[:, None], decoding)
    assert found.pool == "P"
    assert found.score.mean() == pytest.approx(0, abs=1e-5)
    assert found.score.std() == pytest.approx(1, abs=1e-5)
    rank = score.argsort().argsort() / 10
    assert found.percentile == pytest.approx(rank, abs=1.0)
    assert (np.diff(decoding["quantiles"]) >= 0).all()
    beyond = attractiveness_estimate(np.array([[-99.0], [99.0]]), decoding).percentile
    assert beyond.tolist() == [0, 100]


def test_calibrate_picks_by_task_and_the_pool_is_the_first_set() -> None:
    output, target = ages(200, 5)
    assert calibrate("age", {"age": output}, {"age": target}) == age_decoding(output, target)
    score, which = np.arange(10.0)[:, None], np.repeat([0, 1], 5)
    found = calibrate("attractiveness", {"score": score}, {"set": which}, "P")
    assert (found["mean"], found["pool"]) == (2.0, "P")
    assert calibrate("landmarks", {}, {}) == {}
    logits = np.zeros((4, len(CODES)))
    assert calibrate("expression", {"action_units": logits}, {"action_units": logits})["codes"] == list(CODES)


def test_an_age_head_of_another_kind_is_decoded_as_such() -> None:
    rng = np.random.default_rng(6)
    logits, truth = rng.normal(size=(300, 101)).astype(np.float32), rng.uniform(10, 80, 300)
    target = np.repeat(truth[:, None], 2, 1)
    found = calibrate("age", {"age": logits}, {"age": target}, known={"head": "dex"})
    assert found["head"] == "dex"
    value, scale = age_value(logits, "dex")
    everyone = conformal_quantile(np.abs(value - truth) / scale, COVERAGE)
    inside = np.abs(value - truth) <= everyone * scale
    assert inside.mean() >= COVERAGE
    age = age_estimate(logits, found)
    assert ((age.low <= truth) & (truth <= age.high)).mean() >= COVERAGE - 0.01


def test_an_interval_needs_an_exact_age() -> None:
    output, _ = ages(20, 0)
    with pytest.raises(InputError, match="must hold exact ages"):
        age_decoding(output, np.tile([20.0, 30.0], (20, 1)))


@pytest.mark.parametrize("true", [0.3, 1.0, 4.0])
def test_temperature_is_found_again_and_is_the_best(true: float) -> None:
    rng = np.random.default_rng(7)
    z = rng.normal(0, 2, (20000, 4))
    drawn = (z + rng.gumbel(size=z.shape)).argmax(1).astype(float)
    found = fit_temperature(z * true, drawn)
    assert found == pytest.approx(true, rel=0.05)

    def likelihood(temperature: float) -> float:
        scaled = z * true / temperature
        scaled -= scaled.max(1, keepdims=True)
        return float((scaled[np.arange(len(z)), drawn.astype(int)] - np.log(np.exp(scaled).sum(1))).mean())

    assert likelihood(found) >= max(likelihood(found * 0.99), likelihood(found * 1.01))


def test_temperature_counts_known_labels_only_and_stays_finite() -> None:
    rng = np.random.default_rng(8)
    z, target = rng.normal(size=(200, 3)), rng.integers(0, 3, 200).astype(float)
    gaps = np.where(np.arange(400) < 200, np.tile(target, 2), np.nan)
    assert fit_temperature(np.tile(z, (2, 1)), gaps) == pytest.approx(fit_temperature(z, target))
    assert fit_temperature(z, np.full(200, np.nan)) == 1.0
    right, wrong = z.argmax(1).astype(float), z.argmin(1).astype(float)
    assert fit_temperature(z, right) == pytest.approx(1 / 20)
    assert fit_temperature(z, wrong) == pytest.approx(20)


def test_several_tasks_are_calibrated_apart_with_what_is_known_before() -> None:
    rng = np.random.default_rng(9)
    output, target = ages(200, 5)
    logits, worn = rng.normal(size=(200, 2)), rng.integers(0, 2, (200, 2)).astype(float)
    hat, kind = rng.normal(size=(200, 3)), rng.integers(0, 3, (200, 1)).astype(float)
    known = {"classification:hat": {"classes": ["a", "b", "c"], "temperature": 1.0}, "regression:cm": {"unit": 3.0}}
    names = ("age", "classification:hat", "multilabel:worn", "regression:cm")
    outputs = dict(zip(names, (output, hat, logits, hat[:, :1]), strict=True))
    labels = dict(zip(names, (target, kind, worn, kind), strict=True))
    found = calibrate("+".join(names), outputs, labels, known=known)
    assert found["age"] == age_decoding(output, target)
    assert found["classification:hat"] == {
        "classes": ["a", "b", "c"], "temperature": fit_temperature(hat, kind[:, 0])
    }  # fmt: skip
    assert found["multilabel:worn"] == platt_columns(logits, worn)
    assert found["regression:cm"] == {"unit": 3.0}


def test_the_pool_is_the_first_source_with_ratings() -> None:
    score, which = np.arange(10.0)[:, None], np.repeat([0, 1], 5)
    rating = np.where(which == 0, np.nan, 3.0)[:, None]
    assert calibrate("attractiveness", {"score": score}, {"set": which, "rating": rating}, "P")["mean"] == 7.0


def test_a_constant_scorer_is_not_calibrated() -> None:
    with pytest.raises(InputError, match=r"must differ. Got a spread of 0: the network gives every face the same"):
        attractiveness_decoding(np.full(9, 0.5), "pool")


def rated(rng: np.random.Generator, count: int, noise: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Scores of standard deviation 1, ratings that follow them up to noise, two sexes half a unit apart."""
    truth, group = rng.normal(size=count), rng.integers(0, 2, count)
    score = truth + noise * rng.normal(size=count) + 0.5 * group
    labels = {
        "rating": 3 + 2 * truth, "set": np.zeros(count), "comparison_group": group.astype(float),
        "rating_spread": np.full(count, 1.6),
    }  # fmt: skip
    return score, labels


def test_foretold_shares_are_those_of_drawn_raters() -> None:
    rng = np.random.default_rng(10)
    score, labels = rated(rng, 4000, 0.5)
    found = comparison_decoding(score, labels)["preference"]
    i, j = rng.integers(0, 4000, (2, 60_000))
    same = labels["comparison_group"][i] == labels["comparison_group"][j]
    i, j = i[same], j[same]
    opinion = labels["rating"] + 1.6 * rng.normal(size=(2, 4000))
    wins, better = opinion[0, i] > opinion[1, j], labels["rating"][i] > labels["rating"][j]
    d = score[i] - score[j]
    near = np.abs(d - 1) < 0.2
    moderated = found["slope"] / np.sqrt(1 + np.pi / 8 * (found["slope"] * found["error"]) ** 2)
    assert wins[near].mean() == pytest.approx(sigmoid(moderated * d[near]).mean(), abs=0.03)
    expected = [0.5 * (1 + math.erf(x / found["error"] / math.sqrt(2))) for x in d[near]]
    assert better[near].mean() == pytest.approx(np.mean(expected), abs=0.03)


def test_score_interval_covers_as_often_as_it_says() -> None:
    score, labels = rated(np.random.default_rng(11), 3000, 0.4)
    decoding = comparison_decoding(score, labels)
    z = (labels["rating"] - labels["rating"].mean()) / labels["rating"].std()
    away = np.abs((score - score.mean()) / score.std() - z)
    assert (away <= decoding["half_width"]).mean() == pytest.approx(decoding["coverage"], abs=0.005)


def test_the_worst_set_sets_the_error() -> None:
    rng = np.random.default_rng(12)
    parts = [rated(rng, 800, noise) for noise in (0.2, 1.0)]
    score = np.concatenate([one for one, _ in parts])
    labels = {name: np.concatenate([one[name] for _, one in parts]) for name in parts[0][1]}
    labels["set"] = np.repeat([0.0, 1.0], 800)
    labels["comparison_group"] += 10 * labels["set"]
    both, good = comparison_decoding(score, labels), comparison_decoding(*parts[0])
    assert both["half_width"] > 1.5 * good["half_width"]
    assert both["preference"]["error"] > 1.5 * good["preference"]["error"]


def test_nothing_is_foretold_without_ratings() -> None:
    score, labels = rated(np.random.default_rng(13), 20, 0.4)
    assert comparison_decoding(score, {**labels, "rating": np.full(20, np.nan)}) == {}
    assert comparison_decoding(score, {"set": labels["set"]}) == {}
