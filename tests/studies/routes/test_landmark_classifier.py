"""The landmark classifier learns what features tell, chooses on faces that it was not trained on, and says so."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the landmark route needs mien[train]")

from mien.errors import InputError
from mien.geometry import Array
from mien.studies.routes.landmark_classifier import candidates, fit_landmark_classifier
from mien.studies.routes.landmark_features import landmark_features


def displays(count: int, seed: int) -> tuple[Array, Array]:
    """Scattered points (N, 68, 2) whose mouth corners are raised, level or lowered; class (N,)."""
    rng = np.random.default_rng(seed)
    shape = np.random.default_rng(9).uniform(0, 100, (68, 2))
    shape[36:42], shape[42:48], shape[30] = [30, 30], [70, 30], [50, 55]
    shape[36:48] += np.random.default_rng(8).normal(0, 3, (12, 2))
    shape[48], shape[54], shape[62] = [32, 80], [68, 80], [50, 80]
    target = rng.integers(0, 3, count)
    points = shape + rng.normal(0, 1, (count, 68, 2))
    points[:, [48, 54], 1] += (8 * (target - 1))[:, None]
    return points.astype(np.float32), target


def test_raised_and_lowered_corners_are_told_apart() -> None:
    points, target = displays(240, 0)
    found = fit_landmark_classifier(points, target, displays(120, 1), rounds=30)
    unseen, truth = displays(200, 2)
    probability = found.probability(landmark_features(unseen))
    assert probability.shape == (200, 3)
    np.testing.assert_allclose(probability.sum(1), 1, atol=1e-5)
    assert (probability.argmax(1) == truth).mean() > 0.95
    assert found.scores.keys() == candidates().keys()
    assert found.scores[found.kind] == max(found.scores.values())


def test_without_a_class() -> None:
    points, target = displays(60, 0)
    with pytest.raises(InputError, match="Got none of negative"):
        fit_landmark_classifier(points[target < 2], target[target < 2], (points, target))
