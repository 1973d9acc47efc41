"""Thresholds from coded faces: fitted where there are enough, told on people that they were not fitted on."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="export needs mien[train]")

from mien import metrics
from mien.estimates import action_units_estimate, sigmoid
from mien.facs import CODES
from mien.train.export.thresholds import coded_decoding

PLAIN = {"codes": list(CODES), "slope": [1.0] * len(CODES), "bias": [0.25] * len(CODES)}


def coded(count=1500, seed=0):
    """Logits of which half of AU01 lies at 2, not at 0; AU02 is never coded, AU04 has too few faces."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (count, len(CODES))).astype(np.float32)
    target = (rng.random(logits.shape) < sigmoid(1.5 * (logits - 2))).astype(np.float32)
    target[:, 1] = np.nan
    target[9:, 2] = np.nan
    return logits, target, rng.integers(0, 3, count).astype(str)


def test_half_means_half_on_coded_faces():
    logits, target, fold = coded()
    decoding, report = coded_decoding(logits, target, fold, PLAIN)
    assert decoding["slope"][0] == pytest.approx(1.5, abs=0.3)
    assert -decoding["bias"][0] / decoding["slope"][0] == pytest.approx(2, abs=0.3)
    assert report["units"]["AU01"]["ECE"] < 0.05
    units = action_units_estimate(logits, decoding)
    near = np.abs(units.probability[:, 0] - 0.5) < 0.15
    assert target[near, 0].mean() == pytest.approx(0.5, abs=0.15)


def test_units_without_enough_faces_keep_their_constants():
    decoding, report = coded_decoding(*coded(), PLAIN)
    for k, code in ((1, "AU02"), (2, "AU04")):
        assert code not in report["units"]
        assert (decoding["slope"][k], decoding["bias"][k], decoding["threshold"][k]) == (1.0, 0.25, 0.5)
    assert PLAIN["bias"] == [0.25] * len(CODES)


def test_a_unit_is_active_from_its_threshold_and_from_intensity_one_on():
    logits, target, fold = coded()
    decoding, report = coded_decoding(logits, target, fold, PLAIN)
    units = action_units_estimate(logits, decoding)
    assert np.array_equal(units.active[:, 0], units.probability[:, 0] >= np.float32(decoding["threshold"][0]))
    order = np.argsort(units.probability[:, 0])
    assert (np.diff(units.intensity[order, 0]) >= 0).all()
    fitted = metrics.f1(units.active[:, 0], target[:, 0] >= 0.5)
    assert fitted > metrics.f1(action_units_estimate(logits, PLAIN).active[:, 0], target[:, 0] >= 0.5)
    assert report["units"]["AU01"]["F1"] == pytest.approx(fitted, abs=0.05)


def test_the_report_is_of_faces_that_were_not_fitted_on():
    """Labels that follow the logits in two folds and oppose them in the third cannot be predicted there."""
    logits, target, fold = coded()
    target[fold == "2"] = (logits[fold == "2"] < 2).astype(np.float32)
    target[:, 1:] = np.nan
    _, report = coded_decoding(logits, target, fold, PLAIN)
    straight = coded_decoding(*coded(), PLAIN)[1]
    assert report["units"]["AU01"]["F1"] < straight["units"]["AU01"]["F1"] - 0.1


def test_without_any_coded_unit_nothing_is_claimed():
    logits, target, fold = coded()
    _, report = coded_decoding(logits, np.full_like(target, np.nan), fold, PLAIN)
    assert report["units"] == {}
    assert "mean F1" not in report
