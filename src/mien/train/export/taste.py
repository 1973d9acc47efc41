"""What a rater pool's single ratings tell of a new person: a whitened embedding, and a prior over its weights.

Ratings y of rater r: y = b + s (w . z + e), w ~ N(mu, Sigma), e ~ N(0, 1), b apart for each rater and comparison group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import expect
from mien.estimates import PROBIT

Values = NDArray[np.float64]
LOGIT = PROBIT / np.sqrt(2)
"""Weights of ratings to weights of comparisons: Phi(x / sqrt 2) is nearly sigmoid(1.702 x / sqrt 2)."""
STRENGTHS = (3.0, 10.0, 30.0, 100.0, 300.0)
_FOLDS = 5
_NOISE_RATINGS = 5.0
_ROUNDS, _TOLERANCE = 300, 1e-4
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Embeddings (N, E) to z = embedding weight' + bias, (N, D): a linear layer with weight (D, E) and bias (D,)."""

    weight: Values
    bias: Values

    def __call__(self, embedding: NDArray[Any]) -> Values:
        """Coordinates (N, D) with mean 0 and covariance 1 over the faces it was fitted to."""
        return np.asarray(embedding @ self.weight.T + self.bias, np.float64)


def fit_projection(embedding: NDArray[Any], width: int, keep: NDArray[Any] | None = None) -> Projection:
    """Whitened principal components of embeddings (N, E).

    keep (E,): weights of a score that must not be lost: it is the first coordinate, the others are the principal
    components of what it does not explain. Raises InputError where the faces do not span `width` directions.

    >>> z = fit_projection(np.random.default_rng(0).normal(0, 3, (50, 4)), 2)(np.zeros((1, 4)))
    >>> z.shape
    (1, 2)
    """
    x = np.asarray(embedding, np.float64)
    expect(x.ndim == 2 and bool(np.isfinite(x).all()), "embedding", "finite numbers (N, E)", x.shape)
    expect(1 <= width <= x.shape[1], "width", f"from 1 to {x.shape[1]}", width)
    centre = x.mean(0)
    x = x - centre
    covariance = x.T @ x / len(x)
    rows: list[Values] = []
    if keep is not None:
        u = np.asarray(keep, np.float64)
        spread = float(np.sqrt(u @ covariance @ u))
        expect(spread > _FLOOR, "keep", "a score that differs between the faces", spread)
        rows.append(u / spread)
        shared = covariance @ rows[0]
        covariance = covariance - np.outer(shared, shared)
    values, vectors = np.linalg.eigh(covariance)
    order = np.argsort(values)[::-1][: width - len(rows)]
    least = float(values[order].min()) if len(order) else 1.0
    expect(least > _FLOOR * max(float(values.max()), 0.0), "width", f"fewer: {len(x)} faces do not span so many", width)
    for i in order:
        # What the kept score explains of a direction is taken off it, so that the coordinates do not correlate.
        row = vectors[:, i] - (rows[0] * (shared @ vectors[:, i]) if keep is not None else 0)
        rows.append(row / np.sqrt(values[i]))
    weight = np.stack(rows)
    return Projection(weight, -weight @ centre)


@dataclass(frozen=True, slots=True, eq=False)
class RaterSums:
    """All that R raters' ratings tell, after their means in each group are taken off: z'z (R, D, D), z'y (R, D),
    y'y (R,), and the degrees of freedom (R,) that are left."""

    square: Values
    cross: Values
    power: Values
    freedom: Values

    def __len__(self) -> int:
        return len(self.power)

    def __getitem__(self, rows: NDArray[Any]) -> "RaterSums":
        return RaterSums(self.square[rows], self.cross[rows], self.power[rows], self.freedom[rows])


def rater_sums(z: Values, ratings: NDArray[Any], group: NDArray[Any]) -> RaterSums:
    """Sums by rater over faces z (N, D): ratings (N, R), NaN where unknown; group (N,): faces that may be compared."""
    count, width = ratings.shape[1], z.shape[1]
    sums = RaterSums(np.zeros((count, width, width)), np.zeros((count, width)), np.zeros(count), np.zeros(count))
    for r in range(count):
        known = ~np.isnan(ratings[:, r])
        for g in np.unique(group[known]):
            rows = known & (group == g)
            x, y = z[rows], ratings[rows, r].astype(np.float64)
            x, y = x - x.mean(0), y - y.mean()
            sums.square[r] += x.T @ x
            sums.cross[r] += x.T @ y
            sums.power[r] += y @ y
            sums.freedom[r] += len(y) - 1
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """w ~ N(mean (D,), covariance (D, D)) in units of a rating's own noise; noise: its usual size in rating points."""

    mean: Values
    covariance: Values
    noise: float
    strength: float

    def decoding(self, scale: float = LOGIT) -> dict[str, Any]:
        """What a card holds: the prior over weights of comparisons."""
        return {"mean": (scale * self.mean).tolist(), "covariance": (scale**2 * self.covariance).tolist()}


