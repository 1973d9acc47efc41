"""What is measured for each task, as functions of the faces that count, and the groups that are told apart."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.evaluate import metrics
from mien.evaluate.skin_tone import BANDS as SKIN_BANDS
from mien.faces import Category, Faces, Flags, Quantity
from mien.facs import CODES
from mien.geometry import Array

Index = NDArray[np.int64]
GROUP_COLUMNS = ("set", "gender", "race", "ethnicity", "group", "age_group", "pose30", "pose45", "occluded")
SKIN_TONE = "skin_tone"
"""Column of the typology angles that `skin_tone` measures in the pictures."""
AGE_BANDS = ((0, 10), (10, 20), (20, 30), (30, 40), (40, 50), (50, 60), (60, 70), (70, 80), (80, 120))
YAW_BANDS = ((0, 15), (15, 30), (30, 45), (45, 60), (60, 90))


@dataclass(frozen=True, slots=True)
class Measure:
    """A number on the faces of an index; `known` (N,) tells which faces have the label for it."""

    on: Callable[[Index], float]
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels as tasks name them, and the other columns of the table, (N, ...) each."""

    named: dict[str, Array]
    columns: dict[str, Any]


def measures_by_task(
    task: str, faces: Faces, outputs: dict[str, Array], labels: Labels
) -> dict[str, dict[str, Measure]]:
    """For each task of a model (several are joined by '+') for which there are labels, its measures."""
    return {name: found for name in task.split("+") if (found := measures_of(name, faces, outputs, labels))}


def measures_of(task: str, faces: Faces, outputs: dict[str, Array], labels: Labels) -> dict[str, Measure]:
    """All measures of one task that the labels allow; the first is the one that groups are compared by."""
    if task == "age" and "age" in labels.named:
        return _age(faces, labels.named["age"])
    if task == "expression":
        return _expression(faces, outputs, labels.named)
    if task == "emotion" and "emotion" in labels.named and faces.attributes is not None:
        return _classification(faces.attributes["emotion"], metrics.winners(labels.named["emotion"]))
    if task == "attractiveness" and "rating" in labels.named:
        return _attractiveness(faces, labels)
    if task == "landmarks" and "landmarks" in labels.named:
        return _landmarks(faces, labels.named)
    if faces.attributes is not None and task in labels.named:
        return _attribute(faces.attributes[task.partition(":")[2]], labels.named[task])
    return {}


def _age(faces: Faces, target: Array) -> dict[str, Measure]:
    assert faces.age is not None
    age = faces.age
    value, low, high = age.value, target[:, 0], target[:, 1]
    exact = np.asarray(low == high)
    if not exact.any():
        away = metrics.interval_error(value, target)
        known = np.asarray(~np.isnan(target).any(1))
        within = np.where(np.isnan(away), np.nan, away == 0)
        return {
            "distance to age group": Measure(_mean_of(away), known),
            "share inside age group": Measure(_mean_of(within), known),
        }
    inside = np.where(np.isnan(age.low + age.high), np.nan, (age.low <= low) & (low <= age.high))
    return {
        "MAE": Measure(lambda i: metrics.mean_absolute_error(value[i], low[i]), exact),
        "CS@5": Measure(lambda i: metrics.cumulative_score(value[i], low[i]), exact),
        "bias": Measure(lambda i: float((value[i] - low[i]).mean()), exact),
        "r": Measure(lambda i: metrics.pearson(value[i], low[i]), exact),
        f"coverage of the {age.coverage:.0%} interval": Measure(_mean_of(inside), exact),
        "width of the interval": Measure(lambda i: float((age.high - age.low)[i].mean()), exact),
    }


def shifted_age(faces: Faces, labels: Labels, shift: Mapping[str, Any]) -> dict[str, Measure]:
    """The measures of age once more, with what a model has learned of this set's labels: see `LabelShift`."""
    assert faces.age is not None
    knots, offsets = np.array(shift["knots"]), np.array(shift["offsets"])

    def moved(age: Array) -> Array:
        return np.asarray(age + np.interp(age, knots, offsets), np.float32)

    own = replace(faces.age, value=moved(faces.age.value), low=moved(faces.age.low), high=moved(faces.age.high))
    found = _age(replace(faces, age=own), labels.named["age"])
    return {f"{name}, with the set's label shift": measure for name, measure in found.items()}


