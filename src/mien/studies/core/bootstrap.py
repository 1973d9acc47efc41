"""Estimates with an interval from resampled faces, and differences between estimates on the same faces."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mien.faces.parts import Array

Rows = NDArray[np.int64]
Measure = Callable[[Rows], float]
"""Rows of the faces that count, with repeats -> a number, NaN where it is undefined."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure with what it was on each resampled set of faces (R,).

    >>> print(Estimate(0.5, np.linspace(0.4, 0.6, 101)))
    0.5 (0.405 to 0.595)
    """

    value: float
    draws: Array = field(repr=False, compare=False, default_factory=lambda: np.full(1, np.nan))

    @property
    def low(self) -> float:
        """Lower end of the 95 % percentile interval."""
        return self._quantile(0.025)

    @property
    def high(self) -> float:
        """Upper end of the 95 % percentile interval."""
        return self._quantile(0.975)

    @property
    def sign(self) -> int:
        """1 or -1 where the interval leaves zero out, else 0."""
        return int(self.low > 0) - int(self.high < 0)

    def __sub__(self, other: "Estimate") -> "Estimate":
        """Difference of two measures of the same draws, paired draw by draw."""
        return Estimate(self.value - other.value, self.draws - other.draws)

    def relative_loss(self, other: "Estimate", floor: float = 0.0) -> "Estimate":
        """1 - (other - floor) / (self - floor): the part of this measure that the other one has lost.

        floor: what guessing gives; undefined where this measure is not above it.
        """
        above = np.where(self.draws > floor, self.draws - floor, np.nan)
        value = 1 - (other.value - floor) / (self.value - floor) if self.value > floor else float("nan")
        return Estimate(value, 1 - (other.draws - floor) / above)

    def _quantile(self, at: float) -> float:
        known = self.draws[~np.isnan(self.draws)]
        return float(np.quantile(known, at)) if len(known) else float("nan")

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "undefined"
        return f"{self.value:.3g}" if np.isnan(self.low) else f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


def resample(cluster: NDArray[np.int64] | None, count: int, rounds: int, seed: int = 0) -> list[Rows]:
    """`rounds` sets of rows drawn with replacement: face by face, or whole clusters (N,), such as people.

    Pictures of one person are alike: drawing them one by one would make the interval too narrow. Davison & Hinkley,
    "Bootstrap Methods and their Application", 1997, section 3.8.

    >>> [len(rows) for rows in resample(np.array([0, 0, 1, 1]), 4, 2)]
    [4, 4]
    """
    rng = np.random.default_rng(seed)
    if cluster is None:
        return [rng.integers(0, count, count) for _ in range(rounds)]
    groups = [np.flatnonzero(cluster == label) for label in np.unique(cluster)]
    return [np.concatenate([groups[k] for k in rng.integers(0, len(groups), len(groups))]) for _ in range(rounds)]


def estimate(measure: Measure, count: int, draws: Sequence[Rows]) -> Estimate:
    """A measure on all faces, and on every draw of them."""
    return Estimate(measure(np.arange(count)), np.array([measure(rows) for rows in draws]))


def against(what: str, a: tuple[str, Estimate], b: tuple[str, Estimate]) -> str:
    """A sentence that says which of two named estimates is larger, or that the faces do not tell."""
    apart = a[1] - b[1]
    numbers = f"{a[1].value:.3f} against {b[1].value:.3f}"
    interval = f"difference {apart.value:+.3f}, 95 % interval {apart.low:+.3f} to {apart.high:+.3f}"
    if np.isnan(apart.low):
        return f"{what}: {a[0]} against {b[0]} cannot be told ({numbers})."
    if apart.sign == 0:
        return f"{what}: no sure difference between {a[0]} and {b[0]} ({numbers}; {interval})."
    return f"{what}: {'higher' if apart.sign > 0 else 'lower'} with {a[0]} than with {b[0]} ({numbers}; {interval})."


def leaders(estimates: Mapping[str, Estimate], least: bool = False) -> list[str]:
    """The best of the named estimates first, then those that are not surely behind it.

    >>> leaders({"a": Estimate(1.0, np.array([1.0, 1.1])), "b": Estimate(0.0, np.array([0.0, 0.1]))})
    ['a']
    """
    known = {name: candidate for name, candidate in estimates.items() if not np.isnan(candidate.value)}
    if not known:
        return []
    turn = -1 if least else 1
    best = max(known, key=lambda name: turn * known[name].value)
    close = [name for name, candidate in known.items() if name != best and (known[best] - candidate).sign != turn]
    return [best, *close]
