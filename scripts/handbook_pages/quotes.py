"""Numbers that a page quotes from a study: read in docs/studies/*.json, compared, brought up to date.

A quoted number is followed by a comment that says where it is from, which a reader does not see:

    0.893<!--study: au-or-classes; ferplus, all; macro-F1; direct network-->

that is the study, words that pick one row, the column, and possibly `sd`, `low` or `high` in place of the mean. What
was measured of a model that is part of mien is read in its card: the model, dataset, split and metric.

    4.91<!--card: age; utkface; test; MAE-->

A number with a percent sign is a hundred times the cell.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STUDIES = ROOT / "docs" / "studies"
CARDS = ROOT / "src" / "mien" / "weights"
NUMBER = r"(?P<number>[-−]?\d[\d,]*(?:\.\d+)?)(?P<percent>\s?%)?"
QUOTE = re.compile(NUMBER + r"(?:\*\*)?<!--(?P<kind>study|card): (?P<source>[^>]*?)-->")
KEYS = {"": ("mean", "value"), "sd": ("spread", "sd"), "low": ("low",), "high": ("high",)}


@cache
def load(study: str) -> dict[str, Any]:
    """The JSON of a study."""
    return json.loads((STUDIES / f"{study}.json").read_text(encoding="utf-8"))


def tables(study: str) -> Iterator[dict[str, Any]]:
    """Its table and further tables."""
    yield load(study)["table"]
    yield from load(study).get("further", {}).values()


def cell(study: str, *names: str) -> Any:
    """The cell of the row that holds all names but the last, which is the column.

    >>> round(cell("au-or-classes", "ferplus, all", "macro-F1", "direct network")["value"], 1)
    0.9
    """
    *keys, column = names
    cells = [
        row[table["columns"].index(column)]
        for table in tables(study)
        if column in table["columns"]
        for row in table["rows"]
        if {str(word) for word in row if isinstance(word, str | int)} >= set(keys)
    ]
    if len(cells) != 1:
        raise LookupError(f"{study}; {'; '.join(names)} must name one cell. Got {len(cells)}: add or mend a word.")
    return cells[0]


def value(study: str, *names: str) -> float:
    """The number of a cell; the last name may be a key of KEYS."""
    statistic = names[-1] if names[-1] in KEYS else ""
    content = cell(study, *(names[:-1] if statistic else names))
    if not isinstance(content, dict):
        return float(content)
    return float(next(content[key] for key in KEYS[statistic] if key in content))


def card_value(model: str, data: str, split: str, metric: str, statistic: str = "value") -> float:
    """A number of a model card."""
    reports = json.loads((CARDS / f"{model}.json").read_text(encoding="utf-8"))["metrics"]
    values = [
        row[statistic]
        for report in reports
        if (report["data"], report["split"]) == (data, split)
        for row in report["rows"]
        if row["name"] == metric
    ]
    if len(values) != 1:
        raise LookupError(f"{model}; {data}; {split}; {metric} must name one row of the card. Got {len(values)}.")
    return float(values[0])


@dataclass(frozen=True, slots=True)
class Quote:
    """A number as the page has it, and where it is from."""

    number: str
    percent: bool
    source: tuple[str, ...]
    kind: str = "study"

    @property
    def truth(self) -> float:
        """The number in the study, in the page's unit."""
        read = value if self.kind == "study" else card_value
        return read(*self.source) * (100 if self.percent else 1)

    @property
    def due(self) -> str:
        """The number as the page ought to have it, with as many decimals."""
        decimals = len(self.number.partition(".")[2])
        text = f"{self.truth:,.{decimals}f}" if "," in self.number else f"{self.truth:.{decimals}f}"
        return text.replace("-", "−") if "−" in self.number or text.startswith("-") else text


def _quote(match: re.Match[str]) -> Quote:
    source = tuple(word.strip() for word in match["source"].split(";"))
    return Quote(match["number"], match["percent"] is not None, source, match["kind"])


def quotes(text: str) -> list[Quote]:
    """All quoted numbers in the order of the text."""
    return [_quote(match) for match in QUOTE.finditer(text)]


def update(text: str) -> str:
    """The text with each quoted number as the study has it."""
    return QUOTE.sub(lambda match: match[0].replace(match["number"], _quote(match).due, 1), text)
