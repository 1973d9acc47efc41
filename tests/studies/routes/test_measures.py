"""Measures of the routes against scikit-learn and closed forms, on small arrays."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("sklearn.metrics")

from sklearn import metrics as sklearn_metrics

from mien.studies.core.bootstrap import resample
from mien.studies.routes import measures as study


def answers(count: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 3, count)
    z = rng.normal(0, 1, (count, 3)) + 1.5 * np.eye(3)[target]
    return z - np.log(np.exp(z).sum(1, keepdims=True)), target


def test_hits_are_scikit_learns() -> None:
    log_p, target = answers()
    p, preds = np.exp(log_p), log_p.argmax(1)
    found = study.hits(p, target, resample(None, 300, 50))
    assert found[study.F1].value == pytest.approx(sklearn_metrics.f1_score(target, preds, average="macro"))
    assert found[study.ACCURACY].value == pytest.approx(sklearn_metrics.accuracy_score(target, preds))
    assert found[study.NLL].value == pytest.approx(sklearn_metrics.log_loss(target, p))
    auc = sklearn_metrics.roc_auc_score(target, p, multi_class="ovr", average="macro")
    assert found[study.AUC].value == pytest.approx(auc)
    recall = sklearn_metrics.recall_score(target, preds, average=None)
    assert [found[name].value for name in study.RECALLS.values()] == pytest.approx(recall)
    assert all(found[name].low < found[name].value < found[name].high for name in (study.F1, study.AUC, study.NLL))
    assert study.AUC not in study.hits(p, target, [], ranking=False)


def test_a_temperature_makes_over_confident_answers_honest() -> None:
    # Normal scores of deviation 1, 1.5 apart, have the posterior softmax(1.5 z).
    log_p, target = answers(6000)
    assert study.temperature_of(log_p, target) == pytest.approx(1 / 1.5, rel=0.05)
    assert study.temperature_of(3 * log_p, target) == pytest.approx(3 / 1.5, rel=0.05)
    np.testing.assert_allclose(study.tempered(3 * log_p, 3.0), np.exp(log_p), atol=1e-9)
    assert study.tempered(log_p, 2.0).max() < np.exp(log_p).max()


def test_scatter_adds_up_to_the_covariance() -> None:
    x, groups = np.random.default_rng(3).normal(size=(80, 4)), np.arange(80) % 5 * 7
    inside, between = study.scatter(x, groups)
    np.testing.assert_allclose(inside + between, np.cov(x.T, bias=True), atol=1e-12)


def test_whitened_components_are_uncorrelated_whatever_the_columns() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(200, 5)) @ rng.normal(size=(5, 30)) * np.geomspace(1e-3, 1e3, 30) + 40
    x[:, 3] = 7.0
    white = study.whitened(x)
    assert white.shape == (200, 5)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(5), atol=1e-8)
    assert study.whitened(rng.normal(size=(200, 40))).shape == (200, study.COMPONENTS)


def test_spread_is_zero_for_points_and_one_for_noise() -> None:
    rng, groups = np.random.default_rng(5), np.repeat([0, 1, 2], 2000)
    tight = np.array([[0, 0], [5, 0], [0, 5]])[groups] + rng.normal(0, 1e-3, (6000, 2))
    noise = rng.normal(size=(6000, 8))
    assert study.spread_within(tight, groups) == pytest.approx(0, abs=1e-5)
    assert study.spread_within(noise, groups) == pytest.approx(1, abs=0.01)


def test_spread_is_one_less_the_squared_canonical_correlation() -> None:
    rng, groups = np.random.default_rng(6), np.repeat([0, 1], 1000)
    x = rng.normal(size=(2000, 6)) + 1.3 * groups[:, None] * np.array([1, 1, 0, 0, 0, 0])
    fit = np.linalg.lstsq(np.c_[x, np.ones(2000)], groups.astype(float), rcond=None)[0]
    r2 = np.corrcoef(np.c_[x, np.ones(2000)] @ fit, groups)[0, 1] ** 2
    assert study.spread_within(x, groups) == pytest.approx(1 - r2, abs=1e-9)
    assert study.spread_within(50 * x - 3, groups) == pytest.approx(1 - r2, abs=1e-9)


def test_variance_share_of_two_crossed_factors() -> None:
    person, display = (part.ravel() for part in np.meshgrid(np.arange(6), np.arange(5)))
    rng = np.random.default_rng(7)
    x = rng.normal(size=(6, 3))[person]
    assert study.variance_share(x, person) == pytest.approx(1)
    assert study.variance_share(x, display) == pytest.approx(0, abs=1e-12)
    both = np.c_[x[:, 0], rng.normal(size=5)[display]]
    assert study.variance_share(both, person) == pytest.approx(0.5)


def test_accuracy_of_each_person() -> None:
    assert study.by_person(np.array([True, False, True]), np.array([3, 3, 8])).tolist() == [0.5, 1.0]
