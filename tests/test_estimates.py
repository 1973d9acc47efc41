"""Decoding gives intervals that cover, probabilities that agree with intensities, roll as seen in the picture."""

import math

import cv2
import numpy as np
import pytest
from scipy import special, stats

from mien.estimates import (
    action_units_estimate,
    age_estimate,
    age_value,
    attractiveness_estimate,
    landmarks_estimate,
    pose_estimate,
    sigmoid,
)
from mien.facs import CODES
from mien.geometry import CropTemplate, apply_affine, face_square
from mien.tasks import decode

BANDS = {"coverage": 0.9, "band_edges": [20.0, 40.0, 60.0], "band_quantiles": [1.0, 2.0, 3.0, 4.0]}


def age_output(years, scale=1.0):
    years = np.asarray(years, np.float64)
    return np.stack([(years - 35) / 20, np.log(np.broadcast_to(scale, years.shape))], 1).astype(np.float32)


def platt(slope=1.0, bias=0.0):
    return {"slope": [slope] * len(CODES), "bias": [bias] * len(CODES)}


def test_sigmoid_is_scipys_and_does_not_overflow():
    x = np.concatenate([np.linspace(-40, 40, 401), [-1e300, -800, 800, 1e300, np.inf, -np.inf]])
    assert sigmoid(x) == pytest.approx(special.expit(x), abs=1e-15)
    assert np.isnan(sigmoid(np.array([np.nan])))


def test_landmarks_return_to_the_picture():
    rng = np.random.default_rng(0)
    matrix = np.stack([cv2.getRotationMatrix2D((30, 40), a, s) for a, s in ((0, 1), (33, 0.2), (-120, 4))])
    output = rng.uniform(-0.5, 0.5, (3, 136)).astype(np.float32)
    points = landmarks_estimate(output, matrix.astype(np.float32), 128)
    assert points.shape == (3, 68, 2)
    crop = (output.reshape(3, 68, 2) + 0.5) * 128
    assert apply_affine(matrix, points) == pytest.approx(crop, abs=0.01)
    middle = landmarks_estimate(np.zeros((3, 136)), matrix.astype(np.float32), 128)
    for m, found in zip(matrix, middle, strict=True):
        assert found[0] == pytest.approx(np.linalg.solve(m[:, :2], [64, 64] - m[:, 2]), abs=0.01)


def test_pose_is_in_degrees_and_keeps_its_order():
    pose = pose_estimate(np.array([[1.0, -0.5, 0.2], [0, 0, 0]]))
    assert pose.yaw.tolist() == [30, 0]
    assert pose.pitch.tolist() == [-15, 0]
    assert pose.roll == pytest.approx([6, 0], abs=1e-4)


@pytest.mark.parametrize("degrees", [-178, -90, -25, 0, 40, 90, 176])
def test_roll_is_turned_back_to_the_picture(degrees):
    """A face rolled counter-clockwise is cut upright: a network that sees no roll must not hide it."""
    rolled = cv2.transform(CropTemplate(200).points[None], cv2.getRotationMatrix2D((100, 100), degrees, 1.0))
    matrix = face_square(np.array([[40.0, 40, 160, 160]]), rolled, 128, 1.3)
    pose = pose_estimate(np.zeros((1, 3)), matrix)
    assert pose.roll == pytest.approx([degrees], abs=0.05)
    assert pose.yaw.tolist() == pose.pitch.tolist() == [0]
    seen = pose_estimate(np.array([[0.5, 0.1, 0.3]]), matrix)
    difference = (seen.roll - (degrees + 9)) / 360
    assert difference == pytest.approx(np.round(difference), abs=1e-3)
    assert -180 <= seen.roll[0] < 180


def test_age_is_linear_within_human_bounds():
    value, scale = age_value(np.array([[-1.0, 0.0], [0.0, 1.0], [1.0, -1.0], [99.0, 0.0], [-99.0, 0.0]]))
    assert value.tolist() == [15, 35, 55, 110, 0]
    assert scale == pytest.approx([1, math.e, 1 / math.e, 1, 1])
    extreme = age_value(np.array([[0.0, -1e9], [0.0, 1e9]]))[1]
    assert np.isfinite(extreme).all()
    assert (extreme > 0).all()


def test_each_band_of_age_has_its_quantile():
    years = [5, 19.9, 20, 39.9, 40, 59.9, 60, 100]
    age = age_estimate(age_output(years, 2.0), BANDS)
    assert (age.high - age.value) / 2 == pytest.approx([1, 1, 2, 2, 3, 3, 4, 4], abs=1e-4)
    assert (age.value - age.low) / 2 == pytest.approx([1, 1, 2, 2, 3, 3, 4, 4], abs=1e-4)
    assert age.coverage == 0.9


def test_an_interval_holds_the_value_and_nothing_below_birth():
    rng = np.random.default_rng(1)
    age = age_estimate(rng.normal(0, 3, (500, 2)).astype(np.float32), BANDS)
    assert ((age.low >= 0) & (age.low <= age.value) & (age.value <= age.high)).all()
    assert (age.low == 0).any()
    wider = age_estimate(age_output([30, 30], [1.0, 3.0]), BANDS)
    assert wider.high[1] - wider.low[1] == pytest.approx(3 * (wider.high[0] - wider.low[0]), rel=1e-5)


