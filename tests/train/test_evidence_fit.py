"""Evidence weights from votes: derivatives, optimum, bounds, and what no set may do to another."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs mien[train]")
pytest.importorskip("scipy.optimize")
pytest.importorskip("sklearn.linear_model")

from scipy import optimize
from sklearn import linear_model

from mien.expression.emotion import DISPLAYS, SPEAKS_FOR, EvidenceModel, strength
from mien.faces import ActionUnits
from mien.facs import CODES
from mien.train import evidence_fit
from mien.train.evidence_fit import alike, fit_evidence, softmax_regression

FREE = [-np.inf, np.inf]


def problem(count: int = 300, width: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, F) with a column of ones, and shares of votes (N, 3) of uneven classes."""
    rng = np.random.default_rng(seed)
    features = np.concatenate([rng.normal(size=(count, width)), np.ones((count, 1))], 1)
    logits = features @ rng.normal(size=(width + 1, 3)) + [1.5, 0, -1]
    votes = np.array([rng.multinomial(10, p) for p in np.exp(logits) / np.exp(logits).sum(1, keepdims=True)])
    return features, votes / 10


def free(width: int) -> np.ndarray:
    return np.full((3, width, 2), FREE)


def test_derivative_by_finite_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    features, votes = problem()
    seen: list[Any] = []

    def minimise(objective: Any, start: np.ndarray, **options: Any) -> Any:
        seen.append(objective)
        return optimize.OptimizeResult(x=start)

    monkeypatch.setattr(evidence_fit, "minimize", minimise)
    softmax_regression(features, votes, free(5), 0.1)
    for seed in range(3):
        at = np.random.default_rng(seed).normal(size=15)
        numeric = optimize.approx_fprime(at, lambda w: seen[0](w)[0], 1e-7)
        assert seen[0](at)[1] == pytest.approx(numeric, abs=1e-5)


def test_optimum_is_scikit_learns_with_balanced_classes() -> None:
    features, votes = problem()
    label = votes.argmax(1)
    hard = np.eye(3)[label]
    found = softmax_regression(features, hard, free(5), 1e-3)
    # Its objective is C sum w_i CE_i + |W|^2 / 2 with balanced w_i, ours the mean of the same and penalty |W|^2.
    oracle = linear_model.LogisticRegression(
        C=1 / (2 * 1e-3 * len(label)), class_weight="balanced", fit_intercept=False, tol=1e-9, max_iter=2000
    ).fit(features, label)
    assert found == pytest.approx(oracle.coef_, abs=5e-3)


def test_classes_count_the_same_however_many_faces_they_have() -> None:
    features, votes = problem()
    twice = votes.argmax(1) == 0
    hard = np.eye(3)[votes.argmax(1)]
    found = softmax_regression(features, hard, free(5), 1e-3)
    more = np.concatenate([features, features[twice]]), np.concatenate([hard, hard[twice]])
    assert softmax_regression(*more, free(5), 1e-3) == pytest.approx(found, abs=0.02)


def test_bounds_hold_and_the_penalty_shrinks() -> None:
    features, votes = problem()
    bounds = free(5)
    bounds[0, :, 0], bounds[1], bounds[2, 1, 1] = 0, 0, -0.2
    found = softmax_regression(features, votes, bounds, 1e-3)
    assert (found >= bounds[..., 0]).all()
    assert (found <= bounds[..., 1]).all()
    strong = softmax_regression(features, votes, free(5), 100.0)
    assert np.abs(strong).max() < 0.01 < np.abs(softmax_regression(features, votes, free(5), 1e-3)).max()


def test_far_features_do_not_overflow() -> None:
    features, votes = problem()
    assert np.isfinite(softmax_regression(features * 1e4, votes, free(5), 1e-3)).all()


