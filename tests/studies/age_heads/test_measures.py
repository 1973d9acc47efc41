"""Measures of a head by hand, and intervals that cover what they promise on errors of a known distribution."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.estimates import AGE_CENTER, AGE_UNIT
from mien.studies.age_heads import measures as study
from mien.studies.core.finding import Measured


def faces_with(errors: np.ndarray, log_scale: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (N, 2) of value and log scale, and ages that lie these errors beside the value."""
    value = np.random.default_rng(seed).uniform(30, 60, len(errors))
    return np.stack([(value - AGE_CENTER) / AGE_UNIT, np.full(len(errors), log_scale)], 1), value + errors


@pytest.mark.parametrize(
    ("head", "draw", "log_scale"), [("gaussian", "normal", 2 * np.log(4)), ("laplace", "laplace", np.log(4))]
)
def test_an_honest_spread_covers_nine_in_ten(head: str, draw: str, log_scale: float) -> None:
    rng = np.random.default_rng(0)
    output, age = faces_with(getattr(rng, draw)(0, 4, 20000), log_scale, 1)
    assert study.own_coverage(head, output, age) == pytest.approx(0.9, abs=0.01)
    assert study.own_coverage(head, output - [0, 1], age) < 0.8


def test_a_value_alone_has_no_interval_of_its_own() -> None:
    assert np.isnan(study.own_coverage("l1", np.zeros((3, 1)), np.zeros(3)))


def test_the_conformal_interval_covers_nine_in_ten_whatever_the_head_says() -> None:
    rng = np.random.default_rng(0)
    held_out, test = (faces_with(rng.normal(0, 4, 8000), 9.0, seed) for seed in (1, 2))
    found = study.conformal("laplace", test, held_out)
    assert found[study.CONFORMAL] == pytest.approx(0.9, abs=0.015)
    assert found[study.WIDTH] == pytest.approx(2 * 1.645 * 4, rel=0.05)


def test_errors_by_hand() -> None:
    output = (np.array([[5.0], [30.0], [95.0]]) - AGE_CENTER) / AGE_UNIT
    age = np.array([2.0, 36.0, 88.0])
    found = study.measures("l1", (output, age), (output, age))
    assert found[study.MAE] == pytest.approx((3 + 6 + 7) / 3)
    assert found[study.CS5] == pytest.approx(1 / 3)
    assert found[study.BIAS] == pytest.approx((3 - 6 + 7) / 3)
    by_decade = [found[study.decade_name(start)] for start in (0, 30, 80)]
    assert by_decade == pytest.approx([3, 6, 7], abs=1e-4)
    assert np.isnan(found["MAE 40-49"])


def test_leaders_leave_out_what_is_undefined_and_what_is_surely_behind() -> None:
    never = Measured((float("nan"),) * 2)
    assert study.leaders({"never": never, "b": Measured((2.0, 2.1)), "a": Measured((1.0, 1.1))}) == ["a"]
    assert study.leaders({"never": never}) == []


def test_distance_from_the_promised_coverage() -> None:
    assert study.off_target(Measured((0.85, 0.97))).values == pytest.approx((0.05, 0.07))
