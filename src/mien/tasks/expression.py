"""Action Units, and the displayed emotion that they tell."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mien import metrics
from mien.estimates import action_units_estimate
from mien.faces import EMOTIONS
from mien.facs import CODES
from mien.geometry import Array
from mien.tasks.base import Decoding, Metric, Outputs, Panel, Read, Row, Task
from mien.tasks.calibration import action_units_decoding
from mien.tasks.scores import (
    auc,
    calibration_error,
    class_errors,
    f1,
    flag_errors,
    flag_panels,
    mean_of_all,
    reliability,
)

_FEWEST = 10
"""Faces with an Action Unit, and without it, from which its metrics are told."""


class Expression(Task):
    """Action Units; labels are codes in 0..1, votes for displays, or both."""

    name = "expression"
    wanted = (("action_units", "emotion"), f"Action Units ('{CODES[0]}', ...) or votes ('happiness', ...)")
    trainer = "mien.train.tasks.expression:ExpressionTask"
    tells_age_bands = True

    def decode(self, outputs: Outputs, decoding: Decoding) -> dict[str, Any]:
        """The column `action_units`."""
        return {"action_units": action_units_estimate(outputs["action_units"], decoding)}

    def metrics(self, read: Read) -> dict[str, Metric]:
        """Macro-F1 of the three displays against votes; AUC, F1 and ECE of Action Units against codes."""
        measured: dict[str, Metric] = {}
        if "emotion" in read.named and read.faces.emotion is not None:
            measured |= _emotion_metrics(read, read.named["emotion"])
        if "action_units" in read.named:
            measured |= _unit_metrics(read, read.named["action_units"])
        return measured

    def panels(self, read: Read, rows: Sequence[Row]) -> Iterator[Panel]:
        """Confusion, ROC and reliability of displays; ROC and AUC of Action Units."""
        if "emotion" in read.named:
            yield from _emotion_panels(read, read.named["emotion"])
        if "action_units" in read.named:
            target, units = read.named["action_units"], read.faces.require("action_units")
            score = {code: units.probability[:, units.codes.index(code)] for code in CODES if code in units.codes}
            known = {code: ~np.isnan(target[:, CODES.index(code)]) for code in score}
            scored = {c: (score[c][known[c]], target[known[c], CODES.index(c)] >= 0.5) for c in score}
            yield from flag_panels(scored, rows, "Action Units")

    def errors(self, read: Read) -> tuple[Array, list[str]] | None:
        """By displayed emotion where there are votes, else by the Action Unit furthest from its label."""
        faces = read.faces
        if "emotion" in read.named and faces.emotion is not None:
            return class_errors(faces.emotion.probability, read.named["emotion"], EMOTIONS)
        if "action_units" in read.named and faces.action_units is not None:
            codes = faces.action_units.codes
            target = read.named["action_units"][:, [CODES.index(code) for code in codes]]
            return flag_errors(faces.action_units.probability, target, codes)
        return None

    def calibrate(self, outputs: Outputs, labels: Mapping[str, Array], known: Mapping[str, Any], pool: str) -> Decoding:
        """Platt scaling of each Action Unit."""
        return action_units_decoding(outputs["action_units"], labels["action_units"])


def _emotion_metrics(read: Read, votes: Array) -> dict[str, Metric]:
    known = np.asarray(~np.isnan(votes).any(1))
    target = np.nan_to_num(votes).argmax(1)
    by_units = read.faces.require("emotion").probability.argmax(1)
    smile = read.faces.require("action_units").probability[:, CODES.index("AU12")]
    measured = {
        "macro-F1 by Action Units": Metric(lambda i: metrics.macro_f1(by_units[i], target[i], 3, "labeled"), known),
        "accuracy by Action Units": Metric(lambda i: float((by_units[i] == target[i]).mean()), known),
        "smile AUC (AU12)": Metric(lambda i: metrics.roc_auc(smile[i], target[i] == 0), known),
    }
    if "emotion_direct" in read.outputs:
        direct = read.outputs["emotion_direct"].argmax(1)
        measured["macro-F1, direct"] = Metric(lambda i: metrics.macro_f1(direct[i], target[i], 3, "labeled"), known)
    return measured


def _unit_metrics(read: Read, target: Array) -> dict[str, Metric]:
    """AUC, F1 and ECE of each Action Unit with enough faces with and without it, their means first."""
    units = read.faces.require("action_units")
    kinds: dict[str, dict[str, Metric]] = {"AUC": {}, "F1": {}, "ECE": {}}
    for k, code in enumerate(CODES):
        known = np.asarray(~np.isnan(target[:, k]))
        present = target[:, k] >= 0.5
        if min((present & known).sum(), (~present & known).sum()) >= _FEWEST:
            column = units.codes.index(code)
            kinds["AUC"][f"AUC {code}"] = auc(units.probability[:, column], present, known)
            kinds["F1"][f"F1 {code}"] = f1(units.active[:, column], present, known)
            kinds["ECE"][f"ECE {code}"] = calibration_error(units.probability[:, column], present, known)
    if not kinds["AUC"]:
        return {}
    means = {f"mean {name} of {len(part)} Action Units": mean_of_all(part) for name, part in kinds.items()}
    return {**means, **kinds["AUC"], **kinds["F1"], **kinds["ECE"]}


def _emotion_panels(read: Read, votes: Array) -> Iterator[Panel]:
    known = ~np.isnan(votes).any(1)
    truth = votes[known].argmax(1)
    probability = read.faces.require("emotion").probability
    scores = {"by Action Units": probability}
    if "emotion_direct" in read.outputs:
        scores["direct"] = read.outputs["emotion_direct"]
    for name, score in scores.items():
        counts = metrics.confusion_matrix(score[known].argmax(1), truth, len(EMOTIONS))
        yield Panel("confusion", {"counts": counts, "classes": EMOTIONS, "title": f"Displayed emotion, {name}"})
    probability = probability[known]
    scored = {name: (probability[:, k], truth == k) for k, name in enumerate(EMOTIONS)}
    yield Panel("roc", {"scored": scored, "title": "ROC of displayed emotion, by Action Units"})
    confidence, right = probability.max(1), probability.argmax(1) == truth
    yield reliability(confidence, right, "Probability of displayed emotion", "probability of the predicted emotion")