def test_little_detail_widens_an_interval():
    decoding = BANDS | {"detail_edges": [0.2, 0.5], "detail_factors": [2.0, 1.5, 1.0]}
    output = age_output([30, 30, 30], [1.0, 1.0, 1.0])
    age = age_estimate(output, decoding, np.array([0.1, 0.2, 0.9]))
    assert age.high - age.value == pytest.approx([4.0, 3.0, 2.0], rel=1e-4)
    plain = age_estimate(output, decoding)
    assert plain.high - plain.value == pytest.approx(2.0, rel=1e-4)
    assert decode("age", {"age": output, "detail": np.array([[0.1], [0.2], [0.9]])}, decoding)["age"].high == (
        pytest.approx(age.high)
    )


def test_intervals_cover_new_faces_as_often_as_promised():
    """Quantiles found by counting on one half of simulated faces hold on the other half."""
    rng = np.random.default_rng(2)
    years, scale = rng.uniform(10, 80, 20000), rng.uniform(1, 6, 20000)
    truth = years + rng.laplace(0, scale)
    band = np.digitize(years, BANDS["band_edges"])
    ratio, first = np.abs(truth - years) / scale, np.arange(20000) < 10000
    quantiles = [float(np.quantile(ratio[first & (band == b)], 0.9)) for b in range(4)]
    age = age_estimate(age_output(years, scale), {**BANDS, "band_quantiles": quantiles})
    covered = (age.low <= truth) & (truth <= age.high) | (truth < 0) & (age.low == 0)
    for b in range(4):
        assert covered[~first & (band == b)].mean() == pytest.approx(0.9, abs=0.025)


def test_action_units_follow_platts_formula():
    rng = np.random.default_rng(3)
    logits, slope, bias = rng.normal(0, 3, (4, 2)), [0.5, 2.0], [-1.0, 0.3]
    units = action_units_estimate(logits, {"slope": slope, "bias": bias, "codes": ["AU12", "AU04"]})
    assert units.codes == ("AU12", "AU04")
    for i in range(4):
        for j in range(2):
            odds = math.exp(slope[j] * logits[i, j] + bias[j])
            assert units.probability[i, j] == pytest.approx(odds / (1 + odds), rel=1e-5)
            assert units.intensity[i, j] == pytest.approx(5 * (odds / 4) / (1 + odds / 4), rel=1e-5)


def test_probability_and_intensity_never_contradict():
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 4, (3000, len(CODES)))
    decoding = {"slope": rng.uniform(0.2, 3, len(CODES)), "bias": rng.normal(0, 2, len(CODES))}
    units = action_units_estimate(logits, decoding)
    p, intensity = units.probability, units.intensity
    assert units.codes == CODES
    assert p.min() >= 0
    assert p.max() <= 1
    assert intensity.min() >= 0
    assert intensity.max() <= 5
    for k in range(len(CODES)):
        order = np.argsort(logits[:, k])
        assert (np.diff(p[order, k]) >= 0).all()
        assert (np.diff(intensity[order, k]) >= 0).all()
    clear = np.abs(p - 0.5) > 1e-6
    assert np.array_equal(p[clear] > 0.5, intensity[clear] > 1)


def test_an_even_chance_is_the_first_trace():
    units = action_units_estimate(np.zeros((1, len(CODES))), platt())
    assert units.probability == pytest.approx(0.5)
    assert units.intensity == pytest.approx(1.0)
    shifted = action_units_estimate(np.full((1, len(CODES)), 3.0), platt(slope=0.5, bias=-1.5))
    assert shifted.intensity == pytest.approx(1.0)


def test_percentiles_are_the_share_of_the_pool_below():
    rng = np.random.default_rng(5)
    ratings = rng.gamma(3, 1.0, 4001)
    mean, std = ratings.mean(), ratings.std()
    quantiles = np.quantile((ratings - mean) / std, np.linspace(0, 1, 101)).tolist()
    decoding = {"mean": mean, "std": std, "quantiles": quantiles, "pool": "pool"}
    output = rng.uniform(0.1, 9, (200, 1))
    found = attractiveness_estimate(output, decoding)
    expected = [100 * np.mean(ratings <= value) for value in output[:, 0]]
    assert found.percentile == pytest.approx(np.array(expected), abs=0.8)
    assert found.score == pytest.approx((output[:, 0] - mean) / std, rel=1e-4, abs=1e-5)
    assert found.pool == "pool"


