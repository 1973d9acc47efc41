"""What is known of faces, a struct of arrays for each kind of estimate."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mien.faces.columns import equal_columns

Array = NDArray[Any]
EMOTIONS: tuple[str, str, str] = ("positive", "neutral", "negative")
SCORE_NUMBERS = ("score", "low", "high", "percentile", "percentile_low", "percentile_high")
CLEAR_MARGIN = 0.2
"""A display is clear where the label is at least this much more probable than the second class."""


class _Columns:
    """Arrays that share their first axis; indexing indexes them all, other fields stay as they are."""

    def __getitem__(self, index: Any) -> Self:
        picked = {
            f.name: getattr(self, f.name)[index]
            for f in fields(self)  # type: ignore[arg-type]
            if isinstance(getattr(self, f.name), np.ndarray | _Columns)
        }
        return replace(self, **picked)  # type: ignore[type-var]

    def __eq__(self, other: object) -> bool:
        return equal_columns(self, other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, eq=False)
class Pose(_Columns):
    """Head pose in degrees: yaw to the person's left, pitch downwards, roll counter-clockwise; each (N,)."""

    yaw: Array
    pitch: Array
    roll: Array

    def to_dict(self) -> dict[str, float]:
        """Plain values of one face."""
        return {"yaw": float(self.yaw), "pitch": float(self.pitch), "roll": float(self.roll)}


@dataclass(frozen=True, slots=True, eq=False)
class ActionUnits(_Columns):
    """Action Units: probability (N, K) in 0..1 that a unit is active, intensity (N, K) in 0..5.

    A unit counts as active from intensity 1 on, the first trace of FACS.
    """

    probability: Array
    intensity: Array
    codes: tuple[str, ...]

    @property
    def active(self) -> Array:
        """Whether each unit is there (N, K)."""
        return np.asarray(self.intensity >= 1)

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Plain values of one face, by code."""
        pairs = zip(self.codes, self.probability, self.intensity, strict=True)
        return {code: {"probability": float(p), "intensity": float(i)} for code, p, i in pairs}


@dataclass(frozen=True, slots=True, eq=False)
class Emotion(_Columns):
    """Displayed emotion: probability (N, 3) of positive, neutral, negative; contribution (N, K) by unit.

    A contribution is what a unit adds to the log-odds of the label that was given, against the mean of the
    two others. category: which of eight displays it is (happiness, anger, surprise ...), where the evidence tells.
    """

    probability: Array
    contribution: Array
    codes: tuple[str, ...]
    category: Category | None = None

    @property
    def label(self) -> Any:
        """Most probable class: a string for one face, an array (N,) of strings for several."""
        picked = np.array(EMOTIONS)[np.argmax(self.probability, axis=-1)]
        return str(picked) if np.ndim(picked) == 0 else picked

    @property
    def margin(self) -> Any:
        """Probability of the label minus that of the second class, 0..1: (N,), or a number for one face."""
        ordered = np.sort(self.probability, axis=-1)
        return ordered[..., -1] - ordered[..., -2]

    @property
    def clear(self) -> Any:
        """Whether the margin is at least `CLEAR_MARGIN`: (N,), or a truth value for one face."""
        return self.margin >= CLEAR_MARGIN

    @property
    def evidence(self) -> list[Any]:
        """Units that speak for the label, strongest first: [(code, contribution), ...] for one face."""
        if self.contribution.ndim > 1:
            return [self[i].evidence for i in range(len(self.contribution))]
        order = np.argsort(-self.contribution)
        return [(self.codes[i], float(self.contribution[i])) for i in order if self.contribution[i] > 0.05]

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face."""
        named = dict(zip(EMOTIONS, (float(p) for p in self.probability), strict=True))
        sure = {"margin": float(self.margin), "clear": bool(self.clear)}
        category = None if self.category is None else self.category.to_dict()
        evidence = [list(pair) for pair in self.evidence]
        return {"label": self.label, **named, **sure, "category": category, "evidence": evidence}


