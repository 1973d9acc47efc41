"""From Action Units to the emotion that a face displays, by an explicit linear evidence model.

A display is not a feeling: Barrett et al., "Emotional Expressions Reconsidered", Psychological Science in
the Public Interest, 2019.
"""

import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

import numpy as np

from mien.errors import InputError, expect, short_text
from mien.faces import EMOTIONS, ActionUnits, Emotion
from mien.facs import ACTION_UNITS, CODES, action_unit
from mien.geometry import Array

PROTOTYPES: dict[str, tuple[str, ...]] = {
    "happiness": ("AU06", "AU12"),
    "sadness": ("AU01", "AU04", "AU15", "AU17"),
    "anger": ("AU04", "AU05", "AU07", "AU23", "AU24"),
    "disgust": ("AU09", "AU10", "AU15"),
    "fear": ("AU01", "AU04", "AU05", "AU20"),
    "contempt": ("AU14",),
}
"""Units by which EMFACS tells emotions (Ekman & Friesen, "Facial Action Coding System: Investigator's Guide")."""
_TEXTS = ("source", "comment")
_HEADER = """\
# Evidence: log-odds of positive, neutral and negative = bias + sum of weight * strength of each Action Unit.
# The strength of a unit follows from its probability: 0 where it is absent, 1 at 0.5, 1.5 at 0.9, 2.1 at 0.99.
# A unit that is left out, and a weight that is not named, count as 0. Only differences within a line matter.
# `source` says what gives a unit its sign; the sizes were fitted to votes for emotions.
# Use it with: mien analyze PHOTO --evidence THIS_FILE
"""


_TRACE = math.exp(4)
_LARGEST_WEIGHT = 1e6
_MOST = 2.5


def strength(probability: Array) -> Array:
    """How strongly Action Units speak: log(1 + e^4 odds) / log(1 + e^4), odds = p / (1 - p), at most 2.5.

    0 where a unit is absent, 1 at probability 0.5, and in proportion to the log-odds above: what the network is nearly
    sure of says more than what it suspects, and a suspicion still says something.

    >>> strength(np.array([0.0, 0.01, 0.5, 0.9, 0.99])).round(2)
    array([0.  , 0.11, 1.  , 1.54, 2.14])
    """
    odds = probability / np.maximum(1 - probability, 1e-6)
    return np.asarray(np.minimum(np.log1p(_TRACE * odds) / math.log1p(_TRACE), _MOST))


@dataclass(frozen=True, slots=True)
class EvidenceModel:
    """Log-odds = bias + weights @ strength: bias (3,), weights (3, K) for positive, neutral, negative.

    sources: by code, where the weights of a unit come from, as a person wrote it into the file.
    """

    codes: tuple[str, ...]
    weights: Array
    bias: Array
    sources: dict[str, str] = field(default_factory=dict)

    def __call__(self, units: ActionUnits) -> Emotion:
        """Displayed emotion of Action Units (N, K), with what each unit contributes to the label."""
        missing = [code for code in self.codes if code not in units.codes]
        if missing:
            raise InputError(f"'units' must hold {', '.join(self.codes)}. Missing: {', '.join(missing)}.")
        present = strength(units.probability[:, [units.codes.index(code) for code in self.codes]])
        logits = self.bias + present @ self.weights.T
        probability = np.exp(logits - logits.max(1, keepdims=True))
        probability /= probability.sum(1, keepdims=True)
        label = probability.argmax(1)
        # What speaks for a label is what sets it apart from the two others.
        apart = 1.5 * (self.weights - self.weights.mean(0))
        return Emotion(probability, apart[label] * present, self.codes)

    @classmethod
    def from_dict(cls, rows: dict[str, dict[str, float]]) -> Self:
        """A model from rows `{"positive": {"bias": 0.1, "AU12": 3.2}, "neutral": ..., "negative": ...}`.

        A unit that a row does not name has weight 0 there. Raises InputError when a class is missing or a
        weight is no finite number.
        """
        if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
            raise InputError(f"'evidence' must map each class to a row of weights. Got {type(rows).__name__}.")
        if not set(EMOTIONS) <= set(rows):
            raise InputError(f"'evidence' must have the rows {', '.join(EMOTIONS)}. Got {', '.join(rows)}.")
        for name in EMOTIONS:
            for code, value in rows[name].items():
                expect(isinstance(code, str), "evidence", f"rows whose keys are texts such as 'AU12' ({name})", code)
                _check_weight(f"{code} {name}", value)
        codes = tuple(sorted({code for name in EMOTIONS for code in rows[name] if code != "bias"}))
        weights = np.array([[rows[name].get(code, 0.0) for code in codes] for name in EMOTIONS], np.float32)
        return cls(codes, weights, np.array([rows[name].get("bias", 0.0) for name in EMOTIONS], np.float32))

    def to_dict(self) -> dict[str, dict[str, float]]:
        """A row of weights a class, with its bias: what a card holds."""
        rows = {}
        for name, bias, row in zip(EMOTIONS, self.bias, self.weights, strict=True):
            rows[name] = {"bias": float(bias), **dict(zip(self.codes, map(float, row), strict=True))}
        return rows

    def to_yaml(self) -> str:
        """The text of a file for `load_evidence`: a row a unit with its name, muscle and source, to be edited.

        >>> model = EvidenceModel(("AU12",), np.array([[3.2], [0], [-0.6]], np.float32), np.zeros(3, np.float32))
        >>> print(model.to_yaml().splitlines()[-2])
        # AU12 lip corner puller (zygomaticus major): lip corners go up and out
        """
        lines = [_HEADER, f"bias: {{{_numbers(self.bias)}}}"]
        for code, weights in zip(self.codes, self.weights.T, strict=True):
            source = json.dumps(self.sources.get(code, literature(code)), ensure_ascii=False)
            lines += ["", f"# {_title(code)}", f"{code}: {{{_numbers(weights)}, source: {source}}}"]
        return "\n".join(lines) + "\n"


