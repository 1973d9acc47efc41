"""The margin for an unknown set: left-out sets are covered by it on average, and no wider than that asks for."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="calibration belongs to mien[train]")

from mien.estimates import AGE_CENTER, AGE_UNIT, age_estimate
from mien.tasks.calibration import MIN_BAND, age_decoding
from mien.train.export.margin import even_quantile, margin_decoding


def faces(count: int, times: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (N, 2) and labels (N, 2) whose errors are `times` what the network says."""
    rng = np.random.default_rng(seed)
    value = rng.uniform(1, 80, count)
    truth = value + times * rng.laplace(0, 3, count)
    output = np.stack([(value - AGE_CENTER) / AGE_UNIT, np.full(count, np.log(3))], 1).astype(np.float32)
    return output, np.repeat(truth[:, None], 2, 1).astype(np.float32)


def several(*times: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = [faces(count, one, k) for k, one in enumerate(times)]
    return (
        np.concatenate([p[0] for p in parts]),
        np.concatenate([p[1] for p in parts]),
        np.repeat(range(len(times)), count),
    )


def coverage(decoding: dict, output: np.ndarray, target: np.ndarray) -> float:
    age = age_estimate(output, decoding)
    low = np.where(age.low == 0, -np.inf, age.low)  # no one is younger than 0, the simulation may be
    return float(((low <= target[:, 0]) & (target[:, 0] <= age.high)).mean())


def test_sets_that_are_alike_need_no_margin() -> None:
    found = margin_decoding(*several(1, 1, 1), ["a", "b", "c"])
    assert 1 <= found["margin"] < 1.05
    assert found["left_out"] == pytest.approx({"a": 1, "b": 1, "c": 1}, abs=0.1)


def test_left_out_sets_are_covered_on_average_and_no_more_than_that() -> None:
    output, target, source = several(1, 1.4, 1.8)
    found = margin_decoding(output, target, source, ["a", "b", "c"])
    assert found["left_out"]["c"] == pytest.approx(1.8 / 1.4, rel=0.1)
    assert found["left_out"]["a"] == pytest.approx(1 / 1.8, rel=0.1)
    assert 1 <= found["margin"] < max(found["left_out"].values())
    shares = []
    for k in range(3):
        rest = source != k
        decoding = age_decoding(output[rest], target[rest], source=source[rest]) | {"margin": found["margin"]}
        shares.append(coverage(decoding, output[~rest], target[~rest]))
    assert np.mean(shares) >= 0.9 - 1e-3
    if found["margin"] > 1:
        assert np.mean(shares) < 0.91


def test_two_unequal_sets_have_a_margin_between_their_factors() -> None:
    found = margin_decoding(*several(1, 1.5), ["a", "b"])
    assert 1 < found["margin"] < found["left_out"]["b"]
    assert found["left_out"]["b"] == pytest.approx(1.5, rel=0.1)


def test_one_set_or_too_few_faces_tell_nothing() -> None:
    assert margin_decoding(*several(1.0), ["a"]) == {}
    output, target, source = several(1, 2, count=MIN_BAND)
    assert margin_decoding(output, target, source, ["a", "b"])
    assert margin_decoding(output[:-1], target[:-1], source[:-1], ["a", "b"]) == {}
    groups = target + np.array([0, 9], np.float32)
    assert margin_decoding(output, groups, source, ["a", "b"]) == {}


def test_in_use_the_margin_widens_every_interval_alike() -> None:
    output, target = faces(300, 1, 0)
    decoding = age_decoding(output, target)
    plain, wide = age_estimate(output, decoding), age_estimate(output, {**decoding, "margin": 1.25})
    assert wide.high - wide.value == pytest.approx(1.25 * (plain.high - plain.value), rel=1e-4)
    assert np.array_equal(wide.value, plain.value)


def test_each_part_counts_alike_however_large() -> None:
    parts = [np.full(10, 1.0), np.linspace(2, 3, 1000)]
    assert even_quantile(parts, 0.4) == 1.0
    assert even_quantile(parts, 0.7) == pytest.approx(2.49, abs=0.02)
    assert even_quantile([np.array([5.0])], 0.9) == 5.0
