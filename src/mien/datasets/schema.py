"""What the columns of a table may hold. Faults are found before any image is decoded."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.expression.emotion import DISPLAYS
from mien.tasks import ColumnLabel

Where = Callable[[int], str]
"""Row -> words that name it in a message, such as `faces.csv, row 12 (a/b.jpg)`."""

VOTES = DISPLAYS
_AGE_GROUP = re.compile(r"\d+-\d+|\d+\+|more than \d+")


@dataclass(frozen=True, slots=True)
class Field:
    """What one column may hold: a number in low..high, a text, or a list of `length` numbers."""

    kind: Literal["number", "text", "list"]
    low: float = -np.inf
    high: float = np.inf
    allowed: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    length: int = 0
    advice: str = "Correct these rows or leave their cells empty."

    @property
    def expected(self) -> str:
        """In words."""
        if self.kind == "list":
            return f"a list of {self.length} numbers"
        if self.kind == "text":
            return f"one of {', '.join(self.allowed)}" if self.allowed else "an age group such as '30-39' or '70+'"
        if np.isfinite([self.low, self.high]).all():
            return f"a number from {self.low:g} to {self.high:g}"
        return f"a number of at least {self.low:g}" if np.isfinite(self.low) else "a finite number"


_UNIT = Field("number", 0, 1, advice="Intensities of FACS (A to E, 1 to 5) must be divided by 5.")
_ANGLE = Field("number", -180, 180)
FIELDS: dict[str, Field] = {
    "age": Field("number", 0, 120),
    "age_group": Field("text", pattern=_AGE_GROUP),
    "rating": Field("number"),
    "n_raters": Field("number", 0),
    **dict.fromkeys(("yaw", "pitch", "roll"), _ANGLE),
    "landmarks": Field("list", length=136, advice="Give 68 x, y pairs in pixels of the picture."),
    **dict.fromkeys((*VOTES, "unknown", "NF"), Field("number", 0)),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Values of a column that are not what the field allows: the first three rows with them, and how many in all."""

    column: str
    field: Field
    rows: tuple[int, ...]
    values: tuple[Any, ...]
    count: int

    def describe(self, where: Where) -> str:
        """One line that says what was expected, what came where, what to do."""
        shown = "; ".join(f"{value!r} in {where(row)}" for row, value in zip(self.rows, self.values, strict=True))
        more = self.count - len(self.rows)
        further = f"; and {more} further row{'s' if more > 1 else ''}" if more else ""
        return f"{self.column!r} must be {self.field.expected}. Got {shown}{further}. {self.field.advice}"


def field_of(name: str, columns: Mapping[str, Any]) -> Field | None:
    """The field of a column by its name, or None where mien gives the name no meaning.

    >>> field_of("AU12", {}).expected
    'a number from 0 to 1'
    """
    if re.fullmatch(r"AU\d+(_left|_right)?", name):
        return _UNIT
    if name in (*VOTES, "unknown", "NF") and not set(VOTES) <= set(columns):
        return None
    return FIELDS.get(name)


def check_columns(columns: Mapping[str, Any], extra: Sequence[ColumnLabel] = (), where: Where | None = None) -> None:
    """Raise InputError for the first faulty column: file, row, value, what is allowed, how many rows have the fault."""
    for fault in find_faults(columns, extra):
        raise InputError(fault.describe(where or (lambda row: f"row {row}")))


def find_faults(columns: Mapping[str, Any], extra: Sequence[ColumnLabel] = ()) -> Iterator[Fault]:
    """Faults of all columns that mien knows by name or that `extra` names, column by column.

    Raises InputError for a column of `extra` that the table lacks, with the nearest name.
    """
    fields = {name: field for name in columns if (field := field_of(name, columns)) is not None}
    for label in extra:
        for name in label.columns:
            check_named(name, columns)
            fields[name] = _field_of_label(label, columns[name])
    for name, field in fields.items():
        bad = np.flatnonzero(_faulty(columns[name], field))
        if len(bad):
            values = tuple(_plain(columns[name][row]) for row in bad[:3])
            yield Fault(name, field, tuple(int(row) for row in bad[:3]), values, len(bad))


def check_distinct(names: Sequence[str], path: object) -> None:
    """Raise InputError for a name that two columns of a table have."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        shown = ", ".join(map(repr, twice))
        raise InputError(f"The columns of {str(path)!r} must have different names. Got {shown} more than once.")


def check_named(name: str, columns: Iterable[str], table: str = "the table") -> None:
    """Raise InputError, with the nearest name, unless the column is there."""
    if name in columns:
        return
    near = get_close_matches(name, list(columns), 1)
    advice = f" Did you mean {near[0]!r}?" if near else ""
    raise InputError(f"{name!r} must be a column of {table}. Got the columns {', '.join(sorted(columns))}.{advice}")


def _field_of_label(label: ColumnLabel, values: NDArray[Any]) -> Field:
    if label.kind == "class":
        return Field("text", allowed=label.classes or classes_of(values))
    if label.kind == "binary":
        return Field("number", max(label.low, 0.0), min(label.high, 1.0))
    return Field("number", label.low, label.high)


def _faulty(values: NDArray[Any], field: Field) -> NDArray[np.bool_]:
    if field.kind == "list":
        return np.array([not _is_list(value, field.length) for value in values], bool)
    if field.kind == "text":
        cells = texts(values)
        known = set(field.allowed)
        fits = (lambda t: bool(field.pattern.fullmatch(t))) if field.pattern else known.__contains__
        return np.array([text is not None and not fits(text) for text in cells], bool)
    numbers, wrong = numbers_of(values)
    outside = np.isinf(numbers) | (numbers < field.low) | (numbers > field.high)
    return np.asarray(wrong | outside, bool)


def numbers_of(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Values (N,) as floats, NaN where missing, and where they (N,) are no numbers at all.

    >>> numbers_of(np.array(["3", "", None, "x"], object))
    (array([ 3., nan, nan, nan]), array([False, False, False,  True]))
    """
    values = np.asarray(values)
    if values.dtype.kind in "fiub":
        return values.astype(np.float64), np.zeros(len(values), bool)
    numbers, wrong = np.full(len(values), np.nan), np.zeros(len(values), bool)
    for row, value in enumerate(values):
        if is_missing(value):
            continue
        try:
            numbers[row] = float(value)
            wrong[row] = isinstance(value, str) and "_" in value  # float("1_2") is 12
        except (TypeError, ValueError):
            wrong[row] = True
    return numbers, wrong


def texts(values: NDArray[Any]) -> list[str | None]:
    """Values as texts, None where missing; a whole number stays one though gaps made its column float.

    >>> texts(np.array([1.0, np.nan])), texts(np.array(["a", ""]))
    (['1', None], ['a', None])
    """
    return [None if is_missing(value) else _text(value) for value in values]


def classes_of(values: NDArray[Any]) -> tuple[str, ...]:
    """All different texts, sorted."""
    return tuple(sorted({text for text in texts(values) if text is not None}))


def is_missing(value: Any) -> bool:
    """Whether a cell holds nothing: null, NaN, or an empty text."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _is_list(value: Any, length: int) -> bool:
    if is_missing(value):
        return True
    try:
        numbers = np.asarray(value, np.float32)
    except (TypeError, ValueError):
        return False
    return numbers.size == length and not np.isinf(numbers).any()


def _plain(value: Any) -> Any:
    """A value as a message shows it."""
    value = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    return f"a list of {len(value)}" if isinstance(value, list) else value