def literature(code: str) -> str:
    """Which prototypes of EMFACS, Ekman & Friesen (1978, 2002), give the weights of a unit their sign.

    >>> literature("AU04")
    'EMFACS (Ekman & Friesen): sadness, anger, fear'
    """
    found = [name for name, codes in PROTOTYPES.items() if code in codes]
    return f"EMFACS (Ekman & Friesen): {', '.join(found)}" if found else "goes with several displays: sign is free"


def load_evidence(path: Path | str) -> EvidenceModel:
    """An evidence model from a YAML or JSON file, with a row a unit or a row a class.

    A row a unit, as `EvidenceModel.to_yaml` writes it: `AU12: {positive: 3.2, negative: -0.6, source: "..."}`
    and `bias: {positive: -1.5}`; a `source` and a `comment` may stand beside the weights. A row a class, as a
    card holds it: see `EvidenceModel.from_dict`. What is not named is 0. Raises InputError with file and key.
    """
    content = _read(Path(path))
    try:
        if set(content) & set(EMOTIONS):
            model = EvidenceModel.from_dict(content)
        else:
            model = replace(EvidenceModel.from_dict(_by_class(content)), sources=_sources(content))
        for code in model.codes:
            _check_known(code, CODES)
    except InputError as error:
        raise InputError(f"{error} See the file {str(path)!r}.") from error
    return model


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    # PyYAML lets through what a wrong tag makes it raise: `!!bool x` a KeyError, `!!timestamp x` an AttributeError.
    except (OSError, ValueError, LookupError, AttributeError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"'evidence' must be a readable YAML or JSON file. Got {str(path)!r}: {error}") from error
    if not isinstance(content, dict):
        raise InputError(
            f"'evidence' must have a row for each Action Unit. Got {short_text(content)} in {str(path)!r}."
        )
    return {str(key): value for key, value in content.items()}


def _by_class(units: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Rows a class from rows a unit."""
    for code, row in units.items():
        _check_known(code, ("bias", *CODES))
        if not isinstance(row, dict):
            raise InputError(f"{code!r} must be a row such as {{positive: 1.5, negative: -0.5}}. Got {row!r}.")
        for key in row:
            _check_known(str(key), (*EMOTIONS, *_TEXTS), f" of {code}")
    return {name: {code: row.get(name, 0.0) for code, row in units.items()} for name in EMOTIONS}


def _sources(units: dict[str, Any]) -> dict[str, str]:
    return {code: str(row["source"]) for code, row in units.items() if row.get("source")}


def _check_weight(key: str, value: Any) -> None:
    # The range comes first, since a whole number may be too large for a float.
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST_WEIGHT
    if not number or not math.isfinite(value):
        raise InputError(f"{key!r} must be a finite number such as 0.5. Got {short_text(value)}.")


def _check_known(key: str, known: Collection[str], place: str = "") -> None:
    """Refuse a key that is not known, with the nearest one that is; Action Units are found by name too."""
    if key in known:
        return
    names = {unit.name: unit.code for unit in ACTION_UNITS if unit.code in known}
    number = re.search(r"\d+", key)
    wanted = f"AU{int(number[0]):02d}" if number else key
    near = get_close_matches(wanted, [*known, *names], 1, 0.0)[0]
    hint = f"{names[near]} ({near})" if near in names else near
    raise InputError(f"A key{place} must be one of {', '.join(known)}. Got {key!r}. Did you mean {hint}?")


def _numbers(values: Array) -> str:
    """The shortest decimals that read back as the same numbers; YAML takes '1e-05' for a text."""
    texts = (np.format_float_positional(value, trim="0") for value in values)
    return ", ".join(f"{name}: {text}" for name, text in zip(EMOTIONS, texts, strict=True))


def _title(code: str) -> str:
    if code not in CODES:
        return code
    unit = action_unit(code)
    return f"{code} {unit.name} ({unit.muscle}): {unit.sign}"
