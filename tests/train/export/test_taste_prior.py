"""The projection whitens and keeps the score; the prior is found from ratings that were drawn from one."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="lies beside modules that need mien[train]")

from mien.errors import InputError
from mien.preference import Taste
from mien.train.export.taste import (
    LOGIT,
    Prior,
    RaterSums,
    choose_prior,
    fit_prior,
    fit_projection,
    log_likelihood,
    rater_sums,
    taste_decoding,
)

RNG = np.random.default_rng(0)
MEAN = np.array([0.8, 0.0, 0.0])
COVARIANCE = np.diag([0.1, 0.3, 0.05])


def drawn(raters: int = 250, faces: int = 80, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings, ratings (a quarter missing) and groups, by the model, noise 1.5 rating points."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 1, (faces, 3))
    w = rng.multivariate_normal(MEAN, COVARIANCE, raters)
    group = rng.integers(0, 2, faces)
    bias = rng.normal(0, 2, (2, raters))[group]
    ratings = 5 + bias + 1.5 * (z @ w.T + rng.normal(0, 1, (faces, raters)))
    ratings[rng.random(ratings.shape) < 0.25] = np.nan
    return z, ratings, group


@pytest.mark.parametrize("keep", [None, [1.0, -2.0, 0.5, 0.0, 0.0]])
def test_the_projection_whitens(keep: list[float] | None) -> None:
    x = RNG.normal(0, 1, (200, 5)) @ RNG.normal(0, 1, (5, 5)) + 7
    projection = fit_projection(x, 3, keep)
    z = projection(x)
    assert z.mean(0) == pytest.approx(np.zeros(3), abs=1e-9)
    assert z.T @ z / len(z) == pytest.approx(np.eye(3), abs=1e-9)
    assert (projection.weight.shape, projection.bias.shape) == ((3, 5), (3,))
    if keep is not None:
        assert np.corrcoef(z[:, 0], x @ np.array(keep))[0, 1] == pytest.approx(1)


def test_without_a_score_the_first_coordinates_are_the_principal_components() -> None:
    x = RNG.normal(0, 1, (300, 4)) * np.array([1, 9, 3, 0.1])
    z = fit_projection(x, 2)(x)
    assert np.abs(np.corrcoef(z.T, x.T)[:2, 2:])[[0, 1], [1, 2]] == pytest.approx([1, 1], abs=0.02)


@pytest.mark.parametrize(
    ("x", "width", "keep", "said"),
    [
        (np.ones((5, 3)) * np.arange(5)[:, None], 2, None, "5 faces do not span so many"),
        (np.eye(3), 4, None, "'width' must be from 1 to 3"),
        (np.full((4, 2), np.nan), 1, None, "'embedding' must be finite numbers"),
        (np.eye(3)[:, :2] * [1, 0], 1, [0, 1], "'keep' must be a score that differs"),
    ],
)
def test_faces_that_do_not_do(x: np.ndarray, width: int, keep: list[int] | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        fit_projection(x, width, None if keep is None else np.array(keep))


def test_sums_forget_what_a_rater_gives_to_all_of_a_group() -> None:
    z, ratings, group = drawn(6, 30)
    one = rater_sums(z, ratings, group)
    other = rater_sums(z + 3, ratings + np.where(group, 4.0, -1.0)[:, None], group)
    for name in ("square", "cross", "power", "freedom"):
        assert getattr(one, name) == pytest.approx(getattr(other, name))
    assert one.freedom == pytest.approx((~np.isnan(ratings)).sum(0) - 2)


@pytest.mark.parametrize("free", [False, True])
def test_the_prior_is_found(free: bool) -> None:
    prior = fit_prior(rater_sums(*drawn()), 1.0, free)
    assert prior.mean == pytest.approx(MEAN, abs=0.12)
    assert prior.covariance == pytest.approx(COVARIANCE, abs=0.06)
    assert prior.noise == pytest.approx(1.5, rel=0.05)
    assert free or (prior.mean[1:] == 0).all()


def test_a_strong_belief_in_equal_variances_pulls_towards_them() -> None:
    sums = rater_sums(*drawn(60))
    weak, strong = (np.linalg.eigvalsh(fit_prior(sums, strength).covariance) for strength in (1.0, 1000.0))
    assert strong.max() / strong.min() < 0.5 * weak.max() / weak.min()


def test_the_likelihood_is_that_of_the_normal_density() -> None:
    z, ratings, _ = drawn(1, 12)
    ratings = np.where(np.isnan(ratings), 5.0, ratings)
    sums = rater_sums(z, ratings, np.zeros(12))
    prior = Prior(MEAN, COVARIANCE, 1.5, 0.0)
    found = log_likelihood(prior, sums)
    basis = np.linalg.svd(np.eye(12) - 1 / 12)[0][:, :11]
    x, y = basis.T @ z, basis.T @ ratings[:, 0]

    def density(noise: float) -> float:
        cover = np.eye(11) + x @ COVARIANCE @ x.T
        gap = y / noise - x @ MEAN
        fit = gap @ np.linalg.solve(cover, gap) + np.linalg.slogdet(cover)[1]
        return float(-fit / 2 - 11 * np.log(noise * np.sqrt(2 * np.pi))) / 11

    nearest = min(np.linspace(0.5, 4, 400), key=lambda noise: abs(density(noise) - found))
    assert found == pytest.approx(density(nearest), abs=2e-3)
    assert found > density(1.5) - 0.05


def test_the_chosen_strength_suits_the_raters() -> None:
    z, ratings, group = drawn(200)
    assert choose_prior(rater_sums(z, ratings, group), (1.0, 10_000.0)).strength == 1.0


def test_a_card_gets_the_prior_of_comparisons() -> None:
    z, ratings, group = drawn()
    found = taste_decoding(z, {"rater_scores": ratings, "comparison_group": group[:, None]})
    assert found["mean"] == pytest.approx(LOGIT * MEAN, abs=0.12)
    taste = Taste.from_decoding({"taste": found}, "any", "ab")
    draws = np.random.default_rng(1)
    w = draws.multivariate_normal(MEAN, COVARIANCE, 4000)
    a, b = draws.normal(0, 1, (2, 3))
    seen = (w @ (a - b) + draws.normal(0, np.sqrt(2), 4000) > 0).mean()
    assert taste.preference(a, b).probability == pytest.approx(seen, abs=0.04)


def test_fewer_than_two_raters() -> None:
    z, ratings, group = drawn(1)
    with pytest.raises(InputError, match="ratings of at least two raters"):
        fit_prior(rater_sums(z, ratings, group))
    none = RaterSums(np.zeros((3, 2, 2)), np.zeros((3, 2)), np.zeros(3), np.zeros(3))
    with pytest.raises(InputError, match="ratings of at least two raters"):
        choose_prior(none)