def shifted_rating(score: Array, labels: Labels, shift: Mapping[str, Any]) -> dict[str, Measure]:
    """How far mean ratings lie from offset + scale * score (N,), as the network puts it out: see `PoolShift`."""
    error = shift["offset"] + shift["scale"] * score - labels.named["rating"].reshape(-1)
    known = np.asarray(~np.isnan(error))
    return {
        "MAE of the mean rating, with the pool's offset and scale": Measure(_mean_of(np.abs(error)), known),
        "bias of the mean rating, with the pool's offset and scale": Measure(_mean_of(error), known),
    }


def _expression(faces: Faces, outputs: dict[str, Array], labels: dict[str, Array]) -> dict[str, Measure]:
    found: dict[str, Measure] = {}
    if "emotion" in labels and faces.emotion is not None:
        found.update(_emotion(faces, outputs, labels["emotion"]))
    if "action_units" in labels:
        found.update(_units(faces, labels["action_units"]))
    return found


def _emotion(faces: Faces, outputs: dict[str, Array], votes: Array) -> dict[str, Measure]:
    assert faces.emotion is not None
    assert faces.action_units is not None
    known = np.asarray(~np.isnan(votes).any(1))
    target = np.nan_to_num(votes).argmax(1)
    by_units = faces.emotion.probability.argmax(1)
    smile = faces.action_units.probability[:, CODES.index("AU12")]
    found = {
        "macro-F1 by Action Units": Measure(lambda i: metrics.macro_f1(by_units[i], target[i], 3, "labeled"), known),
        "accuracy by Action Units": Measure(lambda i: float((by_units[i] == target[i]).mean()), known),
        "smile AUC (AU12)": Measure(lambda i: metrics.roc_auc(smile[i], target[i] == 0), known),
    }
    if "emotion_direct" in outputs:
        direct = outputs["emotion_direct"].argmax(1)
        found["macro-F1, direct"] = Measure(lambda i: metrics.macro_f1(direct[i], target[i], 3, "labeled"), known)
    return found


def _units(faces: Faces, target: Array) -> dict[str, Measure]:
    """AUC, F1 and ECE of each unit with at least 10 faces with and without it, their means first."""
    assert faces.action_units is not None
    units = faces.action_units
    single: dict[str, Measure] = {}
    others: dict[str, dict[str, Measure]] = {"F1": {}, "ECE": {}}
    for k, code in enumerate(CODES):
        known = np.asarray(~np.isnan(target[:, k]))
        present = target[:, k] >= 0.5
        if min((present & known).sum(), (~present & known).sum()) >= 10:
            column = units.codes.index(code)
            single[f"AUC {code}"] = _auc(units.probability[:, column], present, known)
            others["F1"][f"F1 {code}"] = _f1(units.active[:, column], present, known)
            others["ECE"][f"ECE {code}"] = _ece(units.probability[:, column], present, known)
    if not single:
        return {}
    kinds = {"AUC": single, **others}
    means = {f"mean {name} of {len(part)} Action Units": _mean_of_all(part) for name, part in kinds.items()}
    return {**means, **single, **others["F1"], **others["ECE"]}


def _f1(active: NDArray[np.bool_], present: NDArray[np.bool_], known: NDArray[np.bool_]) -> Measure:
    return Measure(lambda i: metrics.f1(active[i], present[i]), known)


def _ece(probability: Array, present: NDArray[np.bool_], known: NDArray[np.bool_]) -> Measure:
    return Measure(lambda i: metrics.expected_calibration_error(probability[i], present[i]), known)


def _mean_of_all(single: dict[str, Measure]) -> Measure:
    """The mean of those that are defined on the faces in question."""

    def mean(i: Index) -> float:
        values = [measure.on(i[measure.known[i]]) for measure in single.values()]
        return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")

    return Measure(mean, np.any([measure.known for measure in single.values()], axis=0))


def _auc(score: Array, present: NDArray[np.bool_], known: NDArray[np.bool_]) -> Measure:
    return Measure(lambda i: metrics.roc_auc(score[i], present[i]), known)


def _attractiveness(faces: Faces, labels: Labels) -> dict[str, Measure]:
    assert faces.attractiveness is not None
    score, rating = faces.attractiveness.score, labels.named["rating"][:]
    known = np.asarray(~np.isnan(rating))
    return {
        "SRCC": Measure(lambda i: metrics.spearman(score[i], rating[i]), known),
        "PLCC": Measure(lambda i: metrics.pearson(score[i], rating[i]), known),
    }


