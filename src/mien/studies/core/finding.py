"""What a study returns, and how it tells a difference from the spread over seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from matplotlib.figure import Figure
from scipy.special import stdtrit

from mien.studies.core.bootstrap import Estimate

Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True)
class Measured:
    """One number a seed; NaN where it is undefined, such as the steps to an error that was never reached.

    >>> print(Measured((1.0, 2.0, 3.0)))
    2 ± 1
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds where it is defined."""
        known = self._known()
        return float(np.mean(known)) if known else float("nan")

    @property
    def spread(self) -> float:
        """Standard deviation over seeds, n - 1 in the denominator; NaN for fewer than two."""
        known = self._known()
        if len(known) < 2:
            return float("nan")
        spread = float(np.std(known, ddof=1))
        return spread if spread > 1e-12 * abs(self.mean) else 0.0

    def _known(self) -> list[float]:
        return [value for value in self.values if not np.isnan(value)]

    def __str__(self) -> str:
        known = self._known()
        if not known:
            return "never"
        text = short(self.mean) if len(known) == 1 else f"{short(self.mean)} ± {short(self.spread, 2)}"
        return text if len(known) == len(self.values) else f"{text} ({len(known)} of {len(self.values)})"


def short(value: float, digits: int = 3) -> str:
    """Few digits, and no power of ten where the number is large.

    >>> short(1234.5), short(0.12345, 2)
    ('1234', '0.12')
    """
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e+" in text else text


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of a - b over seeds with its 95 % interval; `sign` is 0 unless the interval leaves zero out."""

    mean: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 if a is larger beyond the spread over seeds, -1 if smaller, 0 if that cannot be said."""
        return int(self.low > 0) - int(self.high < 0)


def difference(a: Measured, b: Measured) -> Difference:
    """Paired by seed: d = a - b, mean(d) ± t(0.975, n - 1) std(d) / sqrt(n).

    With one seed, or where a value is undefined, nothing can be said: the interval is infinite. Student,
    "The probable error of a mean", Biometrika 1908.

    >>> difference(Measured((1.0, 1.1, 0.9)), Measured((2.0, 2.1, 2.0))).sign
    -1
    """
    paired = np.subtract(a.values, b.values)
    if len(paired) < 2 or np.isnan(paired).any():
        return Difference(float(np.mean(paired)), -np.inf, np.inf)
    mean = float(paired.mean())
    half = float(stdtrit(len(paired) - 1, 0.975) * paired.std(ddof=1) / np.sqrt(len(paired)))
    if abs(mean) <= 1e-9 * float(np.abs([a.values, b.values]).max()):
        mean = 0.0  # rounding errors of equal numbers
    return Difference(mean, mean - half, mean + half)


def compare(what: str, a: tuple[str, Measured], b: tuple[str, Measured]) -> str:
    """A sentence that says which of two named measurements is larger, or that the seeds do not tell."""
    gap = difference(a[1], b[1])
    numbers = f"{short(a[1].mean)} against {short(b[1].mean)}"
    if not np.isfinite(gap.low):
        return f"{what}: {a[0]} against {b[0]} cannot be told ({numbers}; one seed, or not defined in each)."
    low, middle, high = (short(value, 2) for value in (gap.low, gap.mean, gap.high))
    interval = f"difference {middle}, 95 % interval {low} to {high}"
    if gap.sign == 0:
        return f"{what}: no difference between {a[0]} and {b[0]} beyond the spread over seeds ({numbers}; {interval})."
    word = "higher" if gap.sign > 0 else "lower"
    return f"{what}: {word} with {a[0]} than with {b[0]} ({numbers}; {interval})."


def gather(outcomes: Sequence[Mapping[str, float]]) -> dict[str, Measured]:
    """One mapping a seed -> one Measured a name."""
    return {name: Measured(tuple(float(outcome[name]) for outcome in outcomes)) for name in outcomes[0]}


Cell = str | float | Measured | Estimate


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns, units in their names, and rows of cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def texts(self) -> list[list[str]]:
        """All cells as words."""
        return [[short(cell) if isinstance(cell, float) else str(cell) for cell in row] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of a study. The first line of the verdict stands alone; `settings` is what JSON can hold.

    data: where the samples come from, with their number, in words. note: what the cells and a difference mean, where
    that is not the spread over seeds. further: other tables by their titles.
    """

    table: Table
    figure: Figure
    verdict: str
    settings: dict[str, Any]
    data: str
    note: str = ""
    further: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Study(Generic[Settings]):
    """A question and how it is answered.

    text: the module's docstring, in Markdown; its first line is the question. run: settings, seeds and faces
    (None: data of its own) -> Finding. takes_faces: whether it makes sense on faces. needs_folder: it runs on several
    files of a folder, and gets that folder in place of faces.
    """

    text: str | None
    run: Callable[[Settings, tuple[int, ...], Any], Finding]
    full: Settings
    quick: Settings
    takes_faces: bool = False
    needs_folder: bool = False

    @property
    def question(self) -> str:
        """The first line."""
        return (self.text or "").strip().partition("\n")[0]