def simulated_votes(count: int = 4000, seed: int = 0, neutral: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Action Units (N, K), and votes (N, 8) in which 6 and 12 tell happiness, 4 and 23 anger, 9 disgust."""
    rng = np.random.default_rng(seed)
    units = rng.beta(0.5, 0.5, (count, len(CODES)))
    spoken = dict(zip(CODES, strength(units).T, strict=True))
    logits = np.full((count, len(DISPLAYS)), -6.0)
    logits[:, DISPLAYS.index("neutral")] = neutral
    logits[:, DISPLAYS.index("happiness")] = 4 * spoken["AU12"] + 2 * spoken["AU06"] - 6
    logits[:, DISPLAYS.index("anger")] = 3 * spoken["AU04"] + 2 * spoken["AU23"] - 6
    logits[:, DISPLAYS.index("disgust")] = 4 * spoken["AU09"] - 5
    share = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return units.astype(np.float32), share.astype(np.float32)


def weights_of(evidence: EvidenceModel, display: str) -> dict[str, float]:
    return dict(zip(evidence.codes, evidence.weights[DISPLAYS.index(display)].tolist(), strict=True))


def test_evidence_recovers_the_units_that_speak() -> None:
    evidence = fit_evidence([simulated_votes()])
    for name, loudest in (("happiness", {"AU06", "AU12"}), ("anger", {"AU04", "AU23"}), ("disgust", {"AU09"})):
        weights = weights_of(evidence, name)
        assert set(sorted(weights, key=lambda code: weights[code])[-len(loudest) :]) == loudest
        assert max(value for code, value in weights.items() if code not in loudest) < 0.5
    assert weights_of(evidence, "happiness")["AU12"] > weights_of(evidence, "happiness")["AU06"] > 1
    assert not evidence.weights[DISPLAYS.index("neutral")].any()
    assert evidence.bias[DISPLAYS.index("neutral")] == 0


@pytest.mark.parametrize("turned", [False, True])
def test_no_unit_speaks_for_what_it_may_not_whatever_the_votes_say(turned: bool) -> None:
    units, votes = simulated_votes()
    evidence = fit_evidence([(units, votes[:, ::-1] if turned else votes)])
    for name, allowed in SPEAKS_FOR.items():
        weights = weights_of(evidence, name)
        assert min(weights.values()) >= 0
        assert all(weights[code] == 0 for code in CODES if code not in allowed)


def test_evidence_labels_what_was_voted() -> None:
    units, votes = simulated_votes()
    emotion = fit_evidence([(units, votes)])(ActionUnits(units, 5 * units, CODES))
    assert emotion.category is not None
    clear = votes.max(1) > 0.8
    assert (emotion.category.probability.argmax(1) == votes.argmax(1))[clear].mean() > 0.95


def test_no_set_dominates_by_its_size() -> None:
    """The same set several times over moves nothing; beside another set each counts half."""
    first, second = simulated_votes(), simulated_votes(2000, 1, neutral=-2.0)
    often = tuple(np.concatenate([part] * 3) for part in first)
    alone = [fit_evidence([one]).bias for one in (first, second)]
    both = fit_evidence([first, second]).bias
    assert fit_evidence([often, second]).bias == pytest.approx(both, abs=0.02)
    happiness = DISPLAYS.index("happiness")
    assert min(b[happiness] for b in alone) < both[happiness] < max(b[happiness] for b in alone)


def test_groups_count_alike_and_displays_within_them_by_their_votes() -> None:
    votes = np.eye(8)[np.random.default_rng(0).choice(8, 500, p=[0.3, 0.4, 0.1, 0.02, 0.02, 0.1, 0.01, 0.05])]
    weight = alike(votes)
    sums = dict(zip(DISPLAYS, (votes * weight[:, None]).sum(0), strict=True))
    negative = sum(sums[name] for name in ("anger", "disgust", "fear", "sadness", "contempt"))
    assert sums["happiness"] == pytest.approx(sums["neutral"])
    assert negative == pytest.approx(sums["neutral"])
    assert sums["surprise"] == pytest.approx(sums["neutral"])
    counts = dict(zip(DISPLAYS, votes.sum(0), strict=True))
    assert sums["anger"] / sums["fear"] == pytest.approx(counts["anger"] / counts["fear"])