def _attribute(estimate: Any, target: Array) -> dict[str, Measure]:
    if isinstance(estimate, Category):
        return _classification(estimate, target[:, 0])
    return _regression(estimate.value, target[:, 0]) if isinstance(estimate, Quantity) else _flags(estimate, target)


def _classification(estimate: Category, target: Array) -> dict[str, Measure]:
    known = np.asarray(~np.isnan(target))
    truth, count = np.nan_to_num(target, nan=-1).astype(np.int64), len(estimate.classes)
    read, confidence = estimate.probability.argmax(1), estimate.probability.max(1)
    right = np.asarray(read == truth)
    single = {f"AUC {c}": _auc(estimate.probability[:, k], truth == k, known) for k, c in enumerate(estimate.classes)}
    return {
        "accuracy": Measure(lambda i: float(right[i].mean()), known),
        "macro-F1": Measure(lambda i: metrics.macro_f1(read[i], truth[i], count, "labeled"), known),
        "mean AUC, one against the rest": _mean_of_all(single),
        "ECE": Measure(lambda i: metrics.expected_calibration_error(confidence[i], right[i]), known),
        **single,
    }


def _regression(value: Array, target: Array) -> dict[str, Measure]:
    known = np.asarray(~np.isnan(target))
    return {
        "MAE": Measure(lambda i: metrics.mean_absolute_error(value[i], target[i]), known),
        "bias": Measure(lambda i: float((value[i] - target[i]).mean()), known),
        "r": Measure(lambda i: metrics.pearson(value[i], target[i]), known),
    }


def _flags(estimate: Flags, target: Array) -> dict[str, Measure]:
    columns = zip(estimate.names, estimate.probability.T, target.T, strict=True)
    single = {f"AUC {name}": _auc(score, truth >= 0.5, ~np.isnan(truth)) for name, score, truth in columns}
    return {f"mean AUC of {len(single)} columns": _mean_of_all(single), **single}


def _landmarks(faces: Faces, labels: dict[str, Array]) -> dict[str, Measure]:
    assert faces.landmarks_68 is not None
    assert faces.pose is not None
    target = labels["landmarks"]
    known = np.asarray(~np.isnan(target).any((1, 2)))
    error = metrics.landmark_error(faces.landmarks_68, np.nan_to_num(target))
    found = {
        "error / outer eye distance": Measure(lambda i: float(error[i].mean()), known),
        "median error / outer eye distance": Measure(lambda i: float(np.median(error[i])), known),
    }
    within = known & (np.abs(labels["pose"][:, 0]) <= 60)
    for k, name in enumerate(("yaw", "pitch", "roll")):
        away = np.abs(getattr(faces.pose, name) - labels["pose"][:, k])
        found[f"{name} error, degrees"] = Measure(_mean_of(away), within)
    return found


def _mean_of(values: Array) -> Callable[[Index], float]:
    return lambda i: float(values[i].mean())


def groups_of(
    task: str, faces: Faces, labels: dict[str, Array], columns: dict[str, Any]
) -> Iterator[tuple[str, Index]]:
    """Name and faces of each group: columns of people and pictures, bands of age and of head turn."""
    for name in GROUP_COLUMNS:
        if name in columns:
            values = np.array([_text(value) for value in columns[name]], object)
            for value in sorted({value for value in values if value}):
                yield f"{name} {value}", np.flatnonzero(values == value)
    if SKIN_TONE in columns:
        tones = np.asarray(columns[SKIN_TONE])
        for name, low, high in SKIN_BANDS:
            yield f"skin {name}", np.flatnonzero((tones >= low) & (tones < high))
    if {"age", "expression"} & set(task.split("+")) and "age" in labels:
        exact = labels["age"][:, 0] == labels["age"][:, 1]
        yield from _bands("age", np.where(exact, labels["age"][:, 0], np.nan), AGE_BANDS)
    if faces.pose is not None:
        yield from _bands("|yaw|", np.abs(faces.pose.yaw), YAW_BANDS)


def _text(value: Any) -> str:
    """A value of a column in words, a whole number without its fraction; empty where it is missing."""
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float | np.floating) and value == int(value) else str(value)


def _bands(name: str, values: Array, bands: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, Index]]:
    for low, high in bands:
        yield f"{name} {low}-{high}", np.flatnonzero((values >= low) & (values < high))
