"""A person's weights on the embedding of a network: Bayesian logistic regression on comparisons."""

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from mien.errors import InputError, ModelError, Words, expect
from mien.estimates import moderated, sigmoid
from mien.files import replace_text
from mien.preference.logistic import Vector, maximum, normal_cdf, shared_faces

FORMAT, VERSION = "mien taste", 1
COVERAGE = 0.9
_FILE = "a file that 'mien taste fit' wrote"
_HALF_WIDTH = 1.6448536269514722
_ROUNDING = 1e-8
_LARGEST = 1e12


@dataclass(frozen=True, slots=True, eq=False)
class Preference:
    """How often the person would prefer a to b, (...,) each.

    probability: of preferring a in one comparison, the uncertainty of the weights averaged in. low, high: 90 % interval
    of that share, were the weights known. sign: probability that a is preferred more often than b.
    """

    probability: Vector
    low: Vector
    high: Vector
    sign: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """Weights w ~ N(mean (D,), covariance (D, D)) in P(A preferred to B) = sigmoid(w . (z_A - z_B)).

    comparisons: how many of the person's went in. model, sha256: the network whose embeddings z (N, D) these are.
    Raises InputError unless the mean is finite and the covariance symmetric and not negative.
    Bradley & Terry, "Rank analysis of incomplete block designs", Biometrika 1952; Chu & Ghahramani, "Preference
    learning with Gaussian processes", ICML 2005.

    >>> prior = Taste(np.zeros(2), np.eye(2))
    >>> mine = prior.fit([[2.0, 0.0]] * 4, [[0.0, 0.0]] * 4, [1, 1, 1, 0.5])
    >>> mine.comparisons, bool(mine.preference([1.0, 0.0], [0.0, 0.0]).probability > 0.6)
    (4, True)
    """

    mean: Vector
    covariance: Vector
    comparisons: int = 0
    model: str = ""
    sha256: str = ""
    _root: Vector = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("mean", "covariance"):
            object.__setattr__(self, name, _numbers(getattr(self, name), name))
        width = len(self.mean) if self.mean.ndim == 1 else 0
        expect(width > 0, "mean", "a vector (D,)", self.mean.shape)
        expect(self.covariance.shape == (width, width), "covariance", f"({width}, {width})", self.covariance.shape)
        scale = max(1.0, float(np.abs(self.covariance).max()))
        expect(scale < _LARGEST, "covariance", f"of variances below {_LARGEST:g}", scale)
        gap = float(np.abs(self.covariance - self.covariance.T).max())
        expect(gap <= _ROUNDING * scale, "covariance", "symmetric", Words(f"differences of {gap}"))
        values, vectors = np.linalg.eigh(self.covariance)
        expect(values[0] >= -_ROUNDING * scale, "covariance", "without negative eigenvalues", float(values[0]))
        object.__setattr__(self, "_root", vectors * np.sqrt(np.clip(values, 0, None)))

    @classmethod
    def from_decoding(cls, decoding: dict[str, Any], model: str, sha256: str) -> Self:
        """The prior on a model's card: what is known of a person before any comparison.

        decoding: with `taste`: `mean` and `covariance`. Raises ModelError where the card has none.
        """
        prior = decoding.get("taste")
        if not isinstance(prior, dict) or not {"mean", "covariance"} <= set(prior):
            raise ModelError(
                f"The card of {model!r} must have a prior of personal taste (decoding, 'taste'). Got none; use the "
                "attractiveness model that comes with mien, or export one with a rater pool's single ratings."
            )
        return cls(prior["mean"], prior["covariance"], 0, model, sha256)

    @property
    def width(self) -> int:
        """D, the length of an embedding."""
        return len(self.mean)

    def fit(self, first: ArrayLike, second: ArrayLike, target: ArrayLike) -> "Taste":
        """Learn from comparisons of faces first (P, D) and second (P, D): target (P,) 1, 0, or 0.5 for a tie.

        Laplace approximation around the maximum of the concave log posterior
        sum t log sigmoid(x . w) + (1 - t) log sigmoid(-x . w) - (w - m)' S^-1 (w - m) / 2, x = first - second,
        by Newton's method; a tie counts as half a win of each. A face that occurs more than once has a charm of its own
        beside w . z, N(0, 1) in log-odds and integrated out: many answers on few faces tell less of w. No comparisons
        leave all as it was. MacKay, "The evidence framework applied to classification networks", 1992.
        Raises InputError for shapes that do not fit, values that are not finite, and other targets.
        """
        a, b, t = self._comparisons(first, second, target)
        if not len(t):
            return self
        charm = shared_faces(a, b)
        scale = np.sqrt(1 + math.pi / 8 * (charm**2).sum(1))
        offset = scale * ((a - b) @ self.mean)
        design = np.concatenate([scale[:, None] * ((a - b) @ self._root), charm], 1)
        u = maximum(design, offset, t)
        p = sigmoid(offset + design @ u)
        precision = np.eye(design.shape[1]) + (design.T * (p * (1 - p))) @ design
        known = np.linalg.inv(precision)[: self.width, : self.width]
        covariance = self._root @ known @ self._root.T
        return replace(
            self,
            mean=self.mean + self._root @ u[: self.width],
            covariance=(covariance + covariance.T) / 2,
            comparisons=self.comparisons + len(t),
        )

    def left_out(self, first: ArrayLike, second: ArrayLike, target: ArrayLike) -> Vector:
        """Probability (P,) of preferring first in each comparison, after learning from all the others."""
        a, b, t = self._comparisons(first, second, target)
        keep = ~np.eye(len(t), dtype=bool)
        probabilities = [self.fit(a[k], b[k], t[k]).preference(a[i], b[i]).probability for i, k in enumerate(keep)]
        return np.array(probabilities, float).reshape(len(t))

    def preference(self, a: ArrayLike, b: ArrayLike) -> Preference:
        """How a (..., D) fares against b (..., D).

        With m and v the mean and variance of w . (a - b): probability sigmoid(m / sqrt(1 + pi v / 8)), sign
        Phi(m / sqrt(v)). MacKay, Neural Computation 1992, Eq. 10.
        """
        mean, spread = self.score(self._faces(a, "a") - self._faces(b, "b"))
        half = _HALF_WIDTH * spread
        z = np.divide(mean, spread, out=np.zeros_like(mean), where=spread > 0)
        sure = np.where(spread > 0, normal_cdf(z), (np.sign(mean) + 1) / 2)
        return Preference(moderated(mean, spread**2), sigmoid(mean - half), sigmoid(mean + half), sure)

    def score(self, z: ArrayLike) -> tuple[Vector, Vector]:
        """Value w . z and its standard deviation, (...,) each, of embeddings z (..., D): log-odds against z = 0."""
        z = self._faces(z, "z")
        return z @ self.mean, np.linalg.norm(z @ self._root, axis=-1)

    def to_dict(self) -> dict[str, Any]:
        """What `save` writes."""
        return {
            "format": FORMAT, "version": VERSION, "model": self.model, "sha256": self.sha256,
            "comparisons": self.comparisons, "mean": self.mean.tolist(), "covariance": self.covariance.tolist(),
        }  # fmt: skip

    def save(self, path: str | Path) -> Path:
        """Write a small JSON file, whole or not at all. Raises SinkError when it cannot be written."""
        path = Path(path)
        replace_text(path, json.dumps(self.to_dict(), allow_nan=False))
        return path

    @classmethod
    def load(cls, path: str | Path, sha256: str | None = None) -> Self:
        """Read what `save` wrote. sha256: of the network in use, where its embeddings are to be ranked.

        Raises InputError for a file that is no taste, ModelError for one that belongs to another network.
        """
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"'path' must be {_FILE}. Got {str(path)!r}: {error}.") from error
        return cls.from_dict(values, sha256, str(path))

    @classmethod
    def from_dict(cls, values: Any, sha256: str | None = None, path: str = "taste") -> Self:
        """A taste from what `to_dict` gives. sha256, errors: as of `load`; path: what messages call it."""
        kind = values.get("format") if isinstance(values, dict) else None
        expect(kind == FORMAT, "path", _FILE, path)
        expect(values.get("version") == VERSION, "version", f"{VERSION}; update mien", values.get("version"))
        names = ("mean", "covariance", "comparisons", "model", "sha256")
        missing = [name for name in names if name not in values]
        lacking = Words(f"{path} without {', '.join(missing)}")
        expect(not missing, "path", f"a whole taste file ({', '.join(names)})", lacking)
        count, known = values["comparisons"], (values["model"], values["sha256"])
        expect(isinstance(count, int) and 0 <= count < 1 << 60, "comparisons", "a whole number of at least 0", count)
        expect(all(isinstance(text, str) for text in known), "path", "a taste file that names its model", path)
        taste = cls(*(values[name] for name in names))
        if sha256 is not None:
            taste.check_model(sha256)
        return taste

    def check_model(self, sha256: str) -> None:
        """Raise ModelError unless this taste was learned on the network with that sha256."""
        if self.sha256 != sha256:
            raise ModelError(
                f"A taste must be used with the network it was learned on, {self.model!r} with sha256 "
                f"{self.sha256[:12]}. Got {sha256[:12]}; run 'mien taste fit' again on your comparisons."
            )

    def _comparisons(self, first: ArrayLike, second: ArrayLike, target: ArrayLike) -> tuple[Vector, Vector, Vector]:
        t = _numbers(target, "target").reshape(-1)
        expect(bool(np.isin(t, (0, 0.5, 1)).all()), "target", "1, 0.5 or 0 for each comparison", t.tolist()[:9])
        a, b = (
            self._faces(np.reshape(side, (0, self.width)) if np.size(side) == 0 else side, name)
            for side, name in ((first, "first"), (second, "second"))
        )
        for name, side in (("first", a), ("second", b)):
            expect(side.shape == (len(t), self.width), name, f"an array ({len(t)}, {self.width})", side.shape)
        return a, b, t

    def _faces(self, z: ArrayLike, name: str) -> Vector:
        z = _numbers(z, name)
        expect(z.ndim > 0 and z.shape[-1] == self.width, name, f"embeddings (..., {self.width})", z.shape)
        return z


def agreement(prior: Taste, first: ArrayLike, second: ArrayLike, target: ArrayLike) -> tuple[float, float]:
    """Share of answers that are predicted by the others, and that by the prior alone; ties do not count.

    NaN for fewer than two. first, second (P, D) and target (P,): see `Taste.fit`.
    """
    answer = np.asarray(target, np.float64)
    decided = answer != 0.5
    if decided.sum() < 2:
        return math.nan, math.nan
    personal, pool = prior.left_out(first, second, target), prior.preference(first, second).probability
    personal_right, pool_right = (float(((p > 0.5) == (answer > 0.5))[decided].mean()) for p in (personal, pool))
    return personal_right, pool_right


def _numbers(values: ArrayLike, name: str) -> Vector:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name!r} must be an array of numbers. Got {type(values).__name__}: {error}.") from error
    expect(bool(np.isfinite(array).all()), name, "finite numbers", Words("NaN or infinity"))
    return array
