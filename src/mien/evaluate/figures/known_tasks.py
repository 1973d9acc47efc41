"""Panels of the tasks that mien knows by name."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from mien.evaluate import metrics
from mien.evaluate.evaluator import Report
from mien.evaluate.figures import panels
from mien.evaluate.figures.attributes import Panel, many_panels
from mien.evaluate.reading import Reading
from mien.faces import EMOTIONS
from mien.facs import CODES
from mien.geometry import Array

_DECADES = np.array([0, 10, 20, 30, 40, 50, 60, 70, 80, 120], np.float32)


def age_panels(reading: Reading, target: Array) -> Iterator[Panel]:
    assert reading.faces.age is not None
    age = reading.faces.age
    exact = np.asarray(target[:, 0] == target[:, 1])
    if not exact.any():
        yield from _age_groups(age.value, target)
        return
    truth, value = target[exact, 0], age.value[exact]
    yield partial(
        panels.scatter, truth=truth, value=value, title="Age", labels=("true age, years", "age that was read, years")
    )
    labels = ("true age, years", "error, years")
    yield partial(panels.error_by, at=truth, error=value - truth, edges=_DECADES, title="Error by age", labels=labels)
    inside = ((age.low <= target[:, 0]) & (target[:, 0] <= age.high))[exact]
    edges = [-np.inf, *reading.card.decoding.get("age", reading.card.decoding)["band_edges"], np.inf]
    bands = {"all": inside}
    for low, high in pairwise(edges):
        name = f"below {high:g}" if low == -np.inf else f"{low:g} and more" if high == np.inf else f"{low:g}–{high:g}"
        bands[name] = inside[(value >= low) & (value < high)]
    yield partial(panels.coverage, bands={k: v for k, v in bands.items() if len(v)}, wanted=age.coverage)


def _age_groups(value: Array, target: Array) -> Iterator[Panel]:
    known = ~np.isnan(target).any(1)
    if not known.any():
        return
    groups: list[tuple[float, float]] = np.unique(target[known], axis=0).tolist()
    values = [value[known & (target == group).all(1)] for group in groups]
    yield partial(panels.ranges, groups=groups, values=values, title="Age by true age group")
    away = metrics.interval_error(value[known], target[known])
    labels = ("distance to the true age group, years", "share of faces")
    end = max(float(np.quantile(away, 0.99)), 1.0)
    yield partial(panels.cumulative, error=away, title="Distance to the age group", labels=labels, end=end)


def expression_panels(reading: Reading, report: Report) -> Iterator[Panel]:
    labels = reading.labels.named
    if "emotion" in labels:
        yield from _emotion(reading, labels["emotion"])
    if "action_units" in labels:
        yield from _units(reading, report, labels["action_units"])


def _emotion(reading: Reading, votes: Array) -> Iterator[Panel]:
    assert reading.faces.emotion is not None
    assert reading.faces.action_units is not None
    known = ~np.isnan(votes).any(1)
    truth = votes[known].argmax(1)
    read = {"by Action Units": reading.faces.emotion.probability}
    if "emotion_direct" in reading.outputs:
        read["read directly"] = reading.outputs["emotion_direct"]
    for name, score in read.items():
        counts = metrics.confusion_matrix(score[known].argmax(1), truth, len(EMOTIONS))
        yield partial(panels.confusion, counts=counts, classes=EMOTIONS, title=f"Displayed emotion, {name}")
    probability = reading.faces.emotion.probability[known]
    scored = {name: (probability[:, k], truth == k) for k, name in enumerate(EMOTIONS)}
    yield partial(panels.roc, scored=scored, title="ROC of displayed emotion, by Action Units")
    said, right = probability.max(1), probability.argmax(1) == truth
    yield partial(
        panels.reliability, probability=said, happened=right, title="Probability of displayed emotion",
        labels=("probability of the emotion that was read", "share that is right"),
    )  # fmt: skip


def _units(reading: Reading, report: Report, target: Array) -> Iterator[Panel]:
    assert reading.faces.action_units is not None
    units = reading.faces.action_units
    score = {code: units.probability[:, units.codes.index(code)] for code in CODES if code in units.codes}
    known = {code: ~np.isnan(target[:, CODES.index(code)]) for code in score}
    scored = {c: (score[c][known[c]], target[known[c], CODES.index(c)] >= 0.5) for c in score}
    yield from many_panels(scored, report.rows, "Action Units")


def attractiveness_panels(reading: Reading, rating: Array) -> Iterator[Panel]:
    assert reading.faces.attractiveness is not None
    known = ~np.isnan(rating)
    score, rating = reading.faces.attractiveness.score[known], rating[known]
    title = f"PLCC {metrics.pearson(score, rating):.3f}, SRCC {metrics.spearman(score, rating):.3f}"
    labels = ("mean rating by people", "score, standard deviations of the pool")
    yield partial(panels.scatter, truth=rating, value=score, title=title, labels=labels, diagonal=False)
    gap = (metrics.average_ranks(score) - metrics.average_ranks(rating)) / max(len(rating), 1) * 100
    place = metrics.average_ranks(rating) / max(len(rating), 1) * 100
    yield partial(
        panels.error_by, at=place, error=gap, edges=np.arange(0, 101, 10), title="Error of the percentile",
        labels=("percentile by mean rating", "error, percentile points"),
    )  # fmt: skip


def landmarks_panels(reading: Reading, labels: dict[str, Array]) -> Iterator[Panel]:
    faces = reading.faces
    assert faces.landmarks_68 is not None
    assert faces.pose is not None
    known = ~np.isnan(labels["landmarks"]).any((1, 2))
    error = metrics.landmark_error(faces.landmarks_68[known], labels["landmarks"][known])
    part = "error / outer eye distance"
    yield partial(
        panels.cumulative, error=error, title="Cumulative error of 68 landmarks", labels=(part, "share of faces"),
        end=max(float(np.quantile(error, 0.98)), 0.02),
    )  # fmt: skip
    yaw, edges = labels["pose"][known, 0], np.arange(-90, 91, 15)
    yield partial(
        panels.error_by,
        at=yaw,
        error=error,
        edges=edges,
        title="Landmarks by yaw",
        labels=("true yaw, degrees", part),
        signed=False,
    )
    read = faces.pose.yaw[known]
    names = ("true yaw, degrees", "yaw that was read, degrees")
    yield partial(panels.scatter, truth=yaw, value=read, title="Yaw", labels=names)
    yield partial(
        panels.error_by,
        at=yaw,
        error=read - yaw,
        edges=edges,
        title="Error of yaw",
        labels=(names[0], "error, degrees"),
    )