@dataclass(frozen=True, slots=True, eq=False)
class Displays(_Columns):
    """What Action Units display together, see `mien.expression.displays`.

    pain (N,) displayed pain expression, 0..16; smile (N,) 'none', 'smile' or 'smile with raised cheeks', empty
    where unknown; smile_strength and cheek_strength (N,) intensities of AU12 and AU06, 0..5. NaN where unknown.
    """

    pain: Array
    smile: Array
    smile_strength: Array
    cheek_strength: Array

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face; None where a unit is missing."""
        numbers = {name: float(getattr(self, name)) for name in ("pain", "smile_strength", "cheek_strength")}
        known = {name: value if np.isfinite(value) else None for name, value in numbers.items()}
        return {"pain": known.pop("pain"), "smile": str(self.smile) or None, **known}


@dataclass(frozen=True, slots=True, eq=False)
class Age(_Columns):
    """Apparent age in years: value, low and high (N,); the interval covers the truth `coverage` of the time."""

    value: Array
    low: Array
    high: Array
    coverage: float = 0.9

    def to_dict(self) -> dict[str, float]:
        """Plain values of one face."""
        ends = {"value": float(self.value), "low": float(self.low), "high": float(self.high)}
        return {**ends, "coverage": self.coverage}


@dataclass(frozen=True, slots=True, eq=False)
class Attractiveness(_Columns):
    """Mean opinion of a rater pool: score (N,), and percentile (N,) among the faces that the pool rated.

    low, high (N,) and the same as percentiles: the pool's own score lies between them `coverage` of the time; None
    where the model's card does not tell. embedding (N, D): what the network makes the score of, never written out.
    All are NaN where no score is given, as for faces that look like children.
    """

    score: Array
    percentile: Array
    pool: str
    low: Array | None = None
    high: Array | None = None
    percentile_low: Array | None = None
    percentile_high: Array | None = None
    coverage: float | None = None
    embedding: Array | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face; None for what is not known, and for all numbers where no score is given."""
        numbers = {name: _plain(getattr(self, name)) for name in SCORE_NUMBERS}
        return {**numbers, "coverage": self.coverage, "pool": self.pool}


def _plain(value: Array | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


@dataclass(frozen=True, slots=True, eq=False)
class Category(_Columns):
    """One of several classes that a user's own model predicts: probability (N, K)."""

    probability: Array
    classes: tuple[str, ...]

    @property
    def label(self) -> Any:
        """Most probable class: a string for one face, an array (N,) of strings for several."""
        picked = np.array(self.classes)[np.argmax(self.probability, axis=-1)]
        return str(picked) if np.ndim(picked) == 0 else picked

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face."""
        named = dict(zip(self.classes, (float(p) for p in self.probability), strict=True))
        return {"label": self.label, "probability": named}


@dataclass(frozen=True, slots=True, eq=False)
class Quantity(_Columns):
    """A number that a user's own model estimates: value (N,)."""

    value: Array

    def to_dict(self) -> dict[str, float]:
        """Plain values of one face."""
        return {"value": float(self.value)}


@dataclass(frozen=True, slots=True, eq=False)
class Flags(_Columns):
    """Properties that may hold together, predicted by a user's own model: probability (N, K)."""

    probability: Array
    names: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face."""
        return {"probability": dict(zip(self.names, (float(p) for p in self.probability), strict=True))}


Attribute = Category | Quantity | Flags


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """What users' own models estimate, by name: `attributes["glasses"]`; any other index picks faces."""

    named: dict[str, Attribute]

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.named[key]
        return Attributes({name: estimate[key] for name, estimate in self.named.items()})

    def __eq__(self, other: object) -> bool:
        return equal_columns(self, other)

    __hash__ = None  # type: ignore[assignment]

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face."""
        return {name: estimate.to_dict() for name, estimate in self.named.items()}