def test_the_interval_of_a_score_and_of_its_percentile():
    quantiles = stats.norm.ppf(np.linspace(0.001, 0.999, 101)).tolist()
    decoding = {"mean": 3.0, "std": 0.5, "quantiles": quantiles, "pool": "pool"}
    assert attractiveness_estimate(np.array([[3.0]]), decoding).low is None
    embedding = np.arange(4.0).reshape(2, 2)
    known = {**decoding, "half_width": 0.8, "coverage": 0.85}
    found = attractiveness_estimate(np.array([[3.0], [3.5]]), known, embedding)
    assert found.low == pytest.approx([-0.8, 0.2])
    assert found.high == pytest.approx([0.8, 1.8])
    assert found.percentile_low == pytest.approx([21.19, 57.93], abs=0.3)
    assert found.percentile_high == pytest.approx([78.81, 96.41], abs=0.3)
    assert found.coverage == 0.85
    assert found.embedding is embedding


def test_percentiles_of_a_normal_pool_and_beyond_its_ends():
    quantiles = stats.norm.ppf(np.linspace(0.001, 0.999, 101)).tolist()
    decoding = {"mean": 3.0, "std": 0.5, "quantiles": quantiles, "pool": "SCUT-FBP5500"}
    found = attractiveness_estimate(np.array([[3.0], [3.5], [2.5], [99.0], [-99.0]]), decoding)
    assert found.score.tolist() == [0, 1, -1, 192, -204]
    assert found.percentile == pytest.approx([50, 84.13, 15.87, 100, 0], abs=0.3)


def test_no_face_gives_empty_columns():
    assert len(age_estimate(np.zeros((0, 2), np.float32), BANDS).value) == 0
    assert action_units_estimate(np.zeros((0, len(CODES))), platt()).probability.shape == (0, len(CODES))
    assert landmarks_estimate(np.zeros((0, 136)), np.zeros((0, 2, 3)), 64).shape == (0, 68, 2)
    assert len(pose_estimate(np.zeros((0, 3)), np.zeros((0, 2, 3))).roll) == 0


def test_classes_are_a_softmax_at_the_temperature_of_the_card():
    logits = np.array([[0.0, 2.0, -1e4], [1e4, 0.0, 0.0]], np.float32)
    found = decode(
        "classification:hat", {"classification:hat": logits}, {"classes": ["a", "b", "c"], "temperature": 2.0}
    )
    assert found["attributes"]["hat"].probability == pytest.approx(special.softmax(logits / 2, axis=1), abs=1e-7)
    assert found["attributes"]["hat"].label.tolist() == ["b", "a"]


def test_a_number_has_the_scale_and_the_range_of_the_card():
    output = {"regression:height": np.array([[-9.0], [0.0], [1.0]], np.float32)}
    decoding = {"center": 1.7, "unit": 0.1, "low": 1.2, "high": None}
    assert decode("regression:height", output, decoding)["attributes"]["height"].value == pytest.approx([1.2, 1.7, 1.8])
    free = decode("regression:height", output, {"center": 1.7, "unit": 0.1})
    assert free["attributes"]["height"].value == pytest.approx([0.8, 1.7, 1.8], abs=1e-6)


def test_flags_are_platt_scaled_each():
    output = {"multilabel:worn": np.array([[0.0, 1.0]], np.float32)}
    decoding = {"columns": ["glasses", "beard"], "slope": [1.0, 2.0], "bias": [1.0, 0.0]}
    found = decode("multilabel:worn", output, decoding)["attributes"]["worn"]
    assert found.probability == pytest.approx(special.expit([[1.0, 2.0]]))


def test_emotion_that_is_read_directly_is_an_attribute_and_can_stand_beside_that_of_units():
    logits = np.array([[2.0, 0.0, -2.0]])
    decoding = {"classes": ["positive", "neutral", "negative"], "temperature": 2.0}
    found = decode("emotion", {"emotion": logits}, decoding)
    assert found.keys() == {"attributes"}
    assert found["attributes"]["emotion"].probability == pytest.approx(special.softmax(logits / 2, 1))
    both = decode("age+emotion", {"age": age_output([30]), "emotion": logits}, {"age": BANDS, "emotion": decoding})
    assert both.keys() == {"age", "attributes"}
    assert both["attributes"]["emotion"].label.tolist() == ["positive"]


def test_several_tasks_have_a_decoding_each():
    outputs = {"age": age_output([30, 50]), "regression:height": np.zeros((2, 1))}
    decoding = {"age": BANDS, "regression:height": {"center": 1.7, "unit": 1}}
    found = decode("age+regression:height", outputs, decoding)
    assert found["age"].high.tolist() == [32, 53]
    assert found["attributes"]["height"].value == pytest.approx([1.7, 1.7])


def test_a_distribution_over_years_is_its_mean_and_spread():
    logits = np.full((2, 101), -50.0)
    logits[0, [20, 40]] = 0
    logits[1, 7] = 0
    value, scale = age_value(logits, "dex")
    assert value == pytest.approx([30, 7], abs=1e-4)
    assert scale == pytest.approx([10, math.exp(-3)], abs=1e-4)


def test_ranks_add_up_to_the_age():
    logits = np.where(np.arange(100)[None] < [[25], [60]], 50.0, -50.0)
    logits[1, 60] = 0
    value, scale = age_value(logits, "coral")
    assert value == pytest.approx([25, 60.5], abs=1e-4)
    assert scale[1] == pytest.approx(0.5, abs=1e-4)
