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
from mien.faces import EMOTIONS, ActionUnits, Category, Emotion
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
SPEAKS_FOR: dict[str, tuple[str, ...]] = {
    "happiness": (*PROTOTYPES["happiness"], "AU07", "AU25", "AU26", "AU43"),
    "neutral": (),
    "anger": (*PROTOTYPES["anger"], "AU10", "AU17", "AU25", "AU26"),
    "disgust": (*PROTOTYPES["disgust"], "AU17", "AU25", "AU26", "AU43"),
    "fear": (*PROTOTYPES["fear"], "AU02", "AU25", "AU26"),
    "sadness": (*PROTOTYPES["sadness"], "AU20", "AU43"),
    "contempt": (*PROTOTYPES["contempt"], "AU10"),
    "surprise": ("AU01", "AU02", "AU05", "AU25", "AU26"),
}
"""Units that may speak for each of eight displays: the prototypes of EMFACS, and what laughing, shouting, crying and
squinting add to them. Weights are never negative: what speaks against a display speaks for another one."""
GROUPS: dict[str, tuple[str, ...]] = {
    "positive": ("happiness",),
    "neutral": ("neutral",),
    "negative": ("anger", "disgust", "fear", "sadness", "contempt"),
}
"""The displays that each of the three shown classes holds; surprise is in none."""
DISPLAYS: tuple[str, ...] = tuple(SPEAKS_FOR)
"""The eight displays, in the order of votes and of weights."""
_TEXTS = ("source", "comment")
_HEADER = """\
# Evidence: log-odds of each class = bias + sum of weight * strength of each Action Unit.
# Classes are positive, neutral and negative, or the eight displays: happiness is positive; anger, disgust, fear,
# sadness and contempt are negative together; surprise counts for neither.
# The strength of a unit follows from its probability: 0 where it is absent, 1 at 0.5, 1.5 at 0.9, 2.1 at 0.99.
# A unit that is left out, and a weight that is not named, count as 0. Only differences within a line matter.
# `source` says what gives a unit its sign; the sizes were fitted to votes for emotions.
# Use it with: mien analyze PHOTO --evidence THIS_FILE
"""


_LARGEST_WEIGHT = 1e6
TRACE = 4.0
"""Log-odds below zero at which an Action Unit begins to count."""
MOST = 2.5
"""The most that a unit can say, in strengths of a unit of probability one half."""


def strength(probability: Array) -> Array:
    """How strongly Action Units speak: log(1 + e^4 odds) / log(1 + e^4), odds = p / (1 - p), at most 2.5.

    0 where a unit is absent, 1 at probability 0.5, and in proportion to the log-odds above: what the network is nearly
    sure of says more than what it suspects, and a suspicion still says something.

    >>> strength(np.array([0.0, 0.01, 0.5, 0.9, 0.99])).round(2)
    array([0.  , 0.11, 1.  , 1.54, 2.14])
    """
    odds = probability / np.maximum(1 - probability, 1e-6)
    return np.asarray(np.minimum(np.log1p(math.exp(TRACE) * odds) / math.log1p(math.exp(TRACE)), MOST))