def fit_prior(sums: RaterSums, strength: float = 30.0, free: bool = False) -> Prior:
    """Empirical Bayes by expectation and maximization in closed form, each rater with a noise of its own.

    V = (Z'Z + Sigma^-1)^-1, m = V (Z'y / s + Sigma^-1 mu); then mu = mean m, Sigma = (sum V + (m - mu)(m - mu)' +
    strength t I) / (R + strength) with t the mean variance (an inverse Wishart prior), and s the root of n s^2 + (z'y .
    m) s - y'y = 0, drawn to the common noise by five ratings' worth. Laird & Ware, "Random-effects models for
    longitudinal data", Biometrics 1982.

    free: mu may have all coordinates; else the first alone, the score, since few faces tell the others badly.
    Raises InputError for fewer than two raters with a degree of freedom.
    """
    sums = sums[sums.freedom > 0]
    expect(len(sums) > 1, "sums", "ratings of at least two raters", len(sums))
    width = sums.cross.shape[1]
    noise = np.full(len(sums), np.sqrt(sums.power.sum() / sums.freedom.sum()))
    common, mean, covariance = float(noise[0]), np.zeros(width), np.eye(width)
    for _ in range(_ROUNDS):
        m, v = _weights(sums, noise, mean, covariance)
        before = mean, covariance
        mean = m.mean(0) if free else _along_score(m.mean(0), covariance)
        spread = v.sum(0) + (m - mean).T @ (m - mean)
        target = np.eye(width) * np.trace(spread) / (width * len(sums))
        covariance = (spread + strength * target) / (len(sums) + strength)
        noise = _noise(sums, m, common)
        common = float(np.exp(np.average(np.log(noise), weights=sums.freedom)))
        change = max(float(np.abs(mean - before[0]).max()), float(np.abs(covariance - before[1]).max()))
        if change < _TOLERANCE:
            break
    return Prior(mean, covariance, common, strength)


def _along_score(mean: Values, covariance: Values) -> Values:
    """The most likely mean of which all but the first coordinate are 0."""
    row = np.linalg.inv(covariance)[0]
    projected = np.zeros_like(mean)
    projected[0] = row @ mean / row[0]
    return projected


def _weights(sums: RaterSums, noise: Values, mean: Values, covariance: Values) -> tuple[Values, Values]:
    """Posterior mean (R, D) and covariance (R, D, D) of each rater's weights."""
    precision = np.linalg.inv(covariance)
    v = np.linalg.inv(sums.square + precision)
    right = sums.cross / noise[:, None] + precision @ mean
    return np.einsum("rij,rj->ri", v, right), v


def _noise(sums: RaterSums, m: Values, common: float) -> Values:
    """Most likely noise (R,) of each rater given its weights, with five ratings of the common noise added."""
    along = (sums.cross * m).sum(1)
    count, power = sums.freedom + _NOISE_RATINGS, sums.power + _NOISE_RATINGS * common**2
    return np.asarray((-along + np.sqrt(along**2 + 4 * count * power)) / (2 * count))


def log_likelihood(prior: Prior, sums: RaterSums) -> float:
    """Mean log density of a rating of raters that the prior has not seen, their noise set to its most likely value.

    y / s ~ N(Z mu, I + Z Sigma Z'): log det = log det(I + Sigma Z'Z), by the matrix inversion lemma.
    """
    sums = sums[sums.freedom > 0]
    noise = np.full(len(sums), prior.noise)
    for _ in range(20):
        m, v = _weights(sums, noise, prior.mean, prior.covariance)
        noise = _noise(sums, m, prior.noise)
    m, v = _weights(sums, noise, prior.mean, prior.covariance)
    precision = np.linalg.inv(prior.covariance)
    fit = sums.power / noise**2 + prior.mean @ precision @ prior.mean
    fit -= np.einsum("ri,rij,rj->r", m, sums.square + precision, m)
    size = np.linalg.slogdet(v)[1] - np.linalg.slogdet(prior.covariance)[1]
    density = -sums.freedom * np.log(noise * np.sqrt(2 * np.pi)) + size / 2 - fit / 2
    return float(density.sum() / sums.freedom.sum())


def choose_prior(sums: RaterSums, strengths: Sequence[float] = STRENGTHS, seed: int = 0) -> Prior:
    """The prior whose strength predicts left-out raters best, in five folds of the raters, fitted to all of them."""
    sums = sums[sums.freedom > 0]
    if len(strengths) == 1:
        return fit_prior(sums, strengths[0])
    fold = np.random.default_rng(seed).permutation(len(sums)) % _FOLDS

    def foretold(strength: float) -> float:
        parts = ((fit_prior(sums[fold != k], strength), sums[fold == k]) for k in range(_FOLDS))
        return float(np.mean([log_likelihood(prior, rest) for prior, rest in parts]))

    return fit_prior(sums, max(strengths, key=foretold))


def taste_decoding(embedding: NDArray[Any], labels: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """The prior of a card: embeddings (N, D) of which the first coordinate is the score, and the faces' labels
    `rater_scores` (N, R), NaN where unknown, and `comparison_group` (N, 1)."""
    sums = rater_sums(embedding.astype(np.float64), labels["rater_scores"], labels["comparison_group"][:, 0])
    return choose_prior(sums).decoding()
