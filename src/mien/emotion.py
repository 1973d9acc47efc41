"""From Action Units to the emotion that a face displays, by an explicit linear evidence model.

A display is not a feeling: Barrett et al., "Emotional Expressions Reconsidered", Psychological Science in
the Public Interest, 2019.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from mien.errors import InputError
from mien.faces import EMOTIONS, ActionUnits, Emotion
from mien.geometry import Array


@dataclass(frozen=True, slots=True)
class EvidenceModel:
    """Log-odds = bias + weights @ probability: bias (3,), weights (3, K) for positive, neutral, negative."""

    codes: tuple[str, ...]
    weights: Array
    bias: Array

    def __call__(self, units: ActionUnits) -> Emotion:
        """Displayed emotion of Action Units (N, K), with what each unit contributes to the label."""
        missing = [code for code in self.codes if code not in units.codes]
        if missing:
            raise InputError(f"'units' must hold {', '.join(self.codes)}. Missing: {', '.join(missing)}.")
        present = units.probability[:, [units.codes.index(code) for code in self.codes]]
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

        A unit that a row does not name has weight 0 there. Raises InputError when a class is missing.
        """
        if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
            raise InputError(f"'evidence' must map each class to a row of weights. Got {type(rows).__name__}.")
        if not set(EMOTIONS) <= set(rows):
            raise InputError(f"'evidence' must have the rows {', '.join(EMOTIONS)}. Got {', '.join(rows)}.")
        codes = tuple(sorted({code for name in EMOTIONS for code in rows[name] if code != "bias"}))
        weights = np.array([[rows[name].get(code, 0.0) for code in codes] for name in EMOTIONS], np.float32)
        return cls(codes, weights, np.array([rows[name].get("bias", 0.0) for name in EMOTIONS], np.float32))

    def to_dict(self) -> dict[str, dict[str, float]]:
        """A row of weights a class, with its bias: what the file holds, to be read and edited."""
        rows = {}
        for name, bias, row in zip(EMOTIONS, self.bias, self.weights, strict=True):
            rows[name] = {"bias": float(bias), **dict(zip(self.codes, map(float, row), strict=True))}
        return rows


def load_evidence(path: Path | str) -> EvidenceModel:
    """An evidence model from a JSON file of rows, see `EvidenceModel.from_dict`."""
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"'evidence' must be a readable JSON file. Got {str(path)!r}: {error}") from error
    return EvidenceModel.from_dict(rows)
