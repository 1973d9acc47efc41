"""Which of two faces raters prefer, how sure that is, and which of several is likely the best."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.errors import ModelError, expect
from mien.estimates import Decoding, moderated, sigmoid

SURE = 0.75
"""Below this probability that most raters prefer one of two faces, it is too close to tell."""
_NORMAL = NormalDist()
_erfc = np.frompyfunc(math.erfc, 1, 1)


@dataclass(frozen=True, slots=True)
class Preference:
    """What raters think of a face A beside a face B.

    share: expected share of raters that prefer A; low, high: its interval, which holds it with probability `coverage`.
    majority: probability that more than half of all raters prefer A.
    """

    share: float
    low: float
    high: float
    majority: float
    coverage: float = 0.9

    @property
    def clear(self) -> bool:
        """Whether it is at least `SURE` that most raters prefer the one, or the other."""
        return max(self.majority, 1 - self.majority) >= SURE

    @property
    def turned(self) -> "Preference":
        """The same of B beside A."""
        return Preference(1 - self.share, 1 - self.high, 1 - self.low, 1 - self.majority, self.coverage)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        names = ("share", "low", "high", "majority", "coverage", "clear")
        return {name: getattr(self, name) for name in names}


def constants(decoding: Decoding) -> tuple[float, float, float]:
    """Slope k, error e and coverage on a card. Raises ModelError where photos cannot be compared by it."""
    values = decoding.get("preference") or {}
    if "coverage" not in decoding or not all(values.get(name, 0) > 0 for name in ("slope", "error")):
        raise ModelError(
            "The card must have 'coverage', and 'preference' with a 'slope' and an 'error' above 0, for faces to be "
            f"compared. Got {values or None}; use the attractiveness model that comes with mien, or export yours again."
        )
    return float(values["slope"]), float(values["error"]), float(decoding["coverage"])


def prefer(a: float, b: float, decoding: Decoding) -> Preference:
    """Whether the pool prefers a face of score a to one of score b, in standard deviations of the pool's faces.

    A rater prefers A with probability sigmoid(k d) at a true difference d (Bradley & Terry, Biometrika 1952). The
    measured one, a - b, has a normal error of standard deviation e, so that, with a flat prior,

        share     = E sigmoid(k d) ~ sigmoid(k (a - b) / sqrt(1 + pi k^2 e^2 / 8))
        majority  = P(d > 0) = Phi((a - b) / e)
        low, high = sigmoid(k (a - b -+ z e)), z the normal quantile of the coverage

    MacKay, "The evidence framework applied to classification networks", Neural Computation 1992, Eq. 10.
    decoding: `preference`, {"slope": k, "error": e}, and `coverage`. Raises ModelError where the card has none, and
    InputError where a score is not known.

    >>> card = {"coverage": 0.9, "preference": {"slope": 1.5, "error": 0.7}}
    >>> found = prefer(0.8, 0.2, card)
    >>> round(found.share, 2), round(found.majority, 2), found.clear
    (0.68, 0.8, True)
    >>> prefer(0.2, 0.2, card).share
    0.5
    """
    k, e, coverage = constants(decoding)
    expect(math.isfinite(a) and math.isfinite(b), "a, b", "finite scores", (a, b))
    d, reach = a - b, _NORMAL.inv_cdf((1 + coverage) / 2) * e
    share = float(moderated(np.array(k * d), np.array((k * e) ** 2)))
    low, high = (float(sigmoid(np.array(k * x))) for x in (d - reach, d + reach))
    return Preference(share, low, high, _NORMAL.cdf(d / e), coverage)


def chances(score: ArrayLike, error: float) -> NDArray[np.float64]:
    """Probability (N,) that each of N faces is truly the best one, by their measured scores (N,).

    With normal errors, independent from face to face, whose differences have the standard deviation `error`,

        P(i) = integral of phi((x - s_i) / r) / r prod over j != i of Phi((x - s_j) / r) dx,  r = error / sqrt(2)

    by the trapezoid rule within 8 r of the largest score. Raises InputError for scores that are not finite.

    >>> chances([0.0, 0.0, -9.0], 0.7).round(3).tolist()
    [0.5, 0.5, 0.0]
    """
    s = np.asarray(score, np.float64)
    expect(s.ndim == 1 and bool(np.isfinite(s).all()), "score", "finite scores (N,)", score)
    expect(error > 0, "error", "a number above 0", error)
    if not len(s):
        return s
    x = np.linspace(-8, 8, 201)[:, None] + (s.max() - s) * math.sqrt(2) / error
    log_phi = np.log(0.5 * np.asarray(_erfc(-x / math.sqrt(2)), np.float64))
    weights = np.exp(-x * x / 2 - log_phi + log_phi.sum(1, keepdims=True)).sum(0)
    return np.asarray(weights / weights.sum())