@dataclass(frozen=True, slots=True)
class EvidenceModel:
    """Log-odds = bias + weights @ strength: bias (C,), weights (C, K) for each class.

    classes: positive, neutral, negative, or the eight `DISPLAYS`, which are folded into these three by `GROUPS`.
    sources: by code, where the weights of a unit come from, as a person wrote it into the file.
    """

    codes: tuple[str, ...]
    weights: Array
    bias: Array
    sources: dict[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = EMOTIONS

    def __call__(self, units: ActionUnits) -> Emotion:
        """Displayed emotion of Action Units (N, K), with what each unit contributes to the label.

        With eight displays the three classes share what surprise leaves, and a class speaks with the voices of its
        displays, each as loud as it is probable.
        """
        missing = [code for code in self.codes if code not in units.codes]
        if missing:
            raise InputError(f"'units' must hold {', '.join(self.codes)}. Missing: {', '.join(missing)}.")
        present = strength(units.probability[:, [units.codes.index(code) for code in self.codes]])
        shares = _softmax(self.bias + present @ self.weights.T)
        grouped = shares[:, None] * self._membership()
        total = grouped.sum(2)
        voices = (grouped / np.maximum(total, np.finfo(np.float32).tiny)[..., None]) @ self.weights
        probability = total / np.maximum(total.sum(1, keepdims=True), np.finfo(np.float32).tiny)
        label = probability.argmax(1)
        # What speaks for a label is what sets it apart from the two others.
        apart = 1.5 * (voices[np.arange(len(label)), label] - voices.mean(1))
        category = None if self.classes == EMOTIONS else Category(shares, self.classes)
        return Emotion(probability, apart * present, self.codes, category)

    def _membership(self) -> Array:
        """1 where a class (C) belongs to positive, neutral or negative (3, C)."""
        groups = {name: (name,) for name in EMOTIONS} if self.classes == EMOTIONS else GROUPS
        return np.array([[float(name in groups[emotion]) for name in self.classes] for emotion in EMOTIONS])

    @classmethod
    def from_dict(cls, rows: dict[str, dict[str, float]]) -> Self:
        """A model from rows `{"positive": {"bias": 0.1, "AU12": 3.2}, "neutral": ..., "negative": ...}`.

        The rows may be the eight `DISPLAYS` instead. A unit that a row does not name has weight 0 there. Raises
        InputError when a class is missing or a weight is no finite number.
        """
        if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
            raise InputError(f"'evidence' must map each class to a row of weights. Got {type(rows).__name__}.")
        classes = DISPLAYS if set(DISPLAYS) <= set(rows) else EMOTIONS
        if not set(classes) <= set(rows):
            expected = f"{', '.join(EMOTIONS)}, or {', '.join(DISPLAYS)}"
            raise InputError(f"'evidence' must have the rows {expected}. Got {', '.join(rows)}.")
        for name in classes:
            for code, value in rows[name].items():
                expect(isinstance(code, str), "evidence", f"rows whose keys are texts such as 'AU12' ({name})", code)
                _check_weight(f"{code} {name}", value)
        codes = tuple(sorted({code for name in classes for code in rows[name] if code != "bias"}))
        weights = np.array([[rows[name].get(code, 0.0) for code in codes] for name in classes], np.float32)
        bias = np.array([rows[name].get("bias", 0.0) for name in classes], np.float32)
        return cls(codes, weights, bias, classes=classes)

    def to_dict(self) -> dict[str, dict[str, float]]:
        """A row of weights a class, with its bias: what a card holds."""
        rows = {}
        for name, bias, row in zip(self.classes, self.bias, self.weights, strict=True):
            rows[name] = {"bias": float(bias), **dict(zip(self.codes, map(float, row), strict=True))}
        return rows

    def to_yaml(self) -> str:
        """The text of a file for `load_evidence`: a row a unit with its name, muscle and source, to be edited.

        >>> model = EvidenceModel(("AU12",), np.array([[3.2], [0], [-0.6]], np.float32), np.zeros(3, np.float32))
        >>> print(model.to_yaml().splitlines()[-2])
        # AU12 lip corner puller (zygomaticus major): lip corners go up and out
        """
        lines = [_HEADER, f"bias: {{{self._numbers(self.bias)}}}"]
        for code, weights in zip(self.codes, self.weights.T, strict=True):
            source = json.dumps(self.sources.get(code, literature(code)), ensure_ascii=False)
            numbers = ", ".join(part for part in (self._numbers(weights), f"source: {source}") if part)
            lines += ["", f"# {_title(code)}", f"{code}: {{{numbers}}}"]
        return "\n".join(lines) + "\n"

    def _numbers(self, values: Array) -> str:
        """The shortest decimals that read back as the same numbers; YAML takes '1e-05' for a text. Of eight, what is 0
        is left out."""
        texts = {
            name: np.format_float_positional(value, trim="0") for name, value in zip(self.classes, values, strict=True)
        }
        keep_zeros = self.classes == EMOTIONS
        return ", ".join(f"{name}: {text}" for name, text in texts.items() if keep_zeros or float(text))


def _softmax(logits: Array) -> Array:
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(weights / weights.sum(1, keepdims=True))


def literature(code: str) -> str:
    """Which prototypes of EMFACS, Ekman & Friesen (1978, 2002), give the weights of a unit their sign.

    >>> literature("AU04")
    'EMFACS (Ekman & Friesen): sadness, anger, fear'
    """
    names = [name for name, codes in PROTOTYPES.items() if code in codes]
    return f"EMFACS (Ekman & Friesen): {', '.join(names)}" if names else "goes with several displays: sign is free"


def load_evidence(path: Path | str) -> EvidenceModel:
    """An evidence model from a YAML or JSON file, with a row a unit or a row a class.

    A row a unit, as `EvidenceModel.to_yaml` writes it: `AU12: {positive: 3.2, negative: -0.6, source: "..."}`
    and `bias: {positive: -1.5}`; a `source` and a `comment` may stand beside the weights. A row a class, as a
    card holds it: see `EvidenceModel.from_dict`. What is not named is 0. Raises InputError with file and key.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(f"'evidence' must be a readable YAML or JSON file. Got {str(path)!r}: {error}") from error
    return parse_evidence(text, str(path))


def parse_evidence(text: str, name: str = "evidence") -> EvidenceModel:
    """`load_evidence` of the text of a file, which messages call by its name.

    >>> parse_evidence("AU12: {positive: 3}").codes
    ('AU12',)
    """
    content = _parsed(text, name)
    try:
        if set(content) & {*EMOTIONS, *DISPLAYS}:
            model = EvidenceModel.from_dict(content)
        else:
            model = replace(EvidenceModel.from_dict(_by_class(content)), sources=_sources(content))
        for code in model.codes:
            _check_known(code, CODES)
    except InputError as error:
        raise InputError(f"{error} See the file {name!r}.") from error
    return model


def _parsed(text: str, name: str) -> dict[str, Any]:
    import yaml

    try:
        content = json.loads(text) if name.lower().endswith(".json") else _without_aliases(text)
    # PyYAML lets through what a wrong tag makes it raise: `!!bool x` a KeyError, `!!timestamp x` an AttributeError.
    except (ValueError, LookupError, AttributeError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"'evidence' must be a readable YAML or JSON file. Got {name!r}: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"'evidence' must have a row for each Action Unit. Got {short_text(content)} in {name!r}.")
    return {str(key): value for key, value in content.items()}


def _without_aliases(text: str) -> Any:
    """The content of a YAML text; aliases are refused, since few of them make a text of gigabytes."""
    import yaml

    if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, yaml.SafeLoader)):
        raise ValueError("it has aliases (*NAME). Write the values out.")
    return yaml.safe_load(text)


def _by_class(units: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Rows a class from rows a unit."""
    for code, row in units.items():
        _check_known(code, ("bias", *CODES))
        if not isinstance(row, dict):
            raise InputError(f"{code!r} must be a row such as {{positive: 1.5, negative: -0.5}}. Got {row!r}.")
    classes = _classes_named(units)
    for code, row in units.items():
        for key in row:
            _check_known(str(key), (*classes, *_TEXTS), f" of {code}")
    return {name: {code: row.get(name, 0.0) for code, row in units.items()} for name in classes}


def _classes_named(units: dict[str, Any]) -> tuple[str, ...]:
    """The eight displays where a row names one that is not among the three classes too."""
    named = {str(key) for row in units.values() for key in row}
    return DISPLAYS if named & (set(DISPLAYS) - set(EMOTIONS)) else EMOTIONS


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


def _title(code: str) -> str:
    if code not in CODES:
        return code
    unit = action_unit(code)
    return f"{code} {unit.name} ({unit.muscle}): {unit.sign}"
